"""`verify-clean`: deletes what runs have left, by tag, without any state file."""

import re

from kit import plan
from kit.errors import KitError
from kit.inventory import Inventory, runs_in_account
from kit.run import ALL_MEASURED, NOT_MEASURED
from kit.state import PREFIX


def clean(run, id, confirm):
    """Deletes the run `id`, or every run that is found; returns the exit code."""
    plan.check_account(run)
    run.aws.phase = "down"
    if id and not re.fullmatch(r"[0-9a-f]{8}", id):
        raise KitError(f"invalid ID: expected eight hexadecimal digits, got {id!r}")
    ids = [id] if id else runs_in_account(run.aws)
    if not ids:
        run.say("nothing is left: no stack in this region has the kit's tag")
        return ALL_MEASURED
    found = {one: Inventory(run, f"{PREFIX}-{one}", one) for one in ids}
    listed = {one: inventory.left() for one, inventory in found.items()}
    lines = [f"{PREFIX}-{one}: " + (", ".join(f"{len(names)} {kind}" for kind, names in left.items()) or "nothing") for one, left in listed.items()]
    if not confirm("\n".join(["To be deleted:", *lines, "A run that is still measuring would be stopped by this."])):
        raise KitError("not confirmed: nothing was deleted")
    code = ALL_MEASURED
    for inventory in found.values():
        left = inventory.down()
        for kind, names in left.items():
            run.say(f"left behind: {kind}: {', '.join(names)}")
            code = NOT_MEASURED
        for failure in inventory.failures:
            run.say(failure)
    return code
