// The service worker: keeps the site's own files, so that it opens while the
// querier is away. Answers are kept by client.ts, not here.

/** What a worker has that a page has not; the compiler's DOM knows it not. */
interface Later extends Event {
  waitUntil(p: Promise<unknown>): void;
  respondWith(r: Promise<Response>): void;
  request: Request;
}

const NAME = "glow-site";
const here = new URL("./", location.href).href;
const pages = ["./", "dashboard"];

async function install(): Promise<void> {
  const cache = await caches.open(NAME);
  await cache.addAll([...pages, ...KEEP]);
  const right = new Set([...pages, ...KEEP].map((p) => new URL(p, here).href));
  for (const old of await cache.keys()) if (!right.has(old.url)) await cache.delete(old);
}

/** The page as it is now, or as it was when nobody answers. */
async function page(request: Request): Promise<Response> {
  const cache = await caches.open(NAME);
  const plain = request.url.replace(/[?#].*$/, "");
  try {
    const fresh = await fetch(request);
    if (fresh.status < 500) return fresh;
  } catch {
    // As it was.
  }
  return (await cache.match(plain)) ?? Response.error();
}

async function file(request: Request): Promise<Response> {
  return (await caches.match(request)) ?? fetch(request);
}

addEventListener("install", (e) => (e as Later).waitUntil(install()));
addEventListener("fetch", (event) => {
  const e = event as Later;
  const path = e.request.url.replace(/[?#].*$/, "");
  if (e.request.method !== "GET" || !path.startsWith(here)) return;
  if (pages.some((p) => path === new URL(p, here).href)) e.respondWith(page(e.request));
  else if (path.startsWith(here + "site/")) e.respondWith(file(e.request));
});
