"""A CloudWatch Logs service that can be down: a proxy before the tests' server that keeps what it refused."""

import json
import threading
import urllib.error
import urllib.request
from collections import defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

# Hop-by-hop headers are not forwarded.
HOP = {"host", "connection", "content-length", "accept-encoding", "transfer-encoding"}


class LogsGate:
    """Forwards each request to the server at `base`; while it is closed, events are answered with 503 and kept in `refused`."""

    def __init__(self, base):
        self.is_open = threading.Event()
        self.is_open.set()
        # The lines that were refused, by log group.
        self.refused = defaultdict(list)
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers["X-Amz-Target"].endswith(".PutLogEvents") and not gate.is_open.is_set():
                    put = json.loads(body)
                    gate.refused[put["logGroupName"]] += [event["message"] for event in put["logEvents"]]
                    self.answer(503, {}, b'{"__type":"ServiceUnavailableException"}')
                    return
                headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
                request = urllib.request.Request(base + self.path, data=body, headers=headers)
                try:
                    with urllib.request.urlopen(request, timeout=30) as answer:
                        self.answer(answer.status, answer.headers, answer.read())
                except urllib.error.HTTPError as refused:
                    self.answer(refused.code, refused.headers, refused.read())

            def answer(self, status, headers, body):
                self.send_response(status)
                for name in ("Content-Type", "x-amzn-RequestId", "x-amzn-ErrorType"):
                    if name in headers:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                """Logs nothing, to keep the tests' output clean."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.base = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
