// Renews the page in place. Without this script the Refresh button reloads it.
"use strict";

const EVERY_MS = 2000;
// An answer that takes longer will not come.
const PATIENCE_MS = 5000;

const form = document.getElementById("limit-form");
const field = document.getElementById("max-error");
const live = document.getElementById("live");
const offline = document.getElementById("offline");

// The limit last asked for, not what is being typed.
let limit = field.value;
let busy = false;
let again = false;
// When the page was last renewed.
let shown = new Date();

async function renew() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const address = new URL("/", location.href);
    address.searchParams.set("max_error", limit);
    const answer = await fetch(address, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(PATIENCE_MS) });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    show(fresh);
    shown = new Date();
    offline.textContent = "";
    document.body.classList.remove("stale");
  } catch {
    const words = `The application does not answer; since ${shown.toLocaleTimeString()} this page is not updated.`;
    document.body.classList.add("stale");
    document.title = "No answer · Clock of this task";
    // Written once: a screen reader repeats what is written again.
    if (offline.textContent !== words) {
      offline.textContent = words;
    }
  }
  busy = false;
  if (again) {
    again = false;
    await renew();
  }
}

// Only what has changed, so that a screen reader reads out a verdict only if it differs.
function show(fresh) {
  for (const old of document.querySelectorAll("[data-live]")) {
    const other = fresh.getElementById(old.id);
    if (other && other.innerHTML !== old.innerHTML) {
      old.replaceChildren(...other.childNodes);
    }
  }
  if (fresh.getElementById("max-error").hasAttribute("aria-invalid")) {
    field.setAttribute("aria-invalid", "true");
  } else {
    field.removeAttribute("aria-invalid");
  }
  document.getElementById("transaction-form").action = fresh.getElementById("transaction-form").action;
  document.title = fresh.title;
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  limit = field.value;
  history.replaceState(null, "", `/?max_error=${encodeURIComponent(limit)}`);
  renew();
});

document.getElementById("live-label").hidden = false;
setInterval(() => {
  if (live.checked && document.visibilityState === "visible") {
    renew();
  }
}, EVERY_MS);
