// data-live="seconds": a region asks again by itself, and when one comes back to it, unless somebody is busy in it; data-done ends that.
// data-from: it is asked of another address, soon after the page was shown.
const from = (region) => region.dataset.from || location.href;
const busy = (region) => document.hidden || document.querySelector("dialog[open], details[open].menu") || region.matches(":has(input:focus, textarea:focus, select:focus)");

function live(region) {
  const first = Number(region.dataset.live) * 1000;
  let pause = first;
  const again = async () => {
    const current = document.getElementById(region.id);
    if (!current || current.hasAttribute("data-done")) return;
    if (!busy(current)) {
      const fresh = await load(current, from(current), {}, true);
      pause = fresh ? first : Math.min(Math.max(pause * 2, first), Math.max(30000, first));
    }
    setTimeout(again, pause);
  };
  setTimeout(again, region.dataset.from ? 200 : pause);
}
for (const region of document.querySelectorAll("[data-live][id]")) live(region);
document.addEventListener("visibilitychange", () => {
  for (const region of document.querySelectorAll("[data-live][id]")) if (!busy(region)) load(region, from(region), {}, true);
});
