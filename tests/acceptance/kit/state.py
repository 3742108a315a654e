"""The file `verify-<id>.json`: what was begun and found, so that a second call continues where the first one stopped."""

import json
import os
import re
import secrets
from contextlib import contextmanager

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None

from kit.errors import KitError

PREFIX = "ecs-clock-verify"
TAG = "ecs-clock-emf:verify"
VERSION = 1


@contextmanager
def locked(folder):
    """Locks the folder: two simultaneous runs would continue each other's state."""
    if fcntl is None:
        yield
        return
    with open(folder / "lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise KitError(f"another verification runs in {folder}: wait for its end, or give another --folder") from error
        yield


class State:
    """The state of one verification. Every change is on disk before the next call."""

    def __init__(self, path, content):
        self.path, self.content = path, content

    @classmethod
    def new(cls, folder, account, region, id=None):
        id = id or secrets.token_hex(4)
        content = {"version": VERSION, "id": id, "account": account, "region": region, "attempt": 0, "intended": [], "evidence": {}, "failures": {}}
        return cls(folder / f"verify-{id}.json", content)

    @classmethod
    def load(cls, path):
        try:
            content = json.loads(path.read_text())
            if content["version"] != VERSION or not re.fullmatch(r"[0-9a-f]{8}", content["id"]):
                raise ValueError
        except (ValueError, KeyError, TypeError, OSError) as error:
            raise KitError(f"{path} is not a state file of this kit: move it away, or use the kit that wrote it") from error
        return cls(path, content)

    @classmethod
    def unfinished(cls, folder, account, region):
        """The newest state file of this account and region whose verification has not finished."""
        found = [cls.load(path) for path in sorted(folder.glob("verify-*.json"), key=lambda path: path.stat().st_mtime)]
        here = [s for s in found if (s.content["account"], s.content["region"]) == (account, region) and not s.content.get("finished")]
        return here[-1] if here else None

    @property
    def id(self):
        return self.content["id"]

    @property
    def prefix(self):
        """The prefix of every name that the kit creates."""
        return f"{PREFIX}-{self.id}"

    @property
    def evidence(self):
        return self.content["evidence"]

    @property
    def failures(self):
        """Why an experiment, or a phase, was not finished."""
        return self.content["failures"]

    def intend(self, kind, name):
        """Notes what is about to be created."""
        if [kind, name] not in self.content["intended"]:
            self.content["intended"].append([kind, name])
        self.save()

    def save(self):
        # Renamed into place, so that a crash leaves the old file or the new one.
        new = self.path.with_suffix(".new")
        new.write_text(json.dumps(self.content, indent=1))
        os.replace(new, self.path)
