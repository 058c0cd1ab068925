// Gives the page to itself: with the headers that threads need, and from what was kept when there is no network.

const CACHE = "impasto-page";
const HEADERS = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
  "Cross-Origin-Resource-Policy": "same-origin",
};

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  event.respondWith(answer(event));
});

/** The network comes first, so that a new page is seen at once. */
async function answer(event) {
  const { request } = event;
  try {
    const response = await fetch(request);
    if (response.ok) event.waitUntil(keep(request, response.clone()));
    return isolated(response);
  } catch (error) {
    const kept = await (await caches.open(CACHE)).match(request, { ignoreSearch: true });
    if (!kept) throw error;
    return isolated(kept);
  }
}

async function keep(request, response) {
  const cache = await caches.open(CACHE);
  const kept = await cache.match(request);
  const version = ({ headers }) => headers.get("ETag") ?? headers.get("Last-Modified");
  if (kept && version(kept) && version(kept) === version(response)) await response.body?.cancel();
  else await cache.put(request, response);
}

function isolated(response) {
  if (response.status === 0) return response;
  const headers = new Headers(response.headers);
  for (const [name, value] of Object.entries(HEADERS)) headers.set(name, value);
  return new Response(response.body, { status: response.status, statusText: response.statusText, headers });
}
