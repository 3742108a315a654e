"""An NTP server whose clock and leap indicator a test sets."""

import socket
import struct
import threading
import time

NTP_EPOCH = 2_208_988_800


class NtpServer:
    """Answers on loopback from a thread. Its clock is `ahead` seconds ahead of the machine's."""

    def __init__(self):
        self.ahead, self.leap, self.answered = 0.0, 0, 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.address = "127.0.0.1:{1}".format(*self._socket.getsockname())
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        while True:
            request, client = self._socket.recvfrom(1024)
            if len(request) != 48:  # the one that ends it
                return
            now = time.time() + self.ahead
            seconds = int(now)
            stamp = struct.pack("!II", seconds + NTP_EPOCH, int((now - seconds) * (1 << 32)))
            # Stratum 2, poll 2^4 s, precision 2^-24 s, root delay and dispersion of about 0.5 ms.
            head = struct.pack("!BBbbIII", self.leap << 6 | 4 << 3 | 4, 2, 4, -24, 32, 32, 0xA9FEA97A)
            self._socket.sendto(head + stamp + request[40:48] + stamp + stamp, client)
            self.answered += 1

    def close(self):
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join(timeout=30)
        self._socket.close()
