"""The TypeScript declarations are those of the client: what they allow compiles, and nothing else does."""

import json
import os
import shutil
import subprocess
import sys

from languages import CLIENTS, DRIVERS, PATIENCE

# The compiler is installed with the CDK example.
sys.path.append(str(DRIVERS.parents[1] / "ways"))

CHECKED = """
import { Clock, ClockNotGood, FakeClock, rfc3339, type Code, type Now } from "./ecs-clock.mjs";

const clock: Clock = process.env.CI ? new FakeClock({ maxErrorMs: 1 }) : new Clock({ maxErrorMs: 5, query: { max_age: "30m" } });

export async function commit(write: (timestamp: string) => Promise<void>): Promise<Code[]> {
  try {
    const now: Now = await clock.now();
    await write(rfc3339(now.latest));
    await clock.waitUntilPast(now.latest, 1000);
    const width: number = now.latest - now.earliest;
    return width === 0 ? ["bound_unknown", "a_later_code"] : [];
  } catch (error) {
    if (error instanceof ClockNotGood && error.codes.includes("not_synchronized")) return error.codes;
    throw error;
  }
}

// @ts-expect-error the limit has another name
new Clock({ maxError: 5 });
// @ts-expect-error a time is a number of microseconds
void clock.waitUntilPast(rfc3339(0));
// @ts-expect-error a range has no middle
export const middle: Promise<number> = clock.now().then((now) => now.middle);
// @ts-expect-error only a fake can be told what to refuse
clock.codes = ["not_synchronized"];
"""


def test_what_is_declared_compiles_and_nothing_else(tmp_path):
    import cdk

    (tmp_path / "node_modules").symlink_to(cdk.installed())
    for name in ("ecs-clock.mjs", "ecs-clock.d.mts"):
        shutil.copy2(CLIENTS / name, tmp_path)
    (tmp_path / "checked.mts").write_text(CHECKED)
    options = "--strict --noEmit --skipLibCheck --module nodenext --target es2022 --types node --noUnusedLocals"
    done = subprocess.run(
        ["node", "node_modules/typescript/bin/tsc", *options.split(), "checked.mts"], cwd=tmp_path, capture_output=True, text=True,
        stdin=subprocess.DEVNULL, timeout=PATIENCE, env={"PATH": os.environ["PATH"]},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_every_code_is_declared():
    schema = json.loads((DRIVERS.parents[2] / "src" / "clock" / "report.schema.json").read_text())
    declared = (CLIENTS / "ecs-clock.d.mts").read_text()
    assert schema["properties"]["codes"]["items"]["enum"]
    for code in schema["properties"]["codes"]["items"]["enum"]:
        assert f'  | "{code}"\n' in declared, code


def test_every_export_is_declared():
    module = (CLIENTS / "ecs-clock.mjs").read_text()
    declared = (CLIENTS / "ecs-clock.d.mts").read_text()
    exports = [line.split()[2].split("(")[0] for line in module.splitlines() if line.startswith("export ")]
    assert len(exports) == 4
    for name in exports:
        assert f"{name} " in declared or f"{name}(" in declared, name
