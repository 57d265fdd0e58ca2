// data-search: a form sends itself a moment after the last key.
let waiting = 0;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-search]");
  if (!form || event.target.type === "checkbox" || event.target.type === "radio") return;
  clearTimeout(waiting);
  waiting = setTimeout(() => form.isConnected && form.requestSubmit(), 250);
});
document.addEventListener("change", (event) => {
  const form = event.target.closest("form[data-search]");
  if (form && (event.target.matches("select") || event.target.type === "checkbox")) form.requestSubmit();
});
