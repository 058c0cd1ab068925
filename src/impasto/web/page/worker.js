// Paints, beside the page, so that the page stays awake. One message in, one answer out, in order.

import * as ort from "./ort/ort.wasm.min.mjs";
import { FastPainter } from "./fast.js";
import { PlainPainter } from "./plain.js";

let painter = null;
let content = null;
let newest = 0; // painting that was asked for: older ones are given up
let queue = Promise.resolve();

const TASKS = {
  async open({ threads }) {
    ort.env.wasm.wasmPaths = new URL("./ort/", import.meta.url).href;
    ort.env.wasm.numThreads = threads;
    ort.env.logLevel = "error";
    const about = await (await fetched("model.json")).json();
    if (about.kind === "plain") {
      painter = new PlainPainter(about, { paint: await network("painting.onnx", about.rules.output) });
    } else {
      const codes = new Float32Array(await (await fetched("codes.bin")).arrayBuffer());
      const functions = {
        modulate: await network("modulation.onnx", "modulation"),
        paint: await network("painting.onnx", "squares"),
        look: about.networks.includes("style.onnx") ? later(() => network("style.onnx", "code")) : null,
      };
      painter = new FastPainter(about, codes, functions);
    }
    return about;
  },

  content({ bytes, width, height }) {
    content = painter.content(bytes, width, height);
    return {};
  },

  async learn({ name, bytes, width, height }) {
    await painter.learn(name, bytes, width, height);
    return {};
  },

  async paint({ id, look }) {
    const began = performance.now();
    const progress = (share) => postMessage({ id, progress: share });
    const bytes = await painter.paint(content, look, { progress, stopped: () => newest !== id });
    const { width, height } = content;
    return bytes && { bytes, width, height, seconds: (performance.now() - began) / 1000 };
  },

  async frame({ bytes, width, height, look }) {
    const began = performance.now();
    const painted = await painter.paintFrame(bytes, width, height, look);
    return { bytes: painted, width, height, seconds: (performance.now() - began) / 1000 };
  },

  cut() {
    painter.cut();
    return {};
  },
};

onmessage = ({ data }) => {
  if (data.task === "paint") newest = data.id;
  queue = queue.then(() => answer(data));
};

async function answer(message) {
  const { id, task } = message;
  try {
    const result = task === "paint" && newest !== id ? null : await TASKS[task](message);
    postMessage({ id, result }, result?.bytes ? [result.bytes.buffer] : []);
  } catch (error) {
    postMessage({ id, error: String(error?.message ?? error) });
  }
}

/** A network as a function: inputs by name, each an array and its shape, as many as it looks at, to one output. */
async function network(file, output) {
  const bytes = new Uint8Array(await (await fetched(file)).arrayBuffer());
  const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
  return async (inputs) => {
    const feeds = session.inputNames.map((name) => [name, new ort.Tensor("float32", ...inputs[name])]);
    const results = await session.run(Object.fromEntries(feeds), [output]);
    return results[output].data;
  };
}

/** A function that is made when it is first called. */
function later(make) {
  let made = null;
  return async (inputs) => (made ??= await make())(inputs);
}

async function fetched(file) {
  const response = await fetch(new URL(file, import.meta.url));
  if (!response.ok) throw new Error(`${file}: HTTP ${response.status}`);
  return response;
}
