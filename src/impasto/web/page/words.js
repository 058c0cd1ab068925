// All that the page says, in its languages.

export const WORDS = {
  en: {
    other: "中文",
    tagline: "Paint a photo, or what your camera sees, in the style of a painting.",
    painting: "Painting",
    styles: "Styles",
    drop: "Drop a photo here",
    choose: "Choose a photo",
    camera: "Camera",
    stop: "Stop camera",
    snap: "Take a picture",
    turn: "Other camera",
    original: "Original",
    save: "Download",
    strength: "Strength",
    brush: "Size of the marks",
    blend: "Blend with",
    nothing: "nothing",
    share: "Share of the other",
    size: "Size of the painting",
    small: "small: 512 px",
    medium: "medium: 1024 px",
    large: "large: 2048 px",
    ownStyle: "Your own",
    ownStyleAbout: "A picture that you chose.",
    addStyle: "A style from a picture of yours",
    private: "Nothing leaves this device: photos and camera pictures are painted right here, in your browser.",
    licences: "Licences",
    model: (name) => `Painted by ${name}`,
    loading: "Getting the painter ready …",
    sample: "A sample. Choose a photo of yours, or drop one here.",
    painted: (width, height, seconds) => `${width} × ${height}, painted in ${seconds} s`,
    isPainting: "Painting …",
    idle: "",
    looking: "Looking at the style …",
    starting: "Starting the camera …",
    live: (rate, side) => `${rate} frames a second, ${side} × ${side}`,
    noPicture: (name) => `${name} is no picture that this browser can read. Try a JPEG, PNG or WebP file.`,
    tooLarge: (name) => `${name} is too large a picture for this browser.`,
    noCamera: "There is no camera on this device.",
    cameraForbidden: "The camera may not be used. Allow it for this page in the browser's settings.",
    cameraBusy: "The camera can't be started: another program may be using it.",
    cameraInsecure: "Browsers allow the camera only on https:// and localhost.",
    cameraLost: "The camera was switched off.",
    failed: (why) => `That didn't work: ${why}`,
    noPainter: (why) => `The painter can't be loaded: ${why}`,
  },
  zh: {
    other: "English",
    tagline: "把照片或摄像头画面，画成名画的风格。",
    painting: "画作",
    styles: "风格",
    drop: "把照片拖到这里",
    choose: "选择照片",
    camera: "摄像头",
    stop: "关闭摄像头",
    snap: "拍照",
    turn: "切换镜头",
    original: "原图",
    save: "下载",
    strength: "强度",
    brush: "笔触大小",
    blend: "混合风格",
    nothing: "不混合",
    share: "另一风格的比例",
    size: "画作尺寸",
    small: "小：512 像素",
    medium: "中：1024 像素",
    large: "大：2048 像素",
    ownStyle: "自选",
    ownStyleAbout: "你选择的图片。",
    addStyle: "用自己的图片作为风格",
    private: "一切都留在本设备：照片和摄像头画面只在你的浏览器里处理，不会上传。",
    licences: "许可证",
    model: (name) => `模型：${name}`,
    loading: "正在准备画笔……",
    sample: "这是示例。请选择一张照片，或把照片拖到这里。",
    painted: (width, height, seconds) => `${width} × ${height}，用时 ${seconds} 秒`,
    isPainting: "正在作画……",
    idle: "",
    looking: "正在观察风格……",
    starting: "正在打开摄像头……",
    live: (rate, side) => `每秒 ${rate} 帧，${side} × ${side}`,
    noPicture: (name) => `${name} 不是浏览器能读取的图片。请换 JPEG、PNG 或 WebP 文件。`,
    tooLarge: (name) => `${name} 太大，浏览器无法处理。`,
    noCamera: "本设备没有摄像头。",
    cameraForbidden: "未获准使用摄像头。请在浏览器设置中允许本页使用。",
    cameraBusy: "无法打开摄像头：可能正被其他程序占用。",
    cameraInsecure: "浏览器只允许在 https:// 或 localhost 页面使用摄像头。",
    cameraLost: "摄像头已被关闭。",
    failed: (why) => `出错了：${why}`,
    noPainter: (why) => `无法加载画笔：${why}`,
  },
};

const KEPT = "impasto-language";

/** The language that was chosen here before, or the first of the browser's that we speak. */
export function preferredLanguage() {
  const wishes = [kept(), ...navigator.languages].map((language) => language?.toLowerCase().split("-")[0]);
  return wishes.find((language) => language in WORDS) ?? "en";
}

export function keepLanguage(language) {
  try {
    localStorage.setItem(KEPT, language);
  } catch {
    // Forbidden: then it is asked for again next time.
  }
}

function kept() {
  try {
    return localStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
