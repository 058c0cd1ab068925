// The page: what is chosen and shown. Painting itself happens in worker.js.

import { Camera, CameraError } from "./camera.js";
import { acceptFiles } from "./files.js";
import { isolate, threads } from "./isolation.js";
import { keepLanguage, preferredLanguage, sayAll } from "./language.js";
import { Painter } from "./painter.js";
import { PhotoError, bytesOf, readPhoto, savePainting } from "./photo.js";
import { OWN, Styles, aboutOf, titleOf } from "./styles.js";
import { WORDS } from "./words.js";

const LARGEST = 2048; // pixels: the longer side of the largest painting
const STYLE_SIDE = 1024; // of a style picture: what is larger is made smaller anyway
const PATIENCE = 150; // milliseconds without another move of a dial, before it is painted

const $ = (id) => document.getElementById(id);
const canvas = $("canvas");
const easel = canvas.getContext("2d");
const page = document.documentElement;

let language = preferredLanguage();
let about = null;
let styles = null;
let painter = null;
let photo = null; // a canvas
let photoName = "sample";
let sent = null; // the photo and size that the worker has
let painted = null; // ImageData
let told = ["loading"];
let complaint = null;
let turn = 0;

const camera = new Camera(() => {
  stopCamera();
  complain("cameraLost");
});

// --- words ---

const words = () => WORDS[language];

function say(key, ...values) {
  const word = words()[key];
  return typeof word === "function" ? word(...values) : word;
}

function tell(...what) {
  told = what;
  $("told").textContent = say(...what);
}

/** Says what went wrong; without a key, that all is well. */
function complain(...what) {
  complaint = what.length ? what : null;
  $("error").hidden = complaint === null;
  $("error").textContent = complaint ? say(...complaint) : "";
}

function complainOf(error) {
  if (error instanceof CameraError) complain(error.message);
  else if (error instanceof PhotoError) complain(error.message, error.file);
  else complain("failed", error.message);
}

function speak() {
  sayAll(language, say);
  $("camera").textContent = say(camera.on ? "stop" : "camera");
  tell(...told);
  if (complaint) complain(...complaint);
  if (!about) return;
  $("model").textContent = say("model", [about.name, about.licence].filter(Boolean).join(", "));
  styles.speak(language, words());
  offerBlends();
  showChosen();
}

$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  keepLanguage(language);
  speak();
});

// --- styles and dials ---

function showChosen() {
  const style = styles.find(styles.name);
  $("title").textContent = titleOf(style, language, words());
  $("about").textContent = aboutOf(style, language, words());
  canvas.setAttribute("aria-label", $("title").textContent);
  canvas.setAttribute("role", "img");
  $("strength-told").textContent = `${$("strength").value} %`;
  $("brush-told").textContent = `× ${Number(brush().toFixed(2))}`;
  $("share-told").textContent = `${$("share").value} %`;
  $("share-dial").hidden = !$("blend").value;
}

function offerBlends() {
  const select = $("blend");
  const before = select.value === styles.name ? "" : select.value;
  const others = styles.styles.filter(({ name }) => name !== styles.name);
  const options = others.map((style) => new Option(titleOf(style, language, words()), style.name));
  select.replaceChildren(new Option(say("nothing"), ""), ...options);
  select.value = before;
}

const brush = () => 2 ** Number($("brush").value);

function look() {
  const share = $("blend").value ? Number($("share").value) / 100 : 0;
  const all = [
    { name: styles.name, weight: 1 - share },
    { name: $("blend").value, weight: share },
  ];
  return { styles: all.filter(({ weight }) => weight > 0), strength: Number($("strength").value) / 100, brush: brush() };
}

function chose() {
  offerBlends();
  showChosen();
  repaint();
}

let moved = 0;
for (const id of ["strength", "brush", "share"]) {
  $(id).addEventListener("input", () => {
    showChosen();
    clearTimeout(moved);
    moved = setTimeout(repaint, PATIENCE);
  });
}
for (const id of ["blend", "size"]) {
  $(id).addEventListener("change", () => {
    showChosen();
    repaint();
  });
}

