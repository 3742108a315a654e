"""Runs the demonstration application."""

import json
import signal
import subprocess
import threading
import urllib.error
import urllib.request


class Application:
    """A running `clock-demo` whose limit is 5 ms."""

    def __init__(self, binary, environment, listen):
        self._process = subprocess.Popen(
            [binary, "--listen", listen, "--max-error", "5ms"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment, text=True,
        )  # fmt: skip
        told = []
        for line in self._process.stderr:
            told.append(line)
            event = json.loads(line)
            if event["message"] == "listening":
                self.host = event["address"]
                break
        else:
            raise AssertionError(f"the application ended at once: {told}")
        self.address = f"http://{self.host}"
        # An unread pipe would stop it once it is full.
        self._drain = threading.Thread(target=self._process.stderr.read, daemon=True)
        self._drain.start()

    def clock(self):
        """Its JSON answer, for a good clock or a bad one."""
        try:
            with urllib.request.urlopen(f"{self.address}/clock", timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as answer:
            assert answer.code == 503
            return json.load(answer)

    def freeze(self):
        """Keeps its connections open but does not answer."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self):
        self._process.send_signal(signal.SIGCONT)

    def close(self):
        self._process.kill()
        self._process.wait()
        self._drain.join(timeout=30)
        self._process.stderr.close()
