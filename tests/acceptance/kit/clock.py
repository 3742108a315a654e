"""AWS's time: this machine's clock may be wrong, and every timestamp that the kit sends has to be right."""

import email.utils
import time

# AWS rejects a signature whose time is further off.
LARGEST_SKEW_S = 240


class Clock:
    """The machine's clock, corrected by the `Date` header of AWS's responses."""

    def __init__(self):
        self.offset = 0.0

    def local(self):
        return time.time()

    def now(self):
        """Seconds since 1970, by AWS's clock."""
        return self.local() + self.offset

    def now_ms(self):
        return int(self.now() * 1000)

    def sleep(self, seconds):
        time.sleep(seconds)

    def correct(self, date_header):
        """Adopts AWS's time from a response. The header has whole seconds, so differences below two seconds are ignored."""
        theirs = email.utils.parsedate_to_datetime(date_header).timestamp() + 0.5
        offset = theirs - self.local()
        self.offset = offset if abs(offset) > 2 else 0.0
        return self.offset