async function addStyle(file) {
  complain();
  try {
    const picture = await readPhoto(file, STYLE_SIDE);
    const before = told;
    tell("looking");
    await painter.ask("learn", { name: OWN, ...bytesOf(picture) }).finally(() => tell(...before));
    styles.add({ name: OWN, title: {}, about: {}, picture: URL.createObjectURL(file) });
    styles.speak(language, words());
    chose();
  } catch (error) {
    complainOf(error);
  }
}

// --- photographs ---

/** Paints the photo as it is to be painted now; nothing while the camera is on, which does so by itself. */
async function repaint() {
  if (!photo || camera.on) return;
  const mine = ++turn;
  const side = Number($("size").value);
  state("painting");
  $("bar").style.width = "0";
  try {
    if (sent?.photo !== photo || sent.side !== side) {
      sent = { photo, side };
      await painter.ask("content", bytesOf(scaled(photo, side)));
    }
    const result = await painter.ask("paint", { look: look() }, (share) => {
      $("bar").style.width = `${100 * share}%`;
    });
    if (!result || mine !== turn) return;
    show(result);
    tell(...(photoName === "sample" ? ["sample"] : ["painted", result.width, result.height, result.seconds.toFixed(1)]));
    page.dataset.paintings = String(Number(page.dataset.paintings ?? 0) + 1);
    state("painted");
  } catch (error) {
    if (mine !== turn) return;
    sent = null;
    state("failed");
    tell("idle");
    complainOf(error);
  }
}

function show({ bytes, width, height, seconds }) {
  painted = new ImageData(new Uint8ClampedArray(bytes.buffer), width, height);
  stretch(width, height);
  easel.putImageData(painted, 0, 0);
  $("original").setAttribute("aria-pressed", "false");
  $("stage").dataset.seconds = String(seconds);
}

/** Gives the canvas another size; it is empty then. */
function stretch(width, height) {
  if (canvas.width === width && canvas.height === height) return;
  Object.assign(canvas, { width, height });
  $("stage").style.setProperty("--ratio", width / height);
}

function scaled(source, side) {
  const scale = Math.min(1, side / Math.max(source.width, source.height));
  if (scale === 1) return source;
  const [width, height] = [source.width, source.height].map((length) => Math.max(1, Math.round(length * scale)));
  const smaller = Object.assign(document.createElement("canvas"), { width, height });
  const context = smaller.getContext("2d", { willReadFrequently: true });
  context.imageSmoothingQuality = "high";
  context.drawImage(source, 0, 0, width, height);
  return smaller;
}

async function openPhoto(file) {
  complain();
  try {
    const read = await readPhoto(file, LARGEST);
    stopCamera();
    usePhoto(read, file.name.replace(/\.[^.]*$/, "") || "photo");
  } catch (error) {
    complainOf(error);
  }
}

function usePhoto(canvasOfIt, name) {
  [photo, photoName] = [canvasOfIt, name];
  const before = scaled(photo, Number($("size").value));
  stretch(before.width, before.height);
  easel.drawImage(before, 0, 0);
  tell("isPainting");
  return repaint();
}

$("original").addEventListener("click", () => {
  const shown = $("original").getAttribute("aria-pressed") !== "true";
  $("original").setAttribute("aria-pressed", String(shown));
  if (shown) easel.drawImage(photo, 0, 0, canvas.width, canvas.height);
  else easel.putImageData(painted, 0, 0);
});

$("save").addEventListener("click", () => {
  easel.putImageData(painted, 0, 0);
  $("original").setAttribute("aria-pressed", "false");
  savePainting(canvas, `${photoName}-${styles.name.replace(/\W+/g, "-").replace(/^-/, "")}.jpg`).catch(complainOf);
});

// --- the camera ---

/** Asks one thing of the camera at a time: a second start would end the first. */
async function withCamera(act) {
  const buttons = ["camera", "snap", "turn"].map($);
  const focused = document.activeElement;
  for (const button of buttons) button.disabled = true;
  try {
    await act();
  } catch (error) {
    stopCamera();
    complainOf(error);
  } finally {
    for (const button of buttons) button.disabled = false;
    if (document.activeElement === document.body) focused.focus(); // a button that is disabled loses it
  }
}

