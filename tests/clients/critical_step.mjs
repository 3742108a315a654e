// A critical step that rests on the clock, in Node: the built-in fetch asks the sidecar.

const sidecar = process.env.CLOCK_SIDECAR ?? "http://127.0.0.1:2780";

/** What `/clock` says of a good clock. Throws if it is not good, and if nobody answers. */
async function clock(parameters) {
  const url = `${sidecar}/clock?${new URLSearchParams(parameters)}`;
  const answer = await fetch(url, { signal: AbortSignal.timeout(1000) });
  const said = await answer.json();
  if (!answer.ok) throw new Error((said.reasons ?? [said.error]).join("; "));
  return said;
}

/** Resolves once every correct clock in the world shows a later time than `timestamp`. */
async function waitUntilPast(timestamp, patience = 10_000) {
  const deadline = performance.now() + patience;
  while (performance.now() < deadline) {
    // A clock that is not good now may become good again.
    const said = await clock({ after: timestamp }).catch(() => ({}));
    if (said.certainly_past) return;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  throw new Error(`${timestamp} is not certainly past`);
}

/** Takes the step with the latest time it can be, and waits that time out before anybody hears of it. */
async function commit(write) {
  const { latest } = await clock({ max_error: "5ms" });
  await write(latest);
  await waitUntilPast(latest);
  return latest;
}

try {
  console.log("committed", await commit((timestamp) => console.log("writing", timestamp)));
} catch (reason) {
  console.error(`refused: ${reason.message}`);
  process.exitCode = 1;
}
