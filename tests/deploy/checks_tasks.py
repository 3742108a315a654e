"""Checks of tasks, services, their network access, and the image repository."""

import re

from checks_base import ALARMS, every


def containers_fit_the_task(deployment):
    faults = []
    for name, logical, task in every(deployment, "AWS::ECS::TaskDefinition"):
        containers = task["ContainerDefinitions"]
        names = [container["Name"] for container in containers]
        where = f"{name}: {logical}"
        for key, limit in [("Memory", int(task["Memory"])), ("Cpu", int(task["Cpu"]))]:
            total = sum(container.get(key, 0) for container in containers)
            if total > limit:
                faults.append(f"{where}: the containers' {key} is {total}, the task's {limit}")
        if not any(container.get("Essential", True) for container in containers):
            faults.append(f"{where} has no essential container")
        if len(set(names)) < len(names):
            faults.append(f"{where} has two containers of one name")
        for container in containers:
            if container.get("MemoryReservation", 0) > container.get("Memory", 0):
                faults.append(f"{where}: {container['Name']} reserves more memory than it may have")
            for dependency in container.get("DependsOn", []):
                target = dependency["ContainerName"]
                if target not in names:
                    faults.append(f"{where}: {container['Name']} depends on {target}, which does not exist")
                    continue
                other = containers[names.index(target)]
                if dependency["Condition"] == "SUCCESS" and other.get("Essential", True):
                    faults.append(f"{where}: {container['Name']} waits for the end of {target}, which is essential")
                if dependency["Condition"] == "HEALTHY" and "HealthCheck" not in other:
                    faults.append(f"{where}: {container['Name']} waits for the health of {target}, which has no check")
    return faults


def containers_are_confined(deployment):
    """By digest, not as root, no capabilities, a read-only root, logs to a group that exists without blocking."""
    faults = []
    for name, stack in deployment.stacks.items():
        groups = {p["LogGroupName"] for p in stack.resources("AWS::Logs::LogGroup").values()}
        for logical in stack.resources("AWS::Serverless::Application"):
            groups |= {p["LogGroupName"] for p in stack.child(logical).resources("AWS::Logs::LogGroup").values()}
        for task in stack.resources("AWS::ECS::TaskDefinition").values():
            for container in task["ContainerDefinitions"]:
                where = f"{name}: {container['Name']}"
                if not re.search(r"@sha256:[0-9a-f]{64}$", container["Image"]):
                    faults.append(f"{where} runs an image that is not named by digest")
                if container.get("User", "0").split(":")[0] in ("0", "root"):
                    faults.append(f"{where} runs as root")
                if container.get("ReadonlyRootFilesystem") is not True:
                    faults.append(f"{where} may write to its root file system")
                if container.get("LinuxParameters", {}).get("Capabilities", {}).get("Drop") != ["ALL"]:
                    faults.append(f"{where} keeps capabilities")
                if container.get("Privileged"):
                    faults.append(f"{where} is privileged")
                faults += _log_faults(where, container.get("LogConfiguration", {}), groups)
    return faults


def _log_faults(where, configuration, groups):
    options = configuration.get("Options", {})
    if configuration.get("LogDriver") != "awslogs":
        return [f"{where} does not log to CloudWatch"]
    faults = [
        f"{where} has {key}, which joins lines" for key in ("awslogs-multiline-pattern", "awslogs-datetime-format") if key in options
    ]
    if options.get("awslogs-group") not in groups:
        faults.append(f"{where} logs to {options.get('awslogs-group')}, which does not exist")
    if options.get("mode") != "non-blocking" or "max-buffer-size" not in options:
        faults.append(f"{where} leaves the log mode to the account's default")
    if "awslogs-create-group" in options:
        faults.append(f"{where} wants to create log groups, which its role may not")
    return faults


