// data-dialog: the main part of a link's page opens in a dialog; where its forms lead out of it, the browser goes there.
let opener = null;

function dialog() {
  let found = document.querySelector("dialog.page");
  if (!found) {
    found = document.createElement("dialog");
    found.className = "page";
    found.addEventListener("close", () => { found.replaceChildren(); opener?.focus(); });
    document.body.append(found);
  }
  return found;
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-dialog]");
  if (link && plainClick(event)) {
    event.preventDefault();
    opener = link;
    try {
      fill(await page(link.href), link.href);
    } catch {
      location.assign(link.href);
    }
  }
  if (event.target.closest("dialog.page [data-close]")) {
    event.preventDefault();
    dialog().close();
  }
});

function fill(found, url) {
  const main = found.document.querySelector("main");
  if (!main) { location.assign(url); return; }
  const box = dialog();
  box.replaceChildren(...main.childNodes);
  const title = box.querySelector("h1");
  if (title) { title.id = title.id || "dialog-title"; box.setAttribute("aria-labelledby", title.id); }
  for (const form of box.querySelectorAll("form:not([action])")) form.action = url;
  if (!box.open) box.showModal();
  (box.querySelector("[autofocus]") || box.querySelector("input:not([type=hidden]), select, textarea, button, a"))?.focus();
  document.dispatchEvent(new CustomEvent("rollbook:fresh", { detail: box }));
}

document.addEventListener("submit", async (event) => {
  if (event.defaultPrevented || !event.target.closest("dialog.page") || event.target.closest("[data-region]") || !sends(event.target)) return;
  event.preventDefault();
  const [url, options] = request(event.target, event.submitter);
  event.target.setAttribute("aria-busy", "true");
  try {
    const found = await page(url, options);
    if (found.answer.redirected) location.assign(found.answer.url);
    else fill(found, url);
  } catch {
    event.target.removeAttribute("aria-busy");
    event.target.submit();
  }
});
