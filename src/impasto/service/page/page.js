// The studio's page: what is chosen, sent and shown.

import { chosenOptions, chosenStyles, ownStyle, styleName } from "./choices.js";
import { Compare } from "./compare.js";
import { acceptFiles } from "./files.js";
import { Gallery } from "./gallery.js";
import { keepLanguage, preferredLanguage, sayAll } from "./language.js";
import { Problem, Studio, Unreachable, isOpen, pause, persist } from "./studio.js";
import { Styles, aboutOf, titleOf } from "./styles.js";
import { WORDS } from "./words.js";

const LOOK = 1500; // milliseconds between looks at the orders that are open
const PAGE = 24; // paintings that the gallery shows at first, and each time that older ones are asked for
const MOST = 1000; // orders that the studio tells of at once

const $ = (id) => document.getElementById(id);
const page = document.documentElement;
const studio = new Studio();
const compare = new Compare($("compare"));
const gallery = new Gallery($("orders"), studio, captions, show, remove);
const sent = new Map(); // photographs by the order that they were sent with, while this page lives

let language = preferredLanguage();
let about = null;
let styles = null;
let photos = []; // files that are to be painted
let shown = null; // the id of the order on the easel
let told = null;
let complaint = null;
let shownMost = PAGE;
let listening = null; // what ends the news of the order on the easel
let presented = ""; // what of that order is to be seen
let watching = false;

// --- words ---

function say(key, ...values) {
  const word = WORDS[language][key];
  return typeof word === "function" ? word(...values) : word;
}

function tell(...what) {
  told = what;
  $("told").textContent = say(...what);
}

/** Says what went wrong; without anything, that all is well. */
function complain(...what) {
  complaint = what.length ? what : null;
  $("error").hidden = complaint === null;
  if (!complaint) return;
  const [first] = complaint;
  $("error").textContent = typeof first === "string" ? say(...complaint) : reason(first);
}

const lost = () => complain("offline");

function answered() {
  if (complaint?.[0] === "offline") complain();
}

const reason = ({ kind, message }) => WORDS[language].problems[kind] ?? message;

function complainOf(error) {
  if (error instanceof Unreachable) lost();
  else if (error instanceof Problem && error.status === 401) close(error);
  else complain({ kind: error.kind, message: error.message });
}

function speak() {
  sayAll(language, say);
  if (told) tell(...told);
  if (complaint) complain(...complaint);
  if (!about) return;
  $("paint").textContent = photos.length > 1 ? say("paintAll", photos.length) : say("paint");
  const { value } = $("quality");
  $("quality").replaceChildren(...about.qualities.map(({ name }) => new Option(say(name), name)));
  $("quality").value = value || about.qualities[0].name;
  if (!styles) return;
  styles.speak(language, WORDS[language]);
  offerBlends();
  showChosen();
  gallery.speak();
}

/** What the gallery says of an order. */
function captions(order) {
  const titles = order.styles.map((name) => {
    const style = styles?.find(name);
    return style ? titleOf(style, language, WORDS[language]) : name || say("ownPicture");
  });
  const state = WORDS[language].states[order.state];
  const title = titles.join(" + ");
  return { label: say("show", title, state), told: state, removing: `${say("remove")}: ${title}` };
}

// --- styles and dials ---

function showChosen() {
  const style = styles.find(styles.name);
  $("title").textContent = titleOf(style, language, WORDS[language]);
  $("about").textContent = aboutOf(style, language, WORDS[language]);
  $("strength-told").textContent = `${$("strength").value} %`;
  $("brush-told").textContent = `× ${Number((2 ** $("brush").value).toFixed(2))}`;
  $("share-told").textContent = `${$("share").value} %`;
  $("share-dial").hidden = !$("blend").value;
  $("strength-dial").hidden = $("quality").value === "best";
}

/** Whether the chosen quality can paint in a style: some need a picture of it, and of works there is but a code. */
function suits({ kind }) {
  return kind === "drawn" || kind === "picture" || about.qualities.find(({ name }) => name === $("quality").value).takesCodes;
}

function offerBlends() {
  const others = styles.styles.filter((style) => style.name !== styles.name && suits(style));
  const before = others.some(({ name }) => name === $("blend").value) ? $("blend").value : "";
  const options = others.map((style) => new Option(titleOf(style, language, WORDS[language]), style.name));
  $("blend").replaceChildren(new Option(say("nothing"), ""), ...options);
  $("blend").value = before;
}

