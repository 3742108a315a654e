"""A proxy before the task metadata endpoint that keeps every answer, so that a test knows what was served."""

import json
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit


class RecordingProxy:
    """Forwards each GET to the endpoint at `base` and remembers the task documents it passed on."""

    def __init__(self, base):
        upstream = urlsplit(base)
        self.documents = []
        self.failures = []
        self.lock = threading.Lock()
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                try:
                    with urllib.request.urlopen(f"http://{upstream.netloc}{self.path}", timeout=10) as answer:
                        status, body = answer.status, answer.read()
                except urllib.error.HTTPError as refused:
                    status, body = refused.code, refused.read()
                except OSError:
                    # If the endpoint does not answer, neither does the proxy.
                    proxy.record(None, None)
                    self.close_connection = True
                    return
                proxy.record(status, body)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Logs nothing, to keep the tests' output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}{upstream.path}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def record(self, status, body):
        """Keeps a document that was served, or the status of an answer that held none (`None` for no answer)."""
        with self.lock:
            if status == 200:
                self.documents.append(json.loads(body))
            else:
                self.failures.append(status)

    def served(self):
        """The `ClockDrift` of each task document so far, in order."""
        with self.lock:
            return [document["ClockDrift"] for document in self.documents]

    def close(self):
        """Stops serving."""
        self.server.shutdown()
        self.server.server_close()