def deployments_watch_the_clock(deployment):
    """A deployment is rolled back by existing alarms, but by none that is on before the first task or contains such an alarm."""
    faults = []
    stack = deployment.demonstration
    alarms = {
        alarm["AlarmName"]: alarm
        for nested in stack.resources("AWS::Serverless::Application")
        for kind in ALARMS
        for alarm in stack.child(nested).resources(kind).values()
    }
    for logical, service in stack.resources("AWS::ECS::Service").items():
        configuration = service["DeploymentConfiguration"].get("Alarms", {})
        names = configuration.get("AlarmNames", [])
        if not names or not (configuration.get("Enable") and configuration.get("Rollback")):
            faults.append(f"{logical} does not take a deployment back when the clock is bad")
        for name in names:
            if name not in alarms:
                faults.append(f"{logical}: the deployment alarm {name} does not exist")
            elif "AlarmRule" in alarms[name] or alarms[name].get("TreatMissingData") == "breaching":
                faults.append(f"{logical}: the deployment alarm {name} may be on while the first tasks start")
    return faults


def the_sidecar_cannot_harm(deployment):
    """Not essential, restarted when it fails, no health check that could replace the fleet."""
    faults = []
    for name, _, task in every(deployment, "AWS::ECS::TaskDefinition"):
        sidecars = [c for c in task["ContainerDefinitions"] if c["Name"] == "ecs-clock-emf"]
        if len(sidecars) != 1:
            faults.append(f"{name}: {len(sidecars)} containers are called ecs-clock-emf")
        for sidecar in sidecars:
            if sidecar.get("Essential", True):
                faults.append(f"{name}: the sidecar is essential")
            if sidecar.get("RestartPolicy") != {"Enabled": True, "RestartAttemptPeriod": 60}:
                faults.append(f"{name}: the sidecar is not restarted")
            if "HealthCheck" in sidecar:
                faults.append(f"{name}: the sidecar has a health check")
            if sidecar.get("StopTimeout", 30) > 10:
                faults.append(f"{name}: the sidecar delays the stop of the task")
    return faults


def the_page_is_reached(deployment):
    """Only the port that the application listens on is mapped and open."""
    faults = []
    stack = deployment.demonstration
    containers = [c for t in stack.resources("AWS::ECS::TaskDefinition").values() for c in t["ContainerDefinitions"]]
    environment = {e["Name"]: e["Value"] for c in containers for e in c.get("Environment", [])}
    listening = {int(environment["CLOCK_DEMO_LISTEN"].rsplit(":", 1)[1])}
    mapped = {p["ContainerPort"] for c in containers for p in c.get("PortMappings", [])}
    let_in = {
        port
        for group in stack.resources("AWS::EC2::SecurityGroup").values()
        for rule in group.get("SecurityGroupIngress", [])
        for port in range(rule["FromPort"], rule["ToPort"] + 1)
    }
    if not listening == mapped == let_in:
        faults.append(f"the application listens on {listening}, mapped are {mapped}, let in are {let_in}")
    return faults


def repositories_are_sound(deployment):
    """Images are scanned and never expire: a rule by count or age removes digests that still run."""
    faults = []
    for name, logical, repository in every(deployment, "AWS::ECR::Repository"):
        if repository.get("ImageScanningConfiguration", {}).get("ScanOnPush") is not True:
            faults.append(f"{name}: {logical} does not scan images")
        if "LifecyclePolicy" in repository:
            faults.append(f"{name}: {logical} removes images that a service may still run")
    return faults


def the_service_reaches_out(deployment):
    """Its tasks have a public address and start only after the route exists: otherwise they cannot pull their images."""
    faults = []
    for name, stack in deployment.stacks.items():
        routes = {*stack.resources("AWS::EC2::Route"), *stack.resources("AWS::EC2::SubnetRouteTableAssociation")}
        for logical, service in stack.resources("AWS::ECS::Service").items():
            network = service["NetworkConfiguration"]["AwsvpcConfiguration"]
            if network.get("AssignPublicIp") != "ENABLED":
                faults.append(f"{name}: {logical} gives its tasks no public address, and there is no other way out")
            missing = routes - set(stack.depends_on(logical))
            faults += [f"{name}: {logical} does not wait for {route}" for route in sorted(missing)]
            if not stack.resources("AWS::EC2::Route"):
                faults.append(f"{name}: {logical} has no way out")
    return faults
