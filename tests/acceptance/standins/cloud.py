"""A stand-in for AWS in this process: the kit's real boto3 clients call it, and no byte leaves the machine.

botocore checks every request against AWS's own models before it gets here, and every answer is checked against them too, so that
neither the kit nor the stand-in can use a member that does not exist. Time is simulated.
"""

import email.utils
import fnmatch
import json
from datetime import UTC, datetime
from functools import cache

import boto3
from botocore.config import Config
from kit import permissions
from kit.clock import Clock

ACCOUNT, REGION = "123456789012", "eu-west-1"
START = 1_795_950_000.0
# Calls whose names need no prefix: they read, or use an id that AWS gave.
READING = ("Describe", "Get", "List", "Filter", "Detect", "Simulate", "Receive")
BY_ID = {"DeleteQueryDefinition", "StopTask", "DeleteScheduledQuery", "DeleteInsightRules", "StartQuery"}


class Refused(Exception):
    """An error as AWS returns it."""

    def __init__(self, code, message=""):
        super().__init__(code)
        self.code, self.message = code, message


class FakeClock(Clock):
    """Simulated time; the reader's clock may be ahead of it."""

    def __init__(self, cloud, ahead=0.0):
        super().__init__()
        self._cloud, self._ahead = cloud, ahead

    def local(self):
        return self._cloud.time + self._ahead

    def sleep(self, seconds):
        if self._cloud.interrupt_at is not None and self._cloud.time + seconds >= self._cloud.interrupt_at:
            self._cloud.interrupt_at = None
            raise KeyboardInterrupt
        self._cloud.time += max(seconds, 0)


class Cloud:
    """One account and region. Services register their operations; `handle` answers a call."""

    def __init__(self):
        self.time = START
        self.calls = []  # (phase, "service:Operation") in their order
        self.fail_at, self.failed = None, None  # the number of the call that fails, and what it was
        self.interrupt_call = self.interrupt_at = None
        self.throttle_every, self.expired_at, self.expired_until = 0, 0.0, 0.0
        self.denied = set()  # actions that IAM denies
        self.prefix = None  # every name in a changing call has to begin with it, once it is known
        self.aws = None
        self.violations = []
        self.services = {}
        self.tagged = {}
        self._last_tick = self.time
        self._tickers = []

    def add(self, service, handler, ticks=False):
        self.services[service] = handler
        if ticks:
            self._tickers.append(handler)

    def now_ms(self):
        return int(self.time * 1000)

    def moment(self, seconds):
        return datetime.fromtimestamp(seconds, UTC)

    def session(self):
        """A boto3 session whose clients end here."""
        session = _session()
        session.cloud = self
        return session

    def handle(self, service, operation, parameters):
        self.time += 0.05
        phase = self.aws.phase if self.aws else "plan"
        action = permissions.action_of(service, operation)
        self.calls.append((phase, self.aws.experiment if self.aws else "", action))
        number = len(self.calls)
        if number == self.interrupt_call:
            raise KeyboardInterrupt
        if number == self.fail_at:
            self.failed = action
            raise Refused("InternalFailure", "seeded: the call fails")
        if self.expired_at and self.expired_at <= self.time < self.expired_until:
            raise Refused("ExpiredTokenException", "The security token included in the request is expired")
        if self.throttle_every and number % self.throttle_every == 0:
            raise Refused("ThrottlingException", "Rate exceeded")
        self._check(phase, action, operation, parameters)
        self.tick()
        return getattr(self.services[service], operation)(**parameters)

    def _check(self, phase, action, operation, parameters):
        """Checks the phase's policy, and that only resources with the run's name are changed."""
        if action not in permissions.allowed(phase):
            self.violations.append(f"{action} in phase {phase} is not in the policy")
            raise Refused("AccessDenied", f"not authorized to perform: {action}")
        if operation.startswith(READING) or operation in BY_ID or not self.prefix:
            return
        if self.prefix not in json.dumps(parameters, default=str):
            self.violations.append(f"{operation} names nothing of the run: {parameters}")
            raise Refused("AccessDenied", f"{operation} on what is not the run's")

    def tick(self):
        """Advances the services minute by minute."""
        while self._last_tick < self.time:
            self._last_tick = min((int(self._last_tick) // 60 + 1) * 60, self.time)
            for service in self._tickers:
                service.tick(self._last_tick)


class Session:
    """boto3's clients, made once, since that takes most of the time of a run. They call the cloud of the newest session."""

    def __init__(self):
        self.cloud, self._clients = None, {}
        self._session = boto3.Session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="secret", region_name=REGION)  # noqa: S106 (no account has it)
        self._session.events.register("before-parameter-build.*", self._remember)
        self._session.events.register("before-call.*", self._answer)

    def client(self, service, config=None):
        if service not in self._clients:
            # botocore puts a user agent together for each request, which takes longer than the request itself.
            self._clients[service] = self._session.client(service, config=config.merge(Config(user_agent="stand-in")))
        return self._clients[service]

    @staticmethod
    def _remember(params, model, context, **_):
        context["stand_in_parameters"] = dict(params)

    def _answer(self, model, context, **_):
        cloud, operation, status = self.cloud, model.name, 200
        try:
            answer = cloud.handle(model.service_model.service_name, operation, context["stand_in_parameters"])
            if problems := list(shape_faults(model.output_shape, answer, operation)):
                cloud.violations.append(f"the stand-in answers what AWS does not have: {problems}")
                raise AssertionError(cloud.violations[-1])
        except Refused as refused:
            status, answer = 400, {"Error": {"Code": refused.code, "Message": refused.message}}
        date = email.utils.formatdate(cloud.time, usegmt=True)
        answer["ResponseMetadata"] = {"HTTPStatusCode": status, "HTTPHeaders": {"date": date}, "RequestId": "-"}
        return Http(status), answer


@cache
def _session():
    return Session()


class Http:
    """As much of an HTTP response as botocore looks at."""

    def __init__(self, status):
        self.status_code, self.headers = status, {}


TYPES = {
    "string": str, "integer": int, "long": int, "float": (int, float), "double": (int, float), "boolean": bool, "timestamp": datetime,
    "blob": (bytes, object), "map": dict, "list": list, "structure": dict,
}  # fmt: skip


def shape_faults(shape, value, path):
    """Where an answer is not of the form that AWS's model has."""
    if shape is None:
        if value:
            yield f"{path}: the operation answers nothing"
        return
    if not isinstance(value, TYPES[shape.type_name]) or (isinstance(value, bool) and shape.type_name != "boolean"):
        yield f"{path}: {value!r} is no {shape.type_name}"
    elif shape.type_name == "structure":
        for name, item in value.items():
            if name in shape.members:
                yield from shape_faults(shape.members[name], item, f"{path}.{name}")
            else:
                yield f"{path}.{name} does not exist"
    elif shape.type_name == "list":
        for number, item in enumerate(value):
            yield from shape_faults(shape.member, item, f"{path}[{number}]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from shape_faults(shape.value, item, f"{path}[{key!r}]")
    elif shape.type_name == "string" and getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{path}: {value!r} is not one of {shape.enum}"


def paged(items, key, size, token, name):
    """A page of a list; the token is the number of the next item."""
    start = int(token or 0)
    answer = {key: items[start : start + size]}
    return answer | ({name: str(start + size)} if start + size < len(items) else {})


def matching(pattern, names):
    return fnmatch.filter(names, pattern)
