"""Errors whose message is for the reader."""


class KitError(Exception):
    """What stops the kit, or one experiment, in words that say what to do."""
