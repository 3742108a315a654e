// Shows what the worker finds: faults, warnings and data points.
"use strict";

// Characters that are not seen, or that turn the direction of what follows.
const HIDDEN = /[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;
const ESCAPES = { "\0": "\\0", "\t": "\\t", "\n": "\\n", "\r": "\\r" };

function printable(text) {
  return text.replace(HIDDEN, (letter) => ESCAPES[letter] ?? `\\u{${letter.codePointAt(0).toString(16)}}`);
}

// An excerpt keeps its lines and tabs.
function printableLines(text) {
  return text.replace(HIDDEN, (letter) => ("\t\n".includes(letter) ? letter : printable(letter)));
}

function counted(count, noun) {
  return `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;
}

function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  const power = Math.min(Math.floor(Math.log10(Math.max(count, 1)) / 3), units.length - 1);
  return `${(count / 1000 ** power).toFixed(power ? 1 : 0)} ${units[power]}`;
}

// element("p.hint", "text", otherElement)
function element(kind, ...content) {
  const [tag, ...classes] = kind.split(".");
  const made = document.createElement(tag);
  made.classList.add(...classes);
  made.append(...content.filter((one) => one !== null));
  return made;
}

class Results {
  constructor() {
    this.section = document.getElementById("result");
    this.rules = new Map();
  }

  // The rules, each with what it is about and what to do.
  describe(rules) {
    this.rules = new Map(rules.map((rule) => [rule.rule, rule]));
  }

  hide() {
    this.section.hidden = true;
    this.#part("#running").hidden = true;
    this.isNew = true;
  }

  // An input begins: what is shown stays until there is something new, so that typing does not flicker.
  begin(size, field) {
    this.size = size;
    this.field = field;
    this.isNew = true;
  }

  add(message) {
    if (this.isNew) this.#clear();
    const faulty = message.events.filter((event) => event.findings[0].severity === "fault");
    const warned = message.events.filter((event) => event.findings[0].severity === "warning");
    this.#list("#faults", faulty);
    this.#list("#warnings", warned);
    this.#points(message.points);
    this.#running(message);
    if (message.state !== "running") this.#verdict(message);
    this.#notShown(message.summary);
  }

  #part(selector) {
    return this.section.querySelector(selector);
  }

  #clear() {
    this.isNew = false;
    this.shown = { fault: 0, warning: 0, points: 0 };
    for (const list of this.section.querySelectorAll(".events, tbody")) list.replaceChildren();
    for (const id of ["faults", "warnings", "points"]) this.#part(`#${id}`).hidden = true;
    for (const id of ["verdict", "counts"]) this.#part(`#${id}`).textContent = "";
    this.#part("#next").hidden = true;
    this.section.hidden = false;
  }

  // ---- events with findings -----------------------------------------------------------------------------------------

  #list(selector, events) {
    if (!events.length) return;
    this.#part(selector).hidden = false;
    this.#part(`${selector} .events`).append(...events.map((event) => this.#event(event)));
  }

  #event(event) {
    for (const finding of event.findings) this.shown[finding.severity] += 1;
    const findings = element("ul.findings", ...event.findings.map((finding) => this.#finding(finding)));
    if (event.more) findings.append(element("li.hint", `${counted(event.more, "more finding")} of this line`));
    return element("li.event", element("div.source", this.#place(event), excerpt(event)), findings);
  }

  #place(event) {
    const name = placeName(event);
    const whole = event.is_input ? element("span.hint", " The input as a whole") : null;
    if (!this.field) return element("p.place", element("span", name), whole);
    // Leads to the line in the text field.
    const button = element("button.quiet", name);
    button.type = "button";
    button.title = "Select this line in the text field";
    button.addEventListener("click", () => select(this.field, event.line));
    return element("p.place", button, whole);
  }

  #finding(finding) {
    const { severity, rule, place, expected, given, hint, effect } = finding;
    const sentence = element(
      "span.sentence",
      element("bdi.where", printable(place)),
      ": expected ",
      element("bdi", printable(expected)),
      ", got ",
      element("bdi.given", printable(given)),
      hint ? ` (${printable(hint)})` : null,
      "; ",
      element("span.effect", effect),
    );
    const about = this.rules.get(rule);
    const details = element(
      "details",
      element("summary", element("code", rule), " · what to do"),
      element("p", about.about),
      element("p", element("b", "Fix: "), about.next),
      element("p.hint", certainty(finding)),
    );
    return element(`li.finding.${severity}`, element("p", element("b.severity", severity), " ", sentence), details);
  }

  // ---- data points --------------------------------------------------------------------------------------------------

  #points(points) {
    if (!points.length) return;
    this.shown.points += points.length;
    this.#part("#points").hidden = false;
    this.#part("tbody").append(...points.map(pointRow));
  }

  // ---- progress and counts ------------------------------------------------------------------------------------------

  #running({ state, read, summary }) {
    this.#part("#running").hidden = state !== "running";
    this.#part("#progress").value = this.size ? Math.min(read / this.size, 1) : 1;
    this.#part("#progress-text").textContent = `${bytes(read)} of ${bytes(this.size)}, ${counted(summary.faults, "fault")} so far`;
  }

  // Only at the end, since a screen reader reads it out.
  #verdict({ state, summary, read, text }) {
    const { faults, warnings, documents } = summary;
    const found = faults ? counted(faults, "fault") : "No fault";
    const sentence = {
      stopped: `Stopped after ${bytes(read)} of ${bytes(this.size)}: ${found.toLowerCase()}`,
      failed: `Cannot be read to its end: ${text}`,
      done: warnings ? `${found}, ${counted(warnings, "warning")}` : found,
    }[state];
    const isGood = state === "done" && !faults;
    const verdict = this.#part("#verdict");
    verdict.className = `verdict ${faults || state === "failed" ? "not-good" : isGood ? "good" : "open"}`;
    setText(verdict, sentence);
    setText(this.#part("#counts"), countsText(summary));
    this.#part("#next").hidden = !isGood || documents === 0;
    document.title = `${sentence} · Why is there no metric?`;
  }

  #notShown({ faults, warnings, points, rules }) {
    const parts = [];
    if (faults > this.shown.fault) parts.push(counted(faults - this.shown.fault, "fault"));
    if (warnings > this.shown.warning) parts.push(counted(warnings - this.shown.warning, "warning"));
    this.#part("#hidden-findings").hidden = !parts.length;
    if (parts.length) {
      this.#part("#hidden-text").textContent = `${parts.join(" and ")} not shown. All that were found:`;
      const sorted = Object.entries(rules).sort(([, one], [, other]) => other - one);
      const entries = sorted.map(([rule, count]) => element("li", element("code", rule), ` ${count.toLocaleString("en")}`));
      this.#part("#rules").replaceChildren(...entries);
    }
    const more = points - this.shown.points;
    this.#part("#hidden-points").textContent = more > 0 ? `${counted(more, "more data point")} not shown.` : "";
  }
}

