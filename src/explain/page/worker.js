// Runs the WebAssembly module apart from the page, which stays usable while a file is read.
//
// page.js starts this function as a worker from its text, as a blob. Such a worker is bound by the policy of the page. One
// that is loaded by its address is not: it would have the policy that its server sends, and most servers send none.
"use strict";

function explainWorker() {
  "use strict";

  // emf-explain, compressed; the script `build` puts it here.
  const MODULE = `
@MODULE@
`;
  // How long the worker works before it looks for messages and reports what it has.
  const TURN_MS = 40;

  // The input that is being explained; messages about others are late.
  let current = 0;

  async function compile() {
    const compressed = Uint8Array.from(atob(MODULE), (letter) => letter.charCodeAt(0));
    const stream = new Blob([compressed]).stream().pipeThrough(new DecompressionStream("gzip"));
    return WebAssembly.compile(await new Response(stream).arrayBuffer());
  }
  const compiled = compile();

  // A new instance for each input: its memory begins empty, and a defect ends with it.
  async function instance(blob) {
    const files = new FileReaderSync();
    // The browser's message if it could not read.
    const failure = { text: "" };
    const read = (offset, target, length) => {
      try {
        const bytes = new Uint8Array(files.readAsArrayBuffer(blob.slice(offset, offset + length)));
        new Uint8Array(module.memory.buffer, target, bytes.length).set(bytes);
        return bytes.length;
      } catch (error) {
        failure.text = error.message;
        return -1;
      }
    };
    const { exports: module } = await WebAssembly.instantiate(await compiled, { worker: { read } });
    const text = (address) => new TextDecoder().decode(new Uint8Array(module.memory.buffer, address, module.length()));
    return {
      describe: () => JSON.parse(text(module.describe())),
      // Returns why it cannot begin.
      begin(form, now) {
        const bytes = new TextEncoder().encode(now);
        const address = module.text(bytes.length);
        new Uint8Array(module.memory.buffer, address, bytes.length).set(bytes);
        const fault = module.begin(form);
        return fault ? text(fault) : "";
      },
      step: () => JSON.parse(text(module.step())),
      failure,
    };
  }

  // Several steps, as one.
  function turn(explainer) {
    const end = performance.now() + TURN_MS;
    const all = { events: [], points: [] };
    do {
      const { events, points, ...rest } = explainer.step();
      all.events.push(...events);
      all.points.push(...points);
      Object.assign(all, rest);
    } while (all.goes_on && performance.now() < end);
    return all;
  }

  async function explain({ job, blob, form, now }) {
    const explainer = await instance(blob);
    const fault = explainer.begin(form, now);
    if (fault) {
      postMessage({ job, state: "refused", text: fault });
      return;
    }
    while (true) {
      const { goes_on: goesOn, error, ...found } = turn(explainer);
      const isStopped = goesOn && job !== current;
      const state = error ? "failed" : isStopped ? "stopped" : goesOn ? "running" : "done";
      postMessage({ job, state, text: explainer.failure.text, ...found });
      if (state !== "running") return;
      // Messages arrive in between.
      await new Promise((resolve) => setTimeout(resolve));
    }
  }

  function defect(error) {
    postMessage({ job: current, state: "defect", text: String(error) });
  }

  onmessage = ({ data }) => {
    current = data.job;
    if (data.blob) explain(data).catch(defect);
  };

  instance(new Blob())
    .then((explainer) => postMessage({ state: "ready", ...explainer.describe() }))
    .catch(defect);
}
