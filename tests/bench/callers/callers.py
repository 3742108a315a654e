"""Asks a sidecar from many threads: callers.py ADDRESS CALLERS REQUESTS kept|new"""

import http.client
import sys
import threading
import urllib.request


def kept(address, requests):
    connection = http.client.HTTPConnection(address, timeout=30)
    for _ in range(requests):
        connection.request("GET", "/clock")
        answer = connection.getresponse()
        answer.read()
        yield answer.status


def new(address, requests):
    for _ in range(requests):
        with urllib.request.urlopen(f"http://{address}/clock", timeout=30) as answer:
            answer.read()
            yield answer.status


def main():
    address, callers, requests, way = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    failures = []

    def caller():
        answered = 0
        try:
            for status in (kept if way == "kept" else new)(address, requests):
                answered += 1
                if status != 200:
                    failures.append(f"status {status}")
        except Exception as error:  # any failure of a client counts
            failures.extend([repr(error)] * (requests - answered))

    threading.stack_size(256 * 1024)
    threads = [threading.Thread(target=caller) for _ in range(callers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(callers * requests, len(failures), *failures[:1])


main()
