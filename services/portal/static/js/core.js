// What the behaviours share. Without this file every page works the same, by loading whole pages.
"use strict";
const policy = window.trustedTypes
  ? window.trustedTypes.createPolicy("rollbook", { createHTML: (text) => text })
  : { createHTML: (text) => text };

const parsed = (text) => new DOMParser().parseFromString(policy.createHTML(text), "text/html");

// Asks the address of a page, as the browser itself would.
async function page(url, options = {}) {
  const answer = await fetch(url, { credentials: "same-origin", ...options });
  const type = answer.headers.get("Content-Type") || "";
  if (!type.startsWith("text/html")) throw new Error("not a page");
  return { answer, document: parsed(await answer.text()) };
}

// What a form would send, with the button that was pressed.
function request(form, button) {
  const data = new URLSearchParams();
  for (const [name, value] of new FormData(form, button || undefined)) if (typeof value === "string") data.append(name, value);
  const url = new URL((button && button.hasAttribute("formaction") && button.formAction) || form.action, location.href);
  const method = ((button && button.getAttribute("formmethod")) || form.method || "get").toUpperCase();
  if (method === "GET") {
    url.search = data.toString();
    return [url, { method }];
  }
  return [url, { method, body: data }];
}

const plainClick = (event) => event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
const sends = (form) => form.enctype !== "multipart/form-data" && !form.target;
