// The studio as this page talks to it: its API, with a key where one is needed.

const AGAIN = 1000; // milliseconds before a studio that does not answer is asked again; longer each time
const LONGEST = 30_000; // of these waits, unless the studio itself says how long to wait
const KEPT = "impasto-key";

/** What the studio refused, and why (RFC 9457). */
export class Problem extends Error {
  /** @param wait how many seconds later it is worth while to ask again, if that is known. */
  constructor(status, { type = "", detail = "", hint = "" } = {}, wait = null) {
    super([detail, hint].filter(Boolean).join(" ") || `HTTP ${status}`);
    Object.assign(this, { status, kind: type.split(":").pop(), wait: 1000 * wait });
  }

  /** Whether the same request may well be answered later. */
  get passes() {
    return this.status === 429 || this.status >= 500;
  }
}

/** The studio could not be reached. */
export class Unreachable extends Error {}

export class Studio {
  #key = kept();

  /** Uses a key from now on, if the studio takes it. */
  async enter(key) {
    this.#key = key;
    await this.orders(1);
    try {
      sessionStorage.setItem(KEPT, key);
    } catch {
      // Forbidden: then it is asked for again when the page is opened anew.
    }
  }

  /** A request; throws Problem or Unreachable. */
  async ask(path, { method = "GET", body, headers = {}, signal } = {}) {
    const authorization = this.#key ? { Authorization: `Bearer ${this.#key}` } : {};
    let response;
    try {
      response = await fetch(path, { method, body, headers: { ...authorization, ...headers }, signal });
    } catch (error) {
      if (error.name === "AbortError") throw error;
      throw new Unreachable();
    }
    if (response.ok) return response;
    const about = await response.json().catch(() => ({}));
    throw new Problem(response.status, about, response.headers.get("Retry-After"));
  }

  async json(path, options) {
    return (await this.ask(path, options)).json();
  }

  /** What an address of the API gives, as one that pictures and links can have. */
  async picture(path) {
    return URL.createObjectURL(await (await this.ask(path)).blob());
  }

  /** One's orders, the newest first. */
  orders(most) {
    return this.json(`v1/orders?most=${most}`);
  }

  /** Sends an order; again, if it is not known whether it came, as the key makes one order of both. */
  async order(fields) {
    const headers = { "Idempotency-Key": crypto.randomUUID?.() ?? `${Date.now()}-${Math.random()}` };
    const body = form(fields);
    try {
      return await this.json("v1/orders", { method: "POST", body, headers });
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      await pause(AGAIN);
      return this.json("v1/orders", { method: "POST", body, headers });
    }
  }

  keepStyle(name, picture) {
    return this.json("v1/styles", { method: "POST", body: form({ name, picture }) });
  }

  cancel(id) {
    return this.json(`v1/orders/${id}`, { method: "DELETE" });
  }

  forget(id) {
    return this.json(`v1/orders/${id}?forget=true`, { method: "DELETE" });
  }

  /**
   * Tells of an order whenever something has changed, until it has ended.
   * @param lost called when the studio does not answer; it is asked again.
   */
  async follow(id, told, lost, signal) {
    for (;;) {
      const { body } = await persist(() => this.ask(`v1/orders/${id}/events`, { signal }), lost, signal);
      try {
        for await (const order of events(body)) {
          told(order);
          if (!isOpen(order)) return;
        }
      } catch (error) {
        if (signal.aborted) throw error;
        lost();
      }
      await pause(AGAIN);
    }
  }
}

/**
 * Asks until there is an answer, or a problem that does not pass.
 * @param lost called each time that there is none.
 */
export async function persist(ask, lost = () => {}, signal = null) {
  for (let wait = AGAIN; ; wait = Math.min(2 * wait, LONGEST)) {
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted || (error instanceof Problem && !error.passes)) throw error;
      lost();
      await pause(error.wait || wait);
    }
  }
}

export const isOpen = ({ state }) => state === "queued" || state === "painting";

function form(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) {
    for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
  }
  return body;
}

export const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function kept() {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

/** The data of server-sent events: EventSource would send no key. */
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (text + value).split("\n\n");
    text = parts.pop();
    for (const part of parts) {
      const data = part.split("\n").find((line) => line.startsWith("data: "));
      if (data) yield JSON.parse(data.slice(6));
    }
  }
}