// Written only if it differs: a screen reader repeats what is written again.
function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

function countsText({ lines, documents, others, points }) {
  const events = documents + others;
  const read = events === lines ? counted(lines, "line") : `${counted(lines, "line")}, ${counted(events, "event")}`;
  return `${read}: ${documents.toLocaleString("en")} EMF, ${counted(others, "other")}; ${counted(points, "data point")}`;
}

function placeName({ line, event }) {
  return event === null ? `Line ${line}` : `Line ${line}, event ${event}`;
}

function certainty({ confidence, counter }) {
  const how = {
    documented: "Documented or measured.",
    reported: "Reported by users or maintainers.",
    unknown: "Not known: sources disagree or are silent.",
  }[confidence];
  return counter ? `${how} The metric ${counter} in the namespace AWS/Logs rises.` : how;
}

// ---- an event's line, with what its findings are about marked -------------------------------------------------------

function excerpt(event) {
  if (!event.text) return null;
  const shown = element("pre", ...marked(printableLines(event.text), event.findings), event.is_cut ? element("span.hint", " …") : null);
  shown.tabIndex = 0;
  shown.setAttribute("role", "region");
  shown.setAttribute("aria-label", `Text of ${placeName(event).toLowerCase()}`);
  return shown;
}

function marked(text, findings) {
  const names = new Set(findings.flatMap(({ place }) => place.match(/"[^"]+"/g) ?? []));
  // A member of a path is marked if there is no other with its name.
  for (const { place } of findings) {
    const last = place.match(/^_aws[\w.[\]]*?(\w+)(?:\[\d+\])*$/);
    const name = last && `"${last[1]}"`;
    if (name && text.split(name).length === 2) names.add(name);
  }
  if (!names.size) return [text];
  const patterns = [...names].map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll('"', '\\\\?"'));
  const parts = text.split(new RegExp(`(${patterns.join("|")})`));
  return parts.map((part, index) => (index % 2 ? element("mark", part) : part));
}

function select(field, line) {
  let begin = 0;
  for (let at = 1; at < line && begin >= 0; at += 1) begin = field.value.indexOf("\n", begin) + 1;
  const end = field.value.indexOf("\n", begin);
  field.focus();
  field.setSelectionRange(begin, end < 0 ? field.value.length : end);
  field.scrollIntoView({ block: "nearest" });
}

// ---- a row of the table ---------------------------------------------------------------------------------------------

function pointRow(point) {
  const dimensions = point.dimensions.flatMap(([name, value]) => [element("bdi.dimension", printable(`${name}=${value}`)), " "]);
  const unit = point.resolution === 1 ? `${point.unit}, high resolution` : point.unit;
  return element(
    "tr",
    element("td.number", point.event === null ? String(point.line) : `${point.line}, event ${point.event}`),
    element("td.metric", element("bdi", printable(point.metric)), point.certain ? null : element("span.tag", "not certain")),
    element("td.number", point.values),
    element("td", unit),
    element("td", ...dimensions),
    element("td", element("bdi", printable(point.namespace))),
    element("td.time", timeText(point.timestamp)),
  );
}

function timeText(timestamp) {
  const time = new Date(timestamp);
  return Number.isNaN(time.getTime()) ? String(timestamp) : time.toISOString().replace("T", " ").replace("Z", " UTC");
}
