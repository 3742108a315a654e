"""A sidecar that answers what a test tells it to, and counts."""

import socket
import threading
import time


def good(bound_ms=0.5, now=None):
    """The line of a good answer, as of now, or of a time in microseconds."""
    now = time.time_ns() // 1000 if now is None else now
    bound = int(bound_ms * 1000)
    return f"good {now - bound} {now + bound + 1}\n"


def not_good(*codes):
    return f"not_good {','.join(codes)}" + "".join(f"\tfor {code}" for code in codes) + "\n"


def response(body, status=200, headers=""):
    """The bytes of a response; `body` is text or bytes."""
    body = body if isinstance(body, bytes) else body.encode()
    length = f"content-type: text/plain\r\ncontent-length: {len(body)}\r\n"
    return f"HTTP/1.1 {status} Word\r\n{length}{headers}\r\n".encode() + body


class Scripted:
    """Listens on loopback. `play` is a function that returns the bytes to answer a request with, or pieces of them and
    pauses between them in seconds. At `None` the connection is closed, after `b""` it stays silent."""

    def __init__(self, host="127.0.0.1"):
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._listener = socket.create_server((host, 0), family=family, backlog=1024)
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self._listener.getsockname()[1]}"
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
                    pieces = [answer] if isinstance(answer, bytes) else answer
                    for piece in pieces:
                        if piece is None:
                            return
                        connection.sendall(piece) if isinstance(piece, bytes) else time.sleep(piece)
                    if any(b"connection: close" in piece for piece in pieces if isinstance(piece, bytes)):
                        return
        except OSError:
            pass
        finally:
            connection.close()

    def drop_connections(self):
        """Closes idle connections, as a sidecar does after a while."""
        for connection in self.connections:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        """May be called again."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._listener.close()
        self.drop_connections()