function chose() {
  offerBlends();
  showChosen();
}

async function addStyle(file) {
  complain();
  const before = told;
  try {
    tell("looking");
    const taken = (name) => styles.find(name)?.kind !== "picture" && styles.find(name);
    const { name } = await studio.keepStyle(styleName(file.name, taken), file);
    styles.add(ownStyle(name, URL.createObjectURL(file)));
    styles.speak(language, WORDS[language]);
    chose();
  } catch (error) {
    complainOf(error);
  }
  if (told[0] === "looking") tell(...before);
}

async function ownStyles() {
  const found = await studio.json("v1/styles");
  for (const { name } of found.filter(({ own }) => own)) {
    const picture = await studio.picture(`v1/styles/${name}/picture`).catch(() => null); // of a code there is none
    styles.add(picture ? ownStyle(name, picture) : ownStyle(name, "icon.svg", "code"));
  }
}

// --- photographs, and orders for them ---

async function usePhotos(files, words) {
  complain();
  const large = files.find(({ size }) => size > about.maxBody);
  if (large) complain("tooLarge", large.name, about.maxBody >> 20);
  photos = files.filter((file) => file !== large && file.size <= about.maxBody);
  if (!photos.length) return;
  shown = null;
  listening?.abort();
  gallery.choose(null);
  await compare.photo(URL.createObjectURL(photos[0]));
  $("paint").textContent = photos.length > 1 ? say("paintAll", photos.length) : say("paint");
  tell(...(words ?? (photos.length > 1 ? ["readyMany", photos[0].name, photos.length - 1] : ["ready", photos[0].name])));
  state("ready");
}

async function order() {
  complain();
  tell("sending");
  state("sending");
  const common = { style: chosenStyles(styles.name), options: JSON.stringify(chosenOptions()), format: $("format").value };
  const all = [];
  let refusal = null;
  for (const photo of photos) {
    try {
      const placed = await studio.order({ content: photo, ...common });
      sent.set(placed.id, photo);
      all.push(placed);
      news(placed);
    } catch (error) {
      refusal = error;
    }
  }
  if (all.length) await show(all[0]);
  else {
    tell("ready", photos[0].name);
    state("ready");
  }
  if (refusal) complainOf(refusal);
}

/** Keeps the gallery, and the easel if the order is on it, as the order is. */
function news(order) {
  answered();
  gallery.put(order);
  $("empty").hidden = gallery.count > 0;
  if (order.id === shown) present(order).catch(complainOf);
  if (isOpen(order)) watch().catch(complainOf);
}

/** Follows the order on the easel closely. One alone: a browser keeps but a few connections to a server. */
function listen(order) {
  listening?.abort();
  listening = null;
  if (!isOpen(order)) return;
  const { signal } = (listening = new AbortController());
  studio
    .follow(order.id, news, lost, signal)
    .catch((error) => signal.aborted || complainOf(error));
}

/** Looks at all orders of the gallery from time to time, as long as any is open. */
async function watch() {
  if (watching) return;
  watching = true;
  try {
    while (gallery.orders.some(isOpen)) {
      await pause(LOOK);
      const most = Math.min(Math.max(shownMost, gallery.count), MOST);
      for (const order of await persist(() => studio.orders(most), lost)) news(order);
    }
  } finally {
    watching = false;
  }
}

/** Puts an order on the easel, with its photograph. */
async function show(order) {
  complain();
  shown = order.id;
  gallery.choose(order.id);
  listen(order);
  const photo = sent.get(order.id);
  const address = photo ? URL.createObjectURL(photo) : await studio.picture(`v1/orders/${order.id}/content`).catch(() => null);
  if (shown !== order.id) return;
  await compare.photo(address);
  presented = ""; // what came meanwhile is hidden by the photograph now
  await present(gallery.find(order.id) ?? order);
}

