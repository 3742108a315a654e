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
# Temporary credentials often last an hour, which is less than a run.
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired", "UnauthorizedSSOTokenError", "SSOTokenLoadError"}
RENEW_S, RENEW_EVERY_S = 1800, 20
# A minute in all, which is longer than any service's quota takes to refill.
PAUSES_S = (1, 2, 4, 8, 15, 30)


class CallFailed(Exception):
    """A call that AWS refused, or that never got an answer."""

    def __init__(self, action, code, message):
        super().__init__(f"{action}: {code}: {message}")
        self.action, self.code = action, code


@dataclass(frozen=True)
class Call:
    """A call, with its phase and its experiment."""

    phase: str
    experiment: str
    action: str


class Aws:
    """Calls of one account and region."""

    def __init__(self, sessions, clock, say=lambda text: None):
        """`sessions()` makes a session, which reads the credentials again."""
        self._sessions, self._clock, self._say = sessions, clock, say
        self._session, self._clients = sessions(), {}
        self.calls = []
        # The phase and experiment of the next calls.
        self.phase, self.experiment = "plan", ""

    def client(self, service):
        if service not in self._clients:
            # The kit retries itself, so that retries are recorded and a stand-in can simulate the time.
            config = Config(retries={"total_max_attempts": 1}, connect_timeout=10, read_timeout=60)
            self._clients[service] = self._session.client(service, config=config)
        return self._clients[service]

    def call(self, service, operation, /, **parameters):
        """One call, such as `call("logs", "PutLogEvents", …)`. Raises CallFailed."""
        action = action_of(service, operation)
        method = getattr(self.client(service), xform_name(operation))
        pauses, give_up = iter((*PAUSES_S, None)), None
        while True:
            self.calls.append(Call(self.phase, self.experiment, action))
            try:
                return method(**parameters)
            except ClientError as error:
                code, failure = error.response["Error"]["Code"], error
                may_repeat = code in THROTTLED
            except BotoCoreError as error:
                code, failure = type(error).__name__, error
                may_repeat = "Connect" in code or "Timeout" in code
            if code in EXPIRED:
                give_up = give_up or self._clock.now() + RENEW_S
                pause = self._renew() if self._clock.now() < give_up else None
                method = getattr(self.client(service), xform_name(operation))
            else:
                pause = next(pauses) if may_repeat else None
            if pause is None:
                message = failure.response["Error"].get("Message", "") if isinstance(failure, ClientError) else str(failure)
                raise CallFailed(action, code, message) from failure
            self._clock.sleep(pause)

    def _renew(self):
        """Reads the credentials again: they are needed to delete what was created."""
        self._say("your credentials have expired: renew them (such as with aws sso login); this goes on as soon as they work")
        self._session, self._clients = self._sessions(), {}
        return RENEW_EVERY_S

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
            # CloudFormation has one code for every invalid request, so only the message tells them apart.
            if error.code in absent or (error.code == "ValidationError" and "does not exist" in str(error)):
                return None
            raise
