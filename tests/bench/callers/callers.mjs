// Asks a sidecar from many callers with the built-in fetch: callers.mjs ADDRESS CALLERS REQUESTS kept|new

const [address, callers, requests, way] = process.argv.slice(2);
const headers = way === "new" ? { connection: "close" } : {};
const failures = [];

async function caller() {
  for (let number = 0; number < Number(requests); number++) {
    try {
      const answer = await fetch(`http://${address}/clock`, { headers, signal: AbortSignal.timeout(30_000) });
      await answer.json();
      if (answer.status !== 200) failures.push(`status ${answer.status}`);
    } catch (error) {
      failures.push(`${error} ${error.cause ?? ""}`);
    }
  }
}

await Promise.all(Array.from({ length: Number(callers) }, caller));
console.log(Number(callers) * Number(requests), failures.length, failures[0] ?? "");
process.exit(0);
