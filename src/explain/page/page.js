// The input, and the worker that explains it.
"use strict";

// Text that is longer is kept as a file: a text field of many megabytes is slow.
const LONGEST_TEXT = 1_000_000;
// Typing a long text must not begin with each letter.
const LONG_TEXT = 50_000;
const PAUSE_MS = 300;

const byId = (id) => document.getElementById(id);
const [form, field, fileField, nowField] = ["input", "lines", "file", "now"].map(byId);
const results = new Results();

// Explains; its messages with another number are about an input that has been replaced.
let worker = null;
let job = 0;
// A file or a pasted text that the text field does not hold.
let file = null;
let timer = null;

// ---- the worker -----------------------------------------------------------------------------------------------------

function startWorker() {
  const address = URL.createObjectURL(new Blob([`(${explainWorker})();`], { type: "text/javascript" }));
  worker = new Worker(address);
  worker.onmessage = ({ data }) => receive(data);
  worker.onerror = (event) => fail(`This browser cannot run the page: ${event.message}`);
}

function receive(message) {
  if (message.state === "ready") {
    results.describe(message.rules);
    byId("version").textContent = `Version ${message.version}.`;
    return;
  }
  if (message.job !== job) return;
  if (message.state === "refused") {
    nowFault(message.text);
    results.hide();
  } else if (message.state === "defect") {
    results.hide();
    fail(`This is a defect of the page, or the browser is too old: ${message.text}`);
    worker.terminate();
    startWorker();
  } else {
    results.add(message);
  }
}

// ---- the input ------------------------------------------------------------------------------------------------------

function explain() {
  clearTimeout(timer);
  timer = null;
  const blob = file ?? new Blob([field.value]);
  job += 1;
  fail("");
  nowFault("");
  byId("clear").hidden = blob.size === 0;
  if (blob.size === 0 && !file) {
    worker.postMessage({ job });
    results.hide();
    document.title = "Why is there no metric?";
    return;
  }
  const now = nowField.value.trim() || String(Date.now());
  results.begin(blob.size, file ? null : field);
  worker.postMessage({ job, blob, form: Number(form.elements.form.value), now });
}

function explainText(text) {
  file = null;
  fileField.value = "";
  field.value = text;
  fileName();
  explain();
}

function explainFile(chosen) {
  file = chosen;
  field.value = "";
  fileName();
  explain();
}

// The name of a file that was dropped or pasted: the field for files shows only those chosen with it.
function fileName() {
  field.placeholder = file ? `${file.name}, ${bytes(file.size)}` : "";
}

function fail(text) {
  byId("alert").textContent = text;
  byId("alert").hidden = !text;
}

function nowFault(text) {
  byId("now-fault").textContent = text;
  if (text) {
    nowField.setAttribute("aria-invalid", "true");
    byId("settings").open = true;
  } else {
    nowField.removeAttribute("aria-invalid");
  }
}

// ---- events ---------------------------------------------------------------------------------------------------------

form.addEventListener("submit", (event) => event.preventDefault());

field.addEventListener("input", () => {
  file = null;
  fileField.value = "";
  fileName();
  clearTimeout(timer);
  timer = setTimeout(explain, field.value.length > LONG_TEXT ? PAUSE_MS : 0);
});

field.addEventListener("paste", (event) => {
  const text = event.clipboardData.getData("text/plain");
  if (text.length > LONGEST_TEXT) {
    event.preventDefault();
    explainFile(new File([text], "Pasted text"));
  }
});

fileField.addEventListener("change", () => {
  if (fileField.files.length) explainFile(fileField.files[0]);
});

// Anywhere, since a file that misses a small area would replace the page.
addEventListener("dragover", (event) => {
  event.preventDefault();
  document.body.classList.add("drop");
});
addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) document.body.classList.remove("drop");
});
addEventListener("drop", (event) => {
  event.preventDefault();
  document.body.classList.remove("drop");
  const { files } = event.dataTransfer;
  const text = event.dataTransfer.getData("text/plain");
  if (files.length) {
    fileField.value = "";
    explainFile(files[0]);
  } else if (text) {
    explainText(text);
  }
  if (files.length > 1) fail(`One file at a time: this is ${files[0].name}.`);
});

for (const radio of form.elements.form) radio.addEventListener("change", explain);
nowField.addEventListener("change", explain);

byId("clear").addEventListener("click", () => {
  explainText("");
  field.focus();
});

byId("stop").addEventListener("click", () => {
  // The message with its number still arrives: what was found so far stays.
  worker.postMessage({ job: 0 });
  field.focus();
});

for (const [name, text] of EXAMPLES) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "quiet";
  button.textContent = name;
  button.addEventListener("click", () => explainText(text()));
  form.querySelector(".examples").append(button);
}

startWorker();
// The browser may have kept the text of an earlier visit.
if (field.value) explain();
