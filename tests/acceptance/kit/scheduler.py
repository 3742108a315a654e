"""Runs experiments side by side: each is a generator that yields the seconds to wait before it continues."""

import heapq
from itertools import count


def run(generators, clock, *, finished, failed, switch=lambda name: None):
    """Runs `{name: generator}` to their ends.

    `finished(name, value)` is called with what a generator returns, `failed(name, error)` with what it raises, `switch(name)`
    before each continues. An interrupt is not an error of the generator that it hits, and leaves this function.
    """
    order = count()
    waiting = [(clock.now(), next(order), name, generator) for name, generator in generators.items()]
    heapq.heapify(waiting)
    while waiting:
        wake, _, name, generator = heapq.heappop(waiting)
        if (pause := wake - clock.now()) > 0:
            clock.sleep(pause)
        switch(name)
        try:
            pause = next(generator)
        except StopIteration as end:
            finished(name, end.value)
        except Exception as error:  # noqa: BLE001 (one experiment's error must not end the others; it is reported)
            failed(name, error)
        else:
            heapq.heappush(waiting, (clock.now() + pause, next(order), name, generator))
