// Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range that contains true time.
//
// Copy this file, and ecs-clock.d.mts for TypeScript. It needs Node 18 or later and no packages. Keep one client for
// the whole process. Times are whole microseconds since 1970, since a Date has milliseconds only:
//
//     const clock = new Clock({ maxErrorMs: 5 });
//     const { latest } = await clock.now();  // rejects with ClockNotGood: refuse the step, also if nobody responds
//     await write(rfc3339(latest));
//     await clock.waitUntilPast(latest);     // before anybody sees the write

import http from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

const LARGEST_ANSWER = 65_536;
const SMALLEST_STEP_MS = 5;

/** Refuse the step. `codes` has the sidecar's codes, or `no_answer` (nothing usable), or `not_past`. */
export class ClockNotGood extends Error {
  name = "ClockNotGood";

  constructor(codes, reasons) {
    super(reasons.join("; "));
    this.codes = codes;
    this.reasons = reasons;
  }
}

const noAnswer = (why) => new ClockNotGood(["no_answer"], [`the sidecar gives no answer: ${why}`]);

/** The time as text with all its microseconds. */
export function rfc3339(microseconds) {
  const fraction = String(microseconds % 1_000_000).padStart(6, "0");
  return new Date(microseconds / 1000).toISOString().replace(/\d{3}Z$/, `${fraction}Z`);
}

function microseconds(text) {
  const [, seconds, fraction] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?Z$/.exec(text);
  const time = new Date(`${seconds}Z`);
  if (!time.toISOString().startsWith(seconds)) throw new RangeError(`no such time: ${text}`);
  return time.getTime() * 1000 + Number((fraction ?? "").padEnd(6, "0"));
}

/** Both clocks at the same moment. */
function clocks() {
  for (;;) {
    const [monotonic, wall] = [performance.now(), Date.now()];
    if (performance.now() - monotonic < 1) return { monotonic, wall }; // otherwise something else ran in between
  }
}

/** A good answer. It was true at some moment between request and response. Its range grows from there. */
class Answer {
  constructor(status, body, asked, limitMs) {
    Object.assign(this, { asked, got: performance.now() });
    try {
      const members = (this.members = JSON.parse(body));
      if (members.codes?.length) throw new ClockNotGood([...members.codes], [...members.reasons]);
      if (status !== 200 || members.verdict !== "good") throw new Error(members.error);
      this.earliest = microseconds(members.earliest);
      this.latest = microseconds(members.latest);
      // With the parameter `for`, the sidecar may have applied a smaller limit.
      this.limitMs = Math.min(limitMs, members.limits?.max_error_ms ?? limitMs);
      // Nothing is known to correct a clock whose source is an NTP server.
      this.drift = (members.max_drift_ppm ?? (members.source === "ntp" ? 100 : 15)) / 1e6;
      if (this.earliest > this.latest || !(this.drift >= 0 && this.drift < 1)) throw new RangeError("impossible range");
    } catch (error) {
      if (error instanceof ClockNotGood) throw error;
      throw noAnswer(`HTTP ${status}: ${error.message}`);
    }
  }

  isGood(now) {
    const boundMs = (this.latest - this.earliest) / 2000 + (now - this.asked.monotonic) * this.drift;
    return boundMs <= this.limitMs;
  }

  isFresh(cacheMs) {
    const { monotonic, wall } = clocks();
    const age = monotonic - this.asked.monotonic;
    return age < cacheMs && Math.abs(wall - this.asked.wall - age) < SMALLEST_STEP_MS && this.isGood(monotonic);
  }

  now() {
    const now = performance.now();
    if (!this.isGood(now)) {
      throw new ClockNotGood(["bound_over_limit"], ["the error bound has grown over the limit since the answer"]);
    }
    const earliest = this.earliest + Math.floor((now - this.got) * 1000 * (1 - this.drift));
    const latest = this.latest + Math.ceil((now - this.asked.monotonic) * 1000 * (1 + this.drift));
    return { earliest, latest, answer: this.members };
  }
}

/** A client. A thousand simultaneous callers make one request. */
export class Clock {
  // A separate agent: one connection, and never a proxy. node:http follows no redirects.
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  #answer;
  #flight;
  #options;

  /** `query` has more parameters of /clock, such as `{ max_age: "30m", for: "cockroachdb" }`. */
  constructor({ maxErrorMs, url = process.env.CLOCK_SIDECAR, cacheMs = 100, timeoutMs = 1000, query = {} }) {
    const parameters = new URLSearchParams({ max_error: `${Math.round(maxErrorMs * 1e6)}ns`, ...query });
    this.#options = { maxErrorMs, cacheMs, timeoutMs, url: `${url ?? "http://127.0.0.1:2780"}/clock?${parameters}` };
  }

  /** The range that contains true time. Rejects with ClockNotGood if the clock is not good or nothing is known. */
  async now() {
    if (this.#answer?.isFresh(this.#options.cacheMs)) return this.#answer.now();
    this.#flight ??= this.#fly().finally(() => (this.#flight = undefined));
    return (await this.#flight).now();
  }

  async #fly() {
    this.#answer = undefined;
    const signal = AbortSignal.timeout(this.#options.timeoutMs);
    try {
      this.#answer = await this.#ask(signal).catch((error) => {
        // The sidecar may close a connection that was idle: then ask again on a new one.
        return error.isStale && !signal.aborted ? this.#ask(signal) : Promise.reject(error);
      });
      return this.#answer;
    } catch (error) {
      if (error instanceof ClockNotGood) throw error;
      throw noAnswer(error.message);
    }
  }

  #ask(signal) {
    const asked = clocks();
    return new Promise((resolve, reject) => {
      const request = http.get(this.#options.url, { agent: this.#agent, signal }, async (response) => {
        try {
          let body = "";
          for await (const piece of response.setEncoding("utf8")) {
            body += piece;
            if (body.length > LARGEST_ANSWER) throw noAnswer("it is too large");
          }
          resolve(new Answer(response.statusCode, body, asked, this.#options.maxErrorMs));
        } catch (error) {
          reject(error);
        }
      });
      request.on("error", (error) => reject(Object.assign(error, { isStale: request.reusedSocket })));
    });
  }

  /** Resolves once true time is certainly past. Rejects with ClockNotGood after `patienceMs`. */
  async waitUntilPast(timestamp, patienceMs = 10_000) {
    const end = performance.now() + patienceMs;
    let codes = [];
    for (let patience; (patience = end - performance.now()) > 0; ) {
      let left;
      try {
        left = (timestamp - (await this.now()).earliest) / 1000;
        if (left < 0) return;
      } catch (error) {
        if (!(error instanceof ClockNotGood)) throw error;
        codes = error.codes; // it may become good again
        left = 50;
      }
      await sleep(Math.min(Math.max(left, 1), 1000, patience));
    }
    throw new ClockNotGood(["not_past", ...codes], [`${rfc3339(timestamp)} is not certainly past`]);
  }
}

/** A clock for your tests: good with this error bound, until `fail("not_synchronized")`; `fail()` ends it. */
export class FakeClock extends Clock {
  #codes = [];
  #bound;

  constructor(boundMs = 0.5) {
    super({ maxErrorMs: boundMs });
    this.#bound = Math.ceil(boundMs * 1000);
  }

  fail(...codes) {
    this.#codes = codes;
  }

  async now() {
    if (this.#codes.length) throw new ClockNotGood(this.#codes, ["fake"]);
    const now = Date.now() * 1000;
    return { earliest: now - this.#bound, latest: now + this.#bound, answer: { error_bound_ms: this.#bound / 1000 } };
  }
}
