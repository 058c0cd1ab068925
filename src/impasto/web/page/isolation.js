// Threads need a page that is isolated from other origins, which web servers say in headers. Most don't: then the
// service worker says it for them, and the page, loaded once more, has threads.

const TRIED = "impasto-isolation-tried";
const PATIENCE = 3000;

/** Resolves when the page is as isolated as it can be; it may be loaded anew meanwhile. */
export async function isolate() {
  if (!("serviceWorker" in navigator)) return;
  try {
    await navigator.serviceWorker.register("sw.js");
    if (crossOriginIsolated || sessionStorage.getItem(TRIED)) return;
    if (!(await controlled())) return;
    sessionStorage.setItem(TRIED, "1");
    location.reload();
    await new Promise(() => {});
  } catch {
    // Private windows and some settings forbid it: one thread also paints.
  }
}

/** How many threads to paint with: those of a phone's slow cores only keep the others waiting. */
export function threads() {
  return crossOriginIsolated ? Math.min(4, navigator.hardwareConcurrency || 1) : 1;
}

function controlled() {
  const container = navigator.serviceWorker;
  if (container.controller) return true;
  return new Promise((resolve) => {
    container.addEventListener("controllerchange", () => resolve(true), { once: true });
    setTimeout(() => resolve(false), PATIENCE);
  });
}
