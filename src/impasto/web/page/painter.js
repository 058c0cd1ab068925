// The page's end of the worker: questions that are promises.

export class Painter {
  constructor() {
    this.waiting = new Map();
    this.last = 0;
    this.worker = new Worker(new URL("worker.js", import.meta.url), { type: "module" });
    this.worker.onmessage = ({ data }) => this.#hear(data);
    this.worker.onerror = (event) => this.#fail(event.message || "worker.js");
  }

  /**
   * @param task a name of TASKS in worker.js.
   * @param told what it needs; `bytes` are given away.
   * @param progress called with the share that is done.
   * @returns what it answers; null for a painting that a later one replaced.
   */
  ask(task, told = {}, progress = null) {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject, progress });
      this.worker.postMessage({ ...told, id, task }, told.bytes ? [told.bytes.buffer] : []);
    });
  }

  #hear({ id, result, error, progress }) {
    const waiting = this.waiting.get(id);
    if (!waiting) return;
    if (progress !== undefined) {
      waiting.progress?.(progress);
      return;
    }
    this.waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else waiting.reject(new Error(error));
  }

  #fail(why) {
    for (const { reject } of this.waiting.values()) reject(new Error(why));
    this.waiting.clear();
  }
}