async function present(order) {
  const now = `${order.id} ${order.state} ${order.fraction}`;
  if (now === presented) return;
  presented = now;
  const { facts } = order;
  compare.describe(captions(order).label);
  $("bar").style.width = `${100 * order.fraction}%`;
  if (order.state === "done") tell("done", facts.width, facts.height, facts.seconds.toFixed(1));
  else if (order.state === "painting") tell("isPainting", Math.round(100 * order.fraction));
  else tell(order.state);
  if (order.state === "failed") complain({ kind: order.problem.type.split(":").pop(), message: problemOf(order) });
  const path = order.result ?? order.preview;
  if (path) {
    const address = await persist(() => studio.picture(path.slice(1)), lost);
    answered();
    if (now !== presented || order.id !== shown) return URL.revokeObjectURL(address); // there is newer to be seen
    await compare.painting(address, { whole: order.state === "done" });
  }
  state(order.state);
}

const problemOf = ({ problem: { detail, hint } }) => [detail, hint].filter(Boolean).join(" ");

async function remove(order) {
  try {
    await studio.forget(order.id);
    gallery.drop(order.id);
    $("empty").hidden = gallery.count > 0;
    if (shown === order.id) await sample();
  } catch (error) {
    complainOf(error);
  }
}

async function save() {
  const order = gallery.find(shown);
  const blob = await (await studio.ask(order.result.slice(1))).blob();
  const suffix = blob.type.split("/").pop().replace("jpeg", "jpg");
  const photo = sent.get(order.id)?.name.replace(/\.[^.]*$/, "") ?? "painting";
  const name = [photo, ...order.styles.filter(Boolean)].join("-");
  const link = Object.assign(document.createElement("a"), {
    href: URL.createObjectURL(blob),
    download: `${name}.${suffix}`,
  });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

async function hang() {
  const found = await studio.orders(Math.min(shownMost + 1, MOST));
  $("more").hidden = found.length <= shownMost;
  for (const order of found.slice(0, shownMost)) news(order);
  $("empty").hidden = gallery.count > 0;
  return found;
}

// --- the page itself ---

/** What is on the easel: ready (a photograph), sending, or the state of an order; what can be pressed follows. */
function state(now) {
  page.dataset.state = now;
  const busy = now === "queued" || now === "painting";
  $("veil").hidden = !busy && now !== "sending";
  $("paint").disabled = now === "sending" || !photos.length;
  $("cancel").hidden = !busy;
  $("save").disabled = now !== "done";
}

function acceptOrders() {
  for (const id of ["strength", "brush", "share"]) $(id).addEventListener("input", showChosen);
  $("blend").addEventListener("change", showChosen);
  $("quality").addEventListener("change", () => {
    styles.offer(suits);
    chose();
  });
  const does = (id, act) => $(id).addEventListener("click", () => act().catch(complainOf));
  does("paint", order);
  does("save", save);
  does("cancel", async () => news(await studio.cancel(shown)));
  does("more", () => {
    shownMost = Math.min(Math.max(shownMost, gallery.count) + PAGE, MOST);
    return hang();
  });
}

async function sample() {
  const response = await fetch("sample.webp");
  await usePhotos([new File([await response.blob()], "sample.webp", { type: "image/webp" })], ["sample"]);
}

/** Asks for a key, or for another one. */
function close(error) {
  $("studio").hidden = true;
  $("door").hidden = false;
  $("door-told").textContent = error ? reason(error) : "";
  $("key").focus();
  page.dataset.state = "closed";
}

$("door").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    await studio.enter($("key").value.trim());
    await open();
  } catch (error) {
    $("door-told").textContent = error instanceof Unreachable ? say("offline") : reason(error);
  }
});

$("language").addEventListener("click", () => {
  language = language === "zh" ? "en" : "zh";
  keepLanguage(language);
  speak();
});

async function open() {
  const found = await hang();
  $("door").hidden = true;
  $("studio").hidden = false;
  await ownStyles();
  speak();
  const latest = found.find(isOpen);
  await sample();
  if (latest) await show(latest);
}

async function begin() {
  speak();
  about = await (await fetch("page.json")).json();
  $("version").textContent = `Impasto ${about.version}`;
  styles = new Styles($("styles"), about.styles, chose, () => $("picture").click());
  speak();
  acceptFiles(usePhotos, ([file]) => addStyle(file));
  acceptOrders();
  try {
    await open();
  } catch (error) {
    if (error instanceof Problem && [401, 403].includes(error.status)) close(about.keys && error.status === 401 ? null : error);
    else throw error;
  }
}

begin().catch((error) => {
  $("studio").hidden = false; // for what went wrong to be read
  complainOf(error);
});
