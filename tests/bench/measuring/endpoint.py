"""The example endpoint as a process: each program that is measured has one to itself, which counts its samples."""

import json
import subprocess
import time
import urllib.request

VARIABLE = "ECS_CONTAINER_METADATA_URI_V4"
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Endpoint:
    """A running endpoint on a free port of loopback."""

    def __init__(self, binary):
        self._process = subprocess.Popen([binary], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        name, _, self.base = self._process.stdout.readline().strip().partition("=")
        if name != VARIABLE:
            raise RuntimeError(f"{binary}: expected {VARIABLE}=…, got {name!r}")

    def samples(self):
        """How often the task document was asked for."""
        control = self.base.split("/v4/")[0] + "/requests"
        with OPENER.open(control, timeout=10) as answer:
            return json.load(answer)["task_requests"]

    def await_samples(self, wanted, patience, process):
        """Waits until `process` has asked so often."""
        deadline = time.monotonic() + patience
        while (now := self.samples()) < wanted:
            if time.monotonic() > deadline:
                raise TimeoutError(f"expected {wanted} samples within {patience} s, got {now}")
            if process.poll() is not None:
                raise RuntimeError(f"{process.args} ended with {process.returncode} after {now} samples")
            time.sleep(0.02)
        return now

    def stop(self):
        self._process.terminate()
        self._process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
