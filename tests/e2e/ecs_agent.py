"""Maps a container definition to Docker options as the ECS agent does, as far as a plain engine supports it."""


def docker_run_options(definition, *, task_id="0123456789abcdef0123456789abcdef", log_options=None, environment=None):
    """Options of `docker run` for a container definition.

    `log_options` and `environment` override the definition's; a log option of `None` is removed.
    """
    options = []
    if "user" in definition:
        options += ["--user", definition["user"]]
    if definition.get("readonlyRootFilesystem"):
        options += ["--read-only"]
    for capability in definition.get("linuxParameters", {}).get("capabilities", {}).get("drop", []):
        options += ["--cap-drop", capability]
    if "memory" in definition:
        options += ["--memory", f"{definition['memory']}m"]
    if "memoryReservation" in definition:
        options += ["--memory-reservation", f"{definition['memoryReservation']}m"]
    if "cpu" in definition:
        options += ["--cpu-shares", str(definition["cpu"])]
    if "stopTimeout" in definition:
        options += ["--stop-timeout", str(definition["stopTimeout"])]
    variables = {pair["name"]: pair["value"] for pair in definition.get("environment", [])} | (environment or {})
    for name, value in variables.items():
        options += ["--env", f"{name}={value}"]
    return options + docker_log_options(definition, task_id, log_options or {})


def docker_log_options(definition, task_id, extra):
    """The log driver's options. The ECS agent uses the stream prefix to name the stream after the task."""
    configuration = definition["logConfiguration"]
    options = dict(configuration["options"])
    prefix = options.pop("awslogs-stream-prefix", None)
    if prefix is not None:
        options["awslogs-stream"] = f"{prefix}/{definition['name']}/{task_id}"
    arguments = ["--log-driver", configuration["logDriver"]]
    for name, value in (options | extra).items():
        if value is None:
            continue
        arguments += ["--log-opt", f"{name}={value}"]
    return arguments
