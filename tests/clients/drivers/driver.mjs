// Drives ecs-clock.mjs by the protocol of languages.py.

import { createInterface } from "node:readline";

import { Clock, ClockNotGood, FakeClock } from "../../../src/answer/clients/ecs-clock.mjs";

const wall = () => BigInt(Date.now()) * 1_000_000n;
// A Date has milliseconds: the present is up to one later.
const later = () => wall() + 1_000_000n;
const nanoseconds = (microseconds) => BigInt(microseconds) * 1000n;

function refused(error) {
  if (!(error instanceof ClockNotGood)) throw error;
  return `refused ${error.codes.join(",")} ${error.message}`;
}

async function now(clock) {
  const before = wall();
  try {
    const { earliest, latest } = await clock.now();
    return `good ${nanoseconds(earliest)} ${nanoseconds(latest)} ${before} ${later()}`;
  } catch (error) {
    return refused(error);
  }
}

async function many(clock, count) {
  const outcomes = await Promise.all(Array.from({ length: count }, () => now(clock)));
  const good = outcomes.filter((outcome) => outcome.startsWith("good ")).length;
  return `many ${good} ${count - good}`;
}

async function past(clock, laterMs, patienceMs) {
  let ticks = 0;
  const ticker = setInterval(() => (ticks += 1), 1);
  try {
    const timestamp = (await clock.now()).latest + laterMs * 1000;
    await clock.waitUntilPast(timestamp, patienceMs);
    return `past ${nanoseconds(timestamp)} ${later()} ${ticks}`;
  } catch (error) {
    return refused(error);
  } finally {
    clearInterval(ticker);
  }
}

async function fake() {
  const clock = new FakeClock({ maxErrorMs: 0.5 });
  const [first] = (await now(clock)).split(" ");
  await clock.waitUntilPast((await clock.now()).latest);
  clock.codes = ["not_synchronized"];
  return `fake ${first} ${(await now(clock)).split(" ")[1]}`;
}

let clock;
const commands = {
  open(url, maxErrorMs, cacheMs, timeoutMs) {
    clock = new Clock({ url, maxErrorMs: Number(maxErrorMs), cacheMs: Number(cacheMs), timeoutMs: Number(timeoutMs) });
    return "opened";
  },
  now: () => now(clock),
  many: (count) => many(clock, Number(count)),
  past: (laterMs, patienceMs) => past(clock, Number(laterMs), Number(patienceMs)),
  fake,
};
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...parameters] = line.split(" ");
  console.log(await commands[command](...parameters));
}
