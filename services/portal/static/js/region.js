// data-region: what is pressed inside loads its address, and this element is replaced by the one of the same id.
const loading = new WeakMap();

async function load(region, url, options = {}, quiet = false) {
  loading.get(region)?.abort();
  const abort = new AbortController();
  loading.set(region, abort);
  region.setAttribute("aria-busy", "true");
  let found;
  try {
    found = await page(url, { ...options, signal: abort.signal });
  } catch (error) {
    if (error.name === "AbortError") return null;
    if (!quiet) leave(url, options);
    region.removeAttribute("aria-busy");
    return null;
  }
  const fresh = region.id && found.document.getElementById(region.id);
  if (!fresh || (found.answer.redirected && !region.closest("dialog") && new URL(found.answer.url).pathname !== location.pathname)) {
    if (quiet) return null;
    if ((options.method || "GET") === "GET" || found.answer.redirected) location.assign(found.answer.url);
    else show(found);
    return null;
  }
  swap(region, fresh);
  const title = found.document.title;
  if (title && !region.closest("dialog") && !region.dataset.from) document.title = title;
  if (!quiet && (options.method || "GET") === "GET") {
    history.pushState({}, "", found.answer.url);
    shown = address();
  }
  return fresh;
}

// Focus stays where it is, by id or name, or goes where the new part asks for it.
function swap(region, fresh) {
  const active = document.activeElement;
  const inside = region.contains(active);
  const [id, name, start] = inside ? [active.id, active.name, active.selectionStart] : [];
  for (const open of region.querySelectorAll("details[open][id]")) fresh.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
  region.replaceWith(fresh);
  const asked = fresh.querySelector("[autofocus]");
  const same = inside && ((id && document.getElementById(id)) || (name && fresh.querySelector(`[name="${CSS.escape(name)}"]`)));
  const next = asked || same;
  if (next) {
    next.focus({ preventScroll: !asked });
    if (next === same && typeof start === "number" && next.setSelectionRange && next.type !== "date") {
      try { next.setSelectionRange(start, start); } catch { /* a field without a text cursor */ }
    }
  }
  document.dispatchEvent(new CustomEvent("rollbook:fresh", { detail: fresh }));
}

// The answer to a form that has no such region: the whole page takes its place.
function show(found) {
  document.title = found.document.title;
  document.body.replaceWith(found.document.body);
  document.dispatchEvent(new CustomEvent("rollbook:fresh", { detail: document.body }));
  document.querySelector("[autofocus]")?.focus();
}

// When the network fails, the browser tells it in its own way.
function leave(url, options) {
  if ((options.method || "GET") === "GET") location.assign(url);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  const region = link && link.closest("[data-region]");
  if (!region || !plainClick(event) || link.target || link.hasAttribute("download") || link.hasAttribute("data-dialog")) return;
  if (link.origin !== location.origin || link.pathname !== location.pathname) return;
  event.preventDefault();
  load(region, link.href);
});

document.addEventListener("submit", (event) => {
  const region = event.target.closest("[data-region]");
  if (!region || event.defaultPrevented || !sends(event.target)) return;
  event.preventDefault();
  const [url, options] = request(event.target, event.submitter);
  load(region, url, options);
});

// Back to another address; not to another place of this page, which a link to it is told as, too.
const address = () => location.pathname + location.search;
let shown = address();
window.addEventListener("popstate", () => {
  if (address() !== shown) location.reload();
});
