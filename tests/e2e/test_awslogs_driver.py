"""From the endpoint through the sidecar, its image and the real awslogs driver into CloudWatch Logs, and back."""

import datetime
import itertools
import json
import time

import pytest
from emf_extract import extract
from sidecar import QUICK, Sidecar, messages, wait_until

BLOCKING = {"mode": "blocking", "max-buffer-size": None}
NON_BLOCKING = {"mode": "non-blocking", "max-buffer-size": "1m"}


@pytest.fixture
def sidecar(engine, image, logs_endpoint):
    """A function that makes a sidecar; its container is removed afterwards."""
    made = []

    def make(base, **options):
        made.append(Sidecar(engine, image, logs_endpoint, base, **options))
        return made[-1]

    yield make
    for each in made:
        if each.container:
            engine.run("rm", "--force", each.container)


def documents(lines):
    """The EMF documents among the lines, by sequence number."""
    emf = [json.loads(line) for line in lines if '"_aws"' in line]
    return sorted(emf, key=lambda document: document["Sequence"])


def points_of(document):
    """The data points that CloudWatch extracts from a document, by metric name."""
    points, faults = extract(json.dumps(document), time.time_ns() // 1_000_000)
    assert faults == []
    by_name = {point["metric"]: point for point in points}
    assert len(by_name) == len(points), "one dimension set makes one point for each metric"
    return by_name


def values_of(emf, metric):
    """All values of a metric over the documents, in order."""
    return [value for document in emf for value in points_of(document).get(metric, {"values": []})["values"]]


def arrived(logs, group, requests, count):
    """The documents of a stopped sidecar once the driver has delivered the outcome of every request.

    `count` gives the number of outcomes in a document. The only exception is a request that was in progress when the
    signal arrived.
    """

    def all_there():
        emf = documents(messages(logs, group))
        return emf if sum(map(count, emf)) >= requests - 1 else None

    return wait_until(all_there, f"log group with at least {requests - 1} outcomes")


def samples(document):
    return document.get("Samples", 0)


def read_errors(document):
    return document.get("ClockReadErrors", 0)


def assert_same_as_served(emf, proxy):
    """Every bound and status arrived, in order, in the right line, under the endpoint's names."""
    served = proxy.served()
    task = proxy.documents[0]
    dimensions = {"ClusterName": task["Cluster"].rsplit("/", 1)[-1], "ServiceName": task["ServiceName"]}
    assert {document["StartedAt"] for document in emf} == {emf[0]["StartedAt"]}
    first = emf[0]["Sequence"]
    assert [document["Sequence"] for document in emf] == list(range(first, first + len(emf)))

    at, early_closings, previous = 0, 0, None
    for document in emf:
        if document["Samples"] == 0:
            # The last line of a process, if its window held no reading.
            assert document["Stopping"] and document is emf[-1]
            continue
        points = points_of(document)
        bounds = points["ClockErrorBound"]["values"]
        window = served[at : at + len(bounds)]
        at += len(bounds)
        assert bounds == pytest.approx([reading["ClockErrorBound"] for reading in window], abs=0.501e-6, rel=0)
        assert all(round(bound, 6) == bound for bound in bounds), "no digit below a nanosecond"
        statuses = [reading["ClockSynchronizationStatus"] for reading in window]
        assert document["ClockSynchronizationStatus"] == statuses[-1]
        # A change begins a new line; if that happens too often, it is counted in the current one.
        assert len(set(statuses)) == 1 or early_closings >= 3
        changes = sum(one != other for one, other in itertools.pairwise([previous or statuses[0], *statuses]))
        assert document.get("StatusChanges", 0) == changes
        early_closings += changes
        previous = statuses[-1]
        assert points["ClockSynchronized"]["values"] == [1 if set(statuses) == {"SYNCHRONIZED"} else 0]
        assert document["ReferenceTimestamp"] == window[-1]["ReferenceTimestamp"]
        [age] = points["ClockReferenceAge"]["values"]
        youngest, oldest = ages_at_last_reading(document, window)
        # While the reference does not change, both are the same.
        assert youngest - 0.002 <= age <= oldest + 0.002
        assert document["Samples"] == len(bounds)
        assert document["TaskId"] == task["TaskARN"].rsplit("/", 1)[-1]
        assert document["ClockSource"] == "ecs"
        for name, point in points.items():
            assert point["namespace"] == "ECS/ClockAccuracy", name
            assert point["dimensions"] == dimensions, name
    assert at in (len(served), len(served) - 1)
    assert not any("ClockReadErrors" in points_of(document) for document in emf)


def ages_at_last_reading(document, window):
    """The ages in seconds of a line's newest and oldest reference at its last reading."""
    references = [datetime.datetime.fromisoformat(reading["ReferenceTimestamp"]).timestamp() for reading in window]
    at = document["_aws"]["Timestamp"] / 1000
    return at - max(references), at - min(references)


@pytest.mark.parametrize("scenario, log_options", [
    ("wandering", BLOCKING),
    ("wandering", NON_BLOCKING),
    ("flipping", NON_BLOCKING),
], ids=["blocking", "non-blocking", "non-blocking-flipping"])  # fmt: skip
def test_cloudwatch_gets_what_the_endpoint_served(endpoint, sidecar, logs, scenario, log_options):
    proxy = endpoint(scenario)
    running = sidecar(proxy.base, log_options=log_options).start()
    wait_until(lambda: len(proxy.served()) >= 15, "fifteenth reading")
    assert running.stop() == 0
    emf = arrived(logs, running.group, len(proxy.served()), samples)
    assert len(emf) >= 3, "several windows"
    assert_same_as_served(emf, proxy)


def test_the_open_window_survives_sigterm(endpoint, sidecar, logs):
    proxy = endpoint("wandering")
    # The window stays open for up to a minute, so only the signal can close it.
    running = sidecar(proxy.base, environment=QUICK | {"CLOCK_EMF_EMIT_INTERVAL": "60s"}).start()
    wait_until(lambda: len(proxy.served()) >= 10, "tenth reading")
    assert running.stop() == 0
    emf = arrived(logs, running.group, len(proxy.served()), samples)
    assert 2 <= len(emf) <= 3, "the first reading, the open window, and one more if a full minute passed"
    assert_same_as_served(emf, proxy)


def test_the_shipped_definition_names_the_service_even_without_an_endpoint(endpoint, sidecar, logs):
    proxy = endpoint("down")
    environment = {name: value for name, value in QUICK.items() if name != "CLOCK_EMF_PROPERTIES"}
    running = sidecar(proxy.base, environment=environment).start()
    wait_until(lambda: len(proxy.failures) >= 8, "eighth failure")
    assert running.stop() == 0
    emf = arrived(logs, running.group, len(proxy.failures), read_errors)
    for document in emf:
        points = points_of(document)
        if not points:
            # The last line of a process, if its window held no read.
            assert document["Stopping"] and document is emf[-1]
            continue
        assert set(points) == {"ClockReadErrors"}, "no reading, so no invented value"
        assert points["ClockReadErrors"]["dimensions"] == {"ClusterName": "my-cluster", "ServiceName": "my-service"}
    assert len(proxy.failures) - 1 <= sum(values_of(emf, "ClockReadErrors")) <= len(proxy.failures)
