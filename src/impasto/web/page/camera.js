// The camera: square frames from the middle of what it sees.

/** Errors of a camera, by the key of what to say. */
export class CameraError extends Error {}

const REASONS = {
  NotFoundError: "noCamera",
  OverconstrainedError: "noCamera",
  NotAllowedError: "cameraForbidden",
  SecurityError: "cameraForbidden",
};

// Small while it is live, as every frame is made smaller still; large for a picture.
const LIVE = { width: { ideal: 640 }, height: { ideal: 480 } };
const SHOT = { width: { ideal: 1920 }, height: { ideal: 1080 } };
const PATIENCE = 1000; // milliseconds

export class Camera {
  /** @param lost called when the camera goes away by itself. */
  constructor(lost) {
    this.lost = lost;
    this.facing = "user";
    this.stream = null;
    this.video = Object.assign(document.createElement("video"), { muted: true, playsInline: true });
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
  }

  get on() {
    return this.stream !== null;
  }

  /** Starts it; rejects with a CameraError. */
  async start() {
    if (!navigator.mediaDevices?.getUserMedia) throw new CameraError("cameraInsecure");
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: this.facing, ...LIVE }, audio: false });
    } catch (error) {
      throw new CameraError(REASONS[error.name] ?? "cameraBusy");
    }
    this.stop();
    this.stream = stream;
    stream.getVideoTracks()[0].addEventListener("ended", () => {
      if (this.stream === stream) this.lost();
    });
    this.video.srcObject = stream;
    await this.video.play();
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }

  /** The other one, of a phone's two. */
  async turn() {
    this.facing = this.facing === "user" ? "environment" : "user";
    this.stop(); // phones give one camera at a time
    await this.start();
  }

  async count() {
    const devices = await navigator.mediaDevices.enumerateDevices();
    return devices.filter(({ kind }) => kind === "videoinput").length;
  }

  /** Resolves when there is a frame that was not taken yet. */
  fresh() {
    const { video } = this;
    if (video.currentTime !== this.taken || !video.requestVideoFrameCallback) return Promise.resolve();
    return new Promise((resolve) => {
      const wait = setTimeout(resolve, 250); // a camera that stops sending must not stop the page
      video.requestVideoFrameCallback(() => {
        clearTimeout(wait);
        resolve();
      });
    });
  }

  /** The middle of what it sees now, mirrored where one looks at oneself; at most `side` pixels to a side. */
  frame(side) {
    const { video, context, canvas } = this;
    const middle = Math.min(video.videoWidth, video.videoHeight);
    const [left, top] = [(video.videoWidth - middle) / 2, (video.videoHeight - middle) / 2];
    if (canvas.width !== side) canvas.width = canvas.height = side;
    if (this.facing === "user") context.setTransform(-1, 0, 0, 1, side, 0);
    else context.resetTransform();
    context.drawImage(video, left, top, middle, middle, 0, 0, side, side);
    this.taken = video.currentTime;
    return context.getImageData(0, 0, side, side);
  }

  /** The largest square that it can give now; it is off afterwards. */
  async shot() {
    const { video } = this;
    const larger = new Promise((resolve) => {
      video.addEventListener("resize", resolve, { once: true });
      setTimeout(resolve, PATIENCE);
    });
    const track = this.stream.getVideoTracks()[0];
    await track.applyConstraints({ facingMode: this.facing, ...SHOT }).then(() => larger, () => {});
    const shot = this.frame(Math.min(video.videoWidth, video.videoHeight));
    this.stop();
    return shot;
  }
}