async function startCamera() {
  complain();
  tell("starting");
  await camera.start();
  await painter.ask("cut");
  state("live");
  $("turn").hidden = (await camera.count()) < 2;
  paintFrames(camera.stream).catch((error) => {
    stopCamera();
    complainOf(error);
  });
}

/** Paints frame after frame of a stream. There are two on their way at a time, so that the worker never waits. */
async function paintFrames(stream) {
  const { side } = about.live;
  const on = () => camera.stream === stream;
  const ask = ({ data, width, height }) => painter.ask("frame", { bytes: data, width, height, look: look() });
  const times = [];
  let painting = ask(camera.frame(side));
  while (on()) {
    await camera.fresh();
    if (document.hidden) await new Promise((resolve) => addEventListener("visibilitychange", resolve, { once: true }));
    if (!on()) return;
    const next = ask(camera.frame(side));
    next.catch(() => {}); // told when it is waited for, if it still is
    const frame = await painting;
    if (!on()) return;
    painting = next;
    show(frame);
    countFrame(times, side);
  }
}

/** Tells the rate of the last two seconds, about twice a second. */
function countFrame(times, side) {
  const now = performance.now();
  times.push(now);
  while (times[0] < now - 2000) times.shift();
  $("stage").dataset.frames = String(Number($("stage").dataset.frames ?? 0) + 1);
  if (times.length < 5 || now - (times.told ?? 0) < 500) return;
  times.told = now;
  tell("live", Math.round((1000 * (times.length - 1)) / (now - times[0])), side);
}

function stopCamera() {
  if (camera.on) camera.stop();
  if (page.dataset.state !== "live" && told[0] !== "starting") return;
  tell(photoName === "sample" ? "sample" : "isPainting");
  state("painted");
  repaint();
}

$("camera").addEventListener("click", () => (camera.on ? stopCamera() : withCamera(startCamera)));

$("turn").addEventListener("click", () =>
  withCamera(async () => {
    await camera.turn();
    paintFrames(camera.stream).catch(complainOf);
  }),
);

$("snap").addEventListener("click", () =>
  withCamera(async () => {
    const shot = await camera.shot();
    const taken = Object.assign(document.createElement("canvas"), { width: shot.width, height: shot.height });
    taken.getContext("2d").putImageData(shot, 0, 0);
    usePhoto(taken, "camera");
  }),
);

// --- the page itself ---

/** What the page is doing: loading, painting, painted, live or failed; what can be pressed follows from it. */
function state(now) {
  page.dataset.state = now;
  const live = now === "live";
  $("veil").hidden = now !== "painting";
  $("camera").setAttribute("aria-pressed", String(live));
  $("camera").textContent = say(live ? "stop" : "camera");
  $("snap").hidden = !live;
  $("turn").hidden ||= !live;
  $("original").hidden = $("save").hidden = live;
  $("original").disabled = $("save").disabled = now !== "painted" || !painted;
  $("size").disabled = live;
  $("told").setAttribute("aria-live", live ? "off" : "polite"); // nobody wants to hear the rate all the time
}

async function open() {
  state("loading");
  speak();
  for (const id of ["choose", "camera"]) $(id).disabled = true;
  await isolate();
  painter = new Painter();
  try {
    about = await painter.ask("open", { threads: threads() });
  } catch (error) {
    tell("noPainter", error.message);
    state("failed");
    return;
  }
  const canLearn = about.networks.includes("style.onnx");
  styles = new Styles($("styles"), about.styles, chose, canLearn ? () => $("picture").click() : null);
  $("strength").max = canLearn ? 150 : 100;
  $("brush-dial").hidden = about.brushes.length < 2;
  $("blend-dial").hidden = about.styles.length < 2 && !canLearn;
  for (const id of ["choose", "camera"]) $(id).disabled = false;
  speak();
  acceptFiles(([file]) => openPhoto(file), canLearn ? ([file]) => addStyle(file) : null);
  try {
    const response = await fetch("sample.webp");
    usePhoto(await readPhoto(new File([await response.blob()], "sample.webp"), LARGEST), "sample");
  } catch (error) {
    complainOf(error);
  }
}

open();
