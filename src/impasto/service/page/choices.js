// What is ordered, as the dials stand, and styles of one's own.

import { WORDS } from "./words.js";

const $ = (id) => document.getElementById(id);

/** The styles of the order, given the one that is chosen: with their weights, if there are two. */
export function chosenStyles(name) {
  if (!$("blend").value) return [name];
  const share = Number($("share").value) / 100;
  return [`${name}:${1 - share}`, `${$("blend").value}:${share}`];
}

/** Options of the order, each as the chosen quality calls it; what is as usual is left out. */
export function chosenOptions() {
  const quality = $("quality").value;
  const strength = Number($("strength").value) / 100;
  const brush = 2 ** Number($("brush").value);
  const options = { quality };
  if (quality !== "best" && strength !== 1) options.strength = strength;
  if (brush !== 1) options[quality === "best" ? "style_scale" : "brush"] = brush;
  if ($("size").value) options.size = Number($("size").value);
  return options;
}

/** A name for the style in a file: letters, digits and hyphens, and none that is taken by the studio's own. */
export function styleName(file, taken) {
  const plain = file.replace(/\.[^.]*$/, "").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "");
  const name = (plain || "own").slice(0, 60);
  return taken(name) || !/^[a-z]/.test(name) ? `own-${name}` : name;
}

export function ownStyle(name, picture, kind = "picture") {
  const titles = { en: name, zh: name };
  return { name, kind, title: titles, about: { en: WORDS.en.ownStyleAbout, zh: WORDS.zh.ownStyleAbout }, picture };
}
