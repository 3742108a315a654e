"""Runs in a container beside the sidecar, with Python's standard library alone, and writes what it sees as lines of JSON.

It ends after `PROBE_SECONDS`, and after an hour in any case, so nothing has to stop it.
"""

import ctypes
import http.client
import json
import os
import platform
import signal
import socket
import struct
import sys
import time
import urllib.parse

LONGEST_S = 3600
NTP_SERVERS = ("169.254.169.123", "fd00:ec2::123")
NTP_EPOCH = 2_208_988_800
NTP_EVERY_S = 16
SEGMENT = "/var/run/clockbound/shm0"
SEGMENT_BYTES = struct.Struct("=IIIHHqqqqqQIi8x")
DRIFT_MEMBERS = ("ClockErrorBound", "ReferenceTimestamp", "ClockSynchronizationStatus")


def say(kind, **members):
    print(json.dumps({"probe": kind, "at": time.time(), "mono": time.monotonic(), **members}), flush=True)


def endpoint():
    url = urllib.parse.urlsplit(os.environ["ECS_CONTAINER_METADATA_URI_V4"])
    return url.hostname, url.port or 80, url.path + "/task"


def read_document():
    """Status, headers and body of the task document, on a separate connection."""
    host, port, path = endpoint()
    connection = http.client.HTTPConnection(host, port, timeout=5)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def document_line():
    sent = time.monotonic()
    try:
        status, _, body = read_document()
        drift = json.loads(body).get("ClockDrift") if status == 200 else None
        drift = {key: drift[key] for key in DRIFT_MEMBERS if key in drift} if isinstance(drift, dict) else drift
        say("document", status=status, sent=sent, drift=drift)
    except (OSError, ValueError, http.client.HTTPException) as error:
        say("document", error=repr(error), sent=sent)


def seconds(field):
    return field[0] + field[1] / 2**32 - NTP_EPOCH


def ask_ntp(server, port=123):
    """One SNTP exchange: offset (server minus clock), distance, and the server's report on itself."""
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as link:
        link.settimeout(2)
        link.connect((server, port))
        t1, begin = time.time(), time.monotonic()
        whole = int(t1)
        origin = struct.pack("!II", whole + NTP_EPOCH, int((t1 - whole) * 2**32))
        link.send(b"\x23" + bytes(39) + origin)
        while True:
            packet = link.recv(512)
            t4, elapsed = time.time(), time.monotonic() - begin
            if len(packet) >= 48 and packet[24:32] == origin:
                break
    first, stratum, _, precision = struct.unpack("!BBbb", packet[:4])
    delay, dispersion = (value / 65536 for value in struct.unpack("!II", packet[4:12]))
    reference, t2, t3 = (seconds(struct.unpack("!II", packet[at : at + 8])) for at in (16, 32, 40))
    distance = dispersion + delay / 2 + max(elapsed - (t3 - t2), 0) / 2 + 2.0**precision + 49e-6
    return {
        "offset": ((t2 - t1) + (t3 - t4)) / 2, "distance": distance, "stratum": stratum, "leap": first >> 6, "dispersion": dispersion,
        "delay": delay, "reference_age": t3 - reference, "refid": packet[12:16].hex(),
    }  # fmt: skip


def ntp_lines():
    for server in NTP_SERVERS:
        try:
            say("ntp", server=server, **ask_ntp(server))
        except OSError as error:
            say("ntp", server=server, error=repr(error))


def read_segment(path=SEGMENT):
    """ClockBound's segment of layout 2, read as its clients read it."""
    with open(path, "rb") as file:
        raw = file.read(80)
    magic, magic2, size, version, generation, *times, bound, _, drift, status = SEGMENT_BYTES.unpack(raw)
    as_of, void_after = times[0] + times[1] / 1e9, times[2] + times[3] / 1e9
    now = time.clock_gettime(time.CLOCK_MONOTONIC)
    good = (magic, magic2, size, version) == (0x414D5A4E, 0x43420200, 80, 2) and generation and generation % 2 == 0
    half = bound / 1e9 + max(now - as_of, 0) * drift / 1e9
    return {"good": bool(good and status == 1 and now < void_after), "status": status, "half_ms": half * 1000, "generation": generation}


def volume_lines():
    folder = os.path.dirname(SEGMENT)
    stat = os.stat(folder)
    say("volume", uid=stat.st_uid, gid=stat.st_gid, mode=oct(stat.st_mode & 0o7777))
    for _ in range(10):
        try:
            say("segment", **read_segment())
        except (OSError, struct.error) as error:
            say("segment", good=False, error=repr(error))
        time.sleep(1)


def content_of(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError as error:
        return repr(error)


def host_lines():
    """The kernel's report on its clock, which needs no privilege."""
    buffer = ctypes.create_string_buffer(256)
    libc = ctypes.CDLL(None, use_errno=True)
    state = libc.adjtimex(buffer)
    modes, offset, freq, maxerror, esterror, status = struct.unpack_from("@Illlli", buffer.raw)
    kernel = {"offset": offset, "freq": freq, "maxerror": maxerror, "esterror": esterror, "status": status}
    devices = [name for name in sorted(os.listdir("/dev")) if name.startswith(("ptp", "vmclock"))]
    source = content_of("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    say("host", adjtimex=kernel if state >= 0 else f"errno {ctypes.get_errno()}", devices=devices, clocksource=source,
        kernel=platform.release(), machine=platform.machine())  # fmt: skip


def endpoint_lines():
    """Form, idle close and limit of the endpoint. Fewer requests than the limit that would break the task's credentials."""
    status, headers, body = read_document()
    say("form", status=status, chunked="Transfer-Encoding" in headers, length=len(body), headers=sorted(headers))
    host, port, path = endpoint()
    with socket.create_connection((host, port), timeout=10) as link:
        link.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        first = time.monotonic()
        while link.recv(65536):
            last = time.monotonic()
        say("idle", seconds=time.monotonic() - last, first=last - first)
    codes = [read_document()[0] for _ in range(40)]
    say("burst", requests=len(codes), refused=codes.count(429))


def main():
    # As process 1 it would ignore SIGTERM, and ECS would wait for half a minute.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    end = time.monotonic() + min(float(os.environ.get("PROBE_SECONDS", "300")), LONGEST_S)
    say("started", python=platform.python_version())
    for lines in (host_lines, endpoint_lines):
        try:
            lines()
        except Exception as error:  # noqa: BLE001 (what one part cannot see must not end the others)
            say("failed", part=lines.__name__, error=repr(error))
    turn, volume_at = 0, 30
    while time.monotonic() < end:
        begin = time.monotonic()
        document_line()
        if turn % NTP_EVERY_S == 0:
            ntp_lines()
        if turn == volume_at:
            try:
                volume_lines()
            except Exception as error:  # noqa: BLE001 (as above)
                say("failed", part="volume_lines", error=repr(error))
        turn += 1
        time.sleep(max(1 - (time.monotonic() - begin), 0))
    say("stopped")


if __name__ == "__main__":
    main()
