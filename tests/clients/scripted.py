"""A sidecar that answers what a test tells it to, and counts."""

import json
import socket
import threading
import time
from datetime import datetime, timezone


def rfc3339(nanoseconds):
    seconds, rest = divmod(nanoseconds, 10**9)
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest // 1000:06}Z"


def good(bound_ms=0.5, **members):
    """The members of a good answer, as of now."""
    now, bound = time.time_ns(), int(bound_ms * 1e6)
    answer = {
        "verdict": "good", "reasons": [], "codes": [], "warnings": [], "source": "ecs", "status": "SYNCHRONIZED",
        "error_bound_ms": bound_ms, "reference_timestamp": None, "reference_age_s": None, "age_adjusted_bound_ms": None,
        "read_at": rfc3339(now), "earliest": rfc3339(now - bound), "latest": rfc3339(now + bound + 999),
        "new_member": {"of": [1, "a later version", None, {"}": "\\\""}]},
    }  # fmt: skip
    return answer | members


def response(body, status=200, headers=""):
    """The bytes of a response; `body` is text, or members to write as JSON."""
    text = body if isinstance(body, str) else json.dumps(body, separators=(",", ":")) + "\n"
    length = len(text.encode())
    return f"HTTP/1.1 {status} Word\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n{headers}\r\n{text}".encode()


def not_good(*codes, **members):
    reasons = [f"for {code}" for code in codes]
    return good(verdict="not_good", codes=list(codes), reasons=reasons, earliest=None, latest=None) | members


class Scripted:
    """Listens on loopback. `play` is a function that returns the bytes to answer a request with. After `None` the
    connection is closed without an answer, after `b""` it stays silent."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests = []
        self.connections = []
        self.play = lambda: response(good())
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        buffer = b""
        try:
            while received := connection.recv(65536):
                buffer += received
                while b"\r\n\r\n" in buffer:
                    head, _, buffer = buffer.partition(b"\r\n\r\n")
                    self.requests.append(head.decode())
                    answer = self.play()
                    if answer is None:
                        return
                    connection.sendall(answer)
                    if b"connection: close" in answer:
                        return
        except OSError:
            pass
        finally:
            connection.close()

    def drop_connections(self):
        """Closes what is idle, as a sidecar does after a while."""
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.drop_connections()
