"""What ECS and Docker refuse in a container on Windows, as far as AWS documents it or users have reported it."""

# Refused wherever a Windows task runs.
NOT_ON_WINDOWS = ("user", "readonlyRootFilesystem", "linuxParameters", "privileged", "ulimits")
# Refused on Fargate for Windows.
NOT_ON_FARGATE = ("restartPolicy",)
# About 30 MiB have hung the Docker service on EC2 for Windows.
LEAST_MEMORY_MIB = 200
# A CPU share is a hard limit on Windows; without one a container gets 1 % of a processor.
LEAST_CPU = 64


def faults(container):
    """Everything in a container definition that a Windows task rejects, as sentences."""
    found = [f"{key} is not supported on Windows" for key in NOT_ON_WINDOWS if key in container]
    found += [f"{key} is not supported on Fargate for Windows" for key in NOT_ON_FARGATE if key in container]
    if "memory" in container and "memoryReservation" in container:
        found.append("memoryReservation beside memory is refused by Docker on Windows")
    if container.get("memory", 0) < LEAST_MEMORY_MIB:
        found.append(f"memory is {container.get('memory')}, expected at least {LEAST_MEMORY_MIB}")
    if container.get("cpu", 0) < LEAST_CPU:
        found.append(f"cpu is {container.get('cpu')}, expected at least {LEAST_CPU}")
    return found
