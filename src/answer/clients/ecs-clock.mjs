// Asks the ecs-clock-emf sidecar whether this task's clock is good, and for the range of true time.
//
// Copy this file, and ecs-clock.d.mts for TypeScript. It needs Node 18 or later and no packages.
// Keep one client for the process. Times are whole microseconds since 1970:
//
//     const clock = new Clock({ maxErrorMs: 5 });
//     const { latest } = await clock.now();  // rejects with ClockNotGood: refuse the step
//     await write(rfc3339(latest));
//     await clock.waitUntilPast(latest);     // before anybody sees the write

import http from "node:http";
import { performance } from "node:perf_hooks";
import { setTimeout as sleep } from "node:timers/promises";

const LARGEST_LINE = 65_536;

/** Refuse the step. `codes` are the sidecar's, or `no_answer` (nothing usable), or `not_past`. */
export class ClockNotGood extends Error {
  name = "ClockNotGood";

  constructor(codes, reasons) {
    super(reasons.join("; "));
    this.codes = codes;
    this.reasons = reasons;
  }
}

const noAnswer = (why) => new ClockNotGood(["no_answer"], [`the sidecar gives no answer: ${why}`]);

/** The time as text with all its microseconds, which a Date does not have. */
export function rfc3339(microseconds) {
  const fraction = String(microseconds % 1_000_000).padStart(6, "0");
  return new Date(microseconds / 1000).toISOString().replace(/\d{3}Z$/, `${fraction}Z`);
}

/** A good answer. Its range was true when it was asked for. */
class Answer {
  constructor(asked, status, line, maxErrorMs) {
    const notGood = /^not_good ([a-z0-9_,]+)\t([^\n]+)\n$/.exec(line);
    if (notGood) throw new ClockNotGood(notGood[1].split(","), notGood[2].split("\t"));
    const [, earliest, latest] = /^good ([0-9]{16}) ([0-9]{16})\n$/.exec(line) ?? [];
    this.asked = asked;
    // It may be from the end of the request, so at the beginning true time was earlier.
    this.earliest = Number(earliest) - Math.ceil((performance.now() - asked) * 1000);
    this.latest = Number(latest);
    const width = latest - earliest; // NaN without a range
    const isRange = width >= 0 && width <= 2 * (maxErrorMs * 1000 + 1);
    if (status !== 200 || !isRange || !this.atPresent(Infinity)) {
      throw noAnswer(`HTTP ${status}: ${JSON.stringify(line.slice(0, 200))}`);
    }
  }

  /**
   * The range, moved to the present. Undefined if it is too old, or does not contain this machine's
   * clock: after a step or a suspension, or if it is of another clock.
   */
  atPresent(longestMs) {
    const before = performance.now();
    const wall = Date.now() * 1000; // the millisecond that has begun
    const after = performance.now();
    const earliest = this.earliest + Math.floor((before - this.asked) * 1000);
    const latest = this.latest + Math.ceil((after - this.asked) * 1000);
    const isUsable = after - this.asked <= longestMs && earliest < wall + 1000 && wall <= latest;
    return isUsable ? { earliest, latest } : undefined;
  }
}

/** A client. A thousand simultaneous callers make one request. */
export class Clock {
  // A separate agent: one connection, and never a proxy. node:http follows no redirects.
  #agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  #last;
  #flight;

  /** `query` has more parameters of /clock, such as `{ max_age: "30m", for: "etcd" }`. */
  constructor({ maxErrorMs, url, cacheMs = 100, timeoutMs = 1000, query = {} }) {
    Object.assign(this, { maxErrorMs, cacheMs, timeoutMs });
    // The sidecar judges the clock as it may be at the end of this time.
    this.validForMs = Math.ceil(cacheMs + timeoutMs);
    const maxErrorNs = Math.round(maxErrorMs * 1e6);
    const limits = { max_error: `${maxErrorNs}ns`, valid_for: `${this.validForMs}ms` };
    const sidecar = url ?? process.env.CLOCK_SIDECAR ?? "http://127.0.0.1:2780";
    this.url = `${sidecar}/clock.txt?${new URLSearchParams({ ...limits, ...query })}`;
  }

  /** The range of true time. Rejects with ClockNotGood if the clock is not good, or unknown. */
  async now() {
    const kept = this.#last?.atPresent(this.cacheMs);
    if (kept) return kept;
    this.#flight ??= this.#fly().finally(() => (this.#flight = undefined));
    const now = (await this.#flight).atPresent(this.validForMs);
    if (!now) throw noAnswer("it came too late, or the clock was stepped meanwhile");
    return now;
  }

  async #fly() {
    this.#last = undefined;
    const signal = AbortSignal.timeout(this.timeoutMs);
    try {
      this.#last = await this.#ask(signal);
    } catch (error) {
      // The sidecar may have closed the connection that was kept: ask again on a new one.
      if (!error.isOfKeptConnection) throw error;
      this.#last = await this.#ask(signal);
    }
    return this.#last;
  }

  #ask(signal) {
    const asked = performance.now();
    return new Promise((resolve, reject) => {
      const request = http.get(this.url, { agent: this.#agent, signal }, async (response) => {
        try {
          let line = "";
          for await (const piece of response.setEncoding("utf8")) {
            line += piece;
            if (line.length > LARGEST_LINE) throw new Error("it is too large");
          }
          resolve(new Answer(asked, response.statusCode, line, this.maxErrorMs));
        } catch (error) {
          reject(error instanceof ClockNotGood ? error : noAnswer(error.message));
        }
      });
      request.on("error", (error) => {
        const isOfKeptConnection = request.reusedSocket && !signal.aborted;
        reject(Object.assign(noAnswer(error.message), { isOfKeptConnection }));
      });
    });
  }

  /** Resolves once true time is certainly past. Rejects with ClockNotGood after `patienceMs`. */
  async waitUntilPast(timestamp, patienceMs = 10_000) {
    const end = performance.now() + patienceMs;
    let codes = [];
    for (let patience; (patience = end - performance.now()) > 0; ) {
      let leftMs = 50;
      try {
        leftMs = (timestamp - (await this.now()).earliest) / 1000;
        if (leftMs < 0) return;
      } catch (error) {
        if (!(error instanceof ClockNotGood)) throw error;
        codes = error.codes; // it may become good again
      }
      await sleep(Math.min(Math.max(leftMs, 1), 1000, patience));
    }
    throw new ClockNotGood(["not_past", ...codes], [`${rfc3339(timestamp)} is not certainly past`]);
  }
}

/** A clock for your tests: good with the bound `maxErrorMs`, not good while it has `codes`. */
export class FakeClock extends Clock {
  codes = [];

  async now() {
    if (this.codes.length) throw new ClockNotGood(this.codes, ["fake"]);
    const now = Date.now() * 1000;
    const bound = Math.ceil(this.maxErrorMs * 1000);
    return { earliest: now - bound, latest: now + bound };
  }
}
