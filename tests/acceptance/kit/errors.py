"""Errors whose message is for the reader."""


class KitError(Exception):
    """Stops the kit or one experiment; the message says what to do."""
