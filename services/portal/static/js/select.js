// data-select: one box for all rows with three states, a range with shift, the number in the bar.
let last = null;
const boxes = (root) => [...root.querySelectorAll("input[type=checkbox][data-row]")];

function tell(root) {
  const rows = boxes(root);
  const ticked = rows.filter((box) => box.checked).length;
  const head = root.querySelector("input[data-all]");
  if (head) {
    head.checked = rows.length > 0 && ticked === rows.length;
    head.indeterminate = ticked > 0 && ticked < rows.length;
  }
  for (const place of root.querySelectorAll("[data-ticked]")) place.textContent = String(ticked);
}

document.addEventListener("click", (event) => {
  const root = event.target.closest("[data-select]");
  if (!root || event.target.type !== "checkbox") return;
  const rows = boxes(root);
  if (event.target.hasAttribute("data-all")) for (const box of rows) box.checked = event.target.checked;
  else if (event.shiftKey && last && rows.includes(last)) {
    const [from, to] = [rows.indexOf(last), rows.indexOf(event.target)].sort((a, b) => a - b);
    for (const box of rows.slice(from, to + 1)) box.checked = event.target.checked;
  }
  last = event.target;
  tell(root);
});

function show_select(root) {
  for (const part of root.querySelectorAll("[data-select]")) {
    for (const one of part.querySelectorAll("[data-script]")) one.hidden = false;
    tell(part);
  }
}
show_select(document);
document.addEventListener("rollbook:fresh", (event) => show_select(event.detail.parentElement || document));
