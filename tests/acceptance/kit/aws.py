"""Thin calls to AWS: each is recorded, retried when AWS throttles, and named when it fails."""

from dataclasses import dataclass

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from kit.permissions import action_of

THROTTLED = {
    "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestThrottledException",
    "TooManyRequestsException", "RequestLimitExceeded", "LimitExceededException", "SlowDown", "ServiceUnavailable",
}  # fmt: skip
# A minute altogether: longer than the quotas of every service take to refill.
PAUSES_S = (1, 2, 4, 8, 15, 30)


class CallFailed(Exception):
    """A call that AWS refused, or that never got an answer."""

    def __init__(self, action, code, message):
        super().__init__(f"{action}: {code}: {message}")
        self.action, self.code = action, code


@dataclass(frozen=True)
class Call:
    """What was called, in which phase and for which experiment."""

    phase: str
    experiment: str
    action: str


class Aws:
    """Calls of one account and region."""

    def __init__(self, session, clock):
        self._session, self._clock, self._clients = session, clock, {}
        self.calls = []
        # What the calls that follow are for.
        self.phase, self.experiment = "plan", ""

    def client(self, service):
        if service not in self._clients:
            # Retries are made here, where they can be seen and where a stand-in's clock passes the time.
            config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=60)
            self._clients[service] = self._session.client(service, config=config)
        return self._clients[service]

    def call(self, service, operation, /, **parameters):
        """One call, such as `call("logs", "PutLogEvents", …)`. Raises CallFailed."""
        action = action_of(service, operation)
        method = getattr(self.client(service), xform_name(operation))
        for pause in (*PAUSES_S, None):
            self.calls.append(Call(self.phase, self.experiment, action))
            try:
                return method(**parameters)
            except ClientError as error:
                code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
                if code not in THROTTLED or pause is None:
                    raise CallFailed(action, code, message) from error
            except BotoCoreError as error:
                if pause is None or not getattr(error, "is_transient", _is_transient(error)):
                    raise CallFailed(action, type(error).__name__, str(error)) from error
            self._clock.sleep(pause)
        raise AssertionError("unreachable")

    def pages(self, service, operation, key, /, *, token=("NextToken", "NextToken"), **parameters):
        """Every item of a paged answer. `token` names the token in the request and in the answer."""
        given, returned = token
        while True:
            page = self.call(service, operation, **parameters)
            yield from page.get(key) or []
            if not page.get(returned):
                return
            parameters[given] = page[returned]

    def find(self, service, operation, absent, /, **parameters):
        """A call whose subject may be gone: None for one of the error codes `absent`."""
        try:
            return self.call(service, operation, **parameters)
        except CallFailed as error:
            # CloudFormation has one code for everything that is not valid, so that its message has to decide.
            if error.code in absent or (error.code == "ValidationError" and "does not exist" in str(error)):
                return None
            raise


def _is_transient(error):
    return "Connect" in type(error).__name__ or "Timeout" in type(error).__name__
