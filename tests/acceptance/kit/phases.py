"""The phases in their order: plan, up, observe and drill, judge, report, down."""

import boto3
from botocore.session import get_session

from kit import plan
from kit.errors import KitError
from kit.experiments import EXPERIMENTS, requested
from kit.experiments.base import NOT_MEASURED as UNKNOWN
from kit.experiments.base import REFUTED as WRONG
from kit.experiments.base import judged
from kit.inventory import Inventory
from kit.reporting import write_report
from kit.run import ALL_MEASURED, NOT_MEASURED, REFUTED, describe, measure, start_state
from kit.state import locked
from kit.up import IMAGES, local_tag, up

# Members that the judges read, and that the answers of older versions of boto3 lack.
NEEDED = {
    "cloudwatch": {"DescribeAlarmContributors": (), "DescribeAlarms": ("LogAlarms", "MetricAlarms.WarmUpConfiguration")},
    "logs": {"GetScheduledQueryHistory": ()},
    "ecs": {"DescribeServiceDeployments": ()},
}


def verify(run, confirm):
    """A whole verification; returns the exit code. `confirm(text)` shows the plan and asks."""
    check_boto3()
    with locked(run.options.folder):
        return _verify(run, confirm)


def _verify(run, confirm):
    run.state = start_state(run.options, run.options.account)
    run.state.content["requested"] = sorted(
        {*run.state.content.get("requested", []), *requested(run.options)}, key=lambda name: int(name[1:])
    )
    run.state.failures.clear()
    caller = plan.check(run)
    plan.check_quota(run)
    denied = plan.check_permissions(run, caller)
    if denied:
        raise KitError("your credentials may not do what is needed (make -C sam verify-policy prints the policy): " + ", ".join(denied))
    if not confirm(plan.show(run)):
        raise KitError("not confirmed: nothing was created")
    run.state.content["attempt"] += 1
    run.state.save()
    return _create_and_measure(run)


def _create_and_measure(run):
    interrupted, left = None, None
    try:
        if any(name not in run.state.evidence for name in run.state.content["requested"]):
            _step(run, "up", lambda: up(run))
            if "up" not in run.state.failures:
                measure(run, EXPERIMENTS)
    except KeyboardInterrupt as interrupt:
        interrupted = interrupt
        run.state.failures["run"] = "it was interrupted (Ctrl-C)"
    finally:
        # Writes a report before it deletes anything, so that no measurement is lost.
        verdicts = {e.id: judged(e, *_found(run, e.id)) for e in EXPERIMENTS if run.wants(e.id)}
        _step(run, "report", lambda: write_report(run, verdicts, None))
        left = down(run)
    run.say(f"report: {write_report(run, verdicts, left)}")
    code = exit_code(run, verdicts, left)
    if code in (ALL_MEASURED, REFUTED):
        run.state.content["finished"] = True
    run.state.save()
    if interrupted and left:
        raise interrupted
    return code


def _found(run, name):
    failures = run.state.failures
    return run.state.evidence.get(name), failures.get(name) or failures.get("up") or failures.get("run")


def _step(run, name, step):
    run.aws.phase, run.aws.experiment = name, ""
    try:
        step()
    except Exception as error:  # noqa: BLE001 (any error: what was created has to be deleted, and the report names it)
        run.state.failures[name] = describe(error)
        run.state.save()
        run.say(f"{name} failed: {describe(error)}")


def down(run):
    """Deletes what the run has created and returns what is left. A Ctrl-C in it does not stop it."""
    run.aws.phase, run.aws.experiment = "down", ""
    inventory = Inventory(run, run.prefix, run.state.id)
    for attempt in (1, 2):
        try:
            left = inventory.down()
            break
        except KeyboardInterrupt:
            run.state.failures["run"] = "it was interrupted (Ctrl-C)"
            run.say("still deleting; once more Ctrl-C leaves things behind, and make verify-clean deletes them later")
            if attempt == 2:
                raise
    if inventory.failures:
        run.state.failures["down"] = "; ".join(inventory.failures)
    run.tools.forget([local_tag(run, target) for target in IMAGES])
    for kind, names in left.items():
        run.say(f"left behind: {kind}: {', '.join(names)}")
    return left


def exit_code(run, verdicts, left):
    """0: everything was measured and nothing refuted; 1: a claim is refuted; 3: something was not measured, or a step failed."""
    kinds = {verdict.verdict for verdict in verdicts.values()}
    if WRONG in kinds:
        return REFUTED
    return NOT_MEASURED if UNKNOWN in kinds or left or run.state.failures else ALL_MEASURED


def check_boto3():
    """Stops if the installed boto3 is too old to see what the experiments look at."""
    session = get_session()
    for service, operations in NEEDED.items():
        model = session.get_service_model(service)
        for operation, members in operations.items():
            known = operation in model.operation_names and all(_has(model.operation_model(operation).output_shape, m) for m in members)
            if not known:
                raise KitError(f"boto3 {boto3.__version__} is too old, it does not know all of {operation}: python3 -m pip install --upgrade boto3")


def _has(shape, path):
    for name in path.split("."):
        shape = shape.member if shape.type_name == "list" else shape
        if name not in shape.members:
            return False
        shape = shape.members[name]
    return True
