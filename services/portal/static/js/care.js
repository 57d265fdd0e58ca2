// A form is sent once, warns before what was typed is lost, and data-copy copies a text.
let dirty = null;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-care]");
  if (form) dirty = form;
});
document.addEventListener("submit", (event) => {
  dirty = null;
  if (event.defaultPrevented || event.target.target) return;
  if (event.target.getAttribute("aria-busy") === "true") event.preventDefault();
  else setTimeout(() => event.target.setAttribute("aria-busy", "true"));
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});
window.addEventListener("beforeunload", (event) => {
  if (dirty && dirty.isConnected) event.preventDefault();
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    const said = document.getElementById(button.getAttribute("aria-describedby"));
    if (said) said.textContent = button.dataset.copied;
  } catch { /* the text stands beside the button */ }
});
// One open menu at a time; Escape closes it.
document.addEventListener("toggle", (event) => {
  if (event.target.matches?.("details.menu, details.who") && event.target.open)
    for (const other of document.querySelectorAll("details.menu[open], details.who[open]")) if (other !== event.target) other.open = false;
}, true);
document.addEventListener("keydown", (event) => {
  const open = event.key === "Escape" && event.target.closest?.("details.menu[open], details.who[open]");
  if (open) { open.open = false; open.querySelector("summary").focus(); }
});
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll("details.menu[open], details.who[open]")) if (!open.contains(event.target)) open.open = false;
});
// data-follow: where a form may not lead, the page that it leads to goes on by itself.
const onward = document.querySelector("a[data-follow]");
if (onward) location.replace(onward.href);
// data-fragment: the code of an e-mail's link is behind the #, where no server sees it; it goes into the field, and out of the address.
const coded = document.querySelector("[data-fragment]");
if (coded && location.hash.length > 20) {
  coded.querySelector("input").value = location.hash.slice(1);
  coded.hidden = true;
  history.replaceState(null, "", location.pathname + location.search);
}
