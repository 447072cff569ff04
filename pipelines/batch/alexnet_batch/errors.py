# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong, and exit codes, as sysexits.h has them."""
import contextlib
import sys

from .signals import TRY_AGAIN

USAGE = 2
DATA_ERROR, NO_INPUT = 65, 66


def to_text(name):
    """A file name that is no UTF-8 has its other bytes escaped."""
    return name.encode('utf-8', 'surrogateescape').decode(
        'utf-8', 'backslashreplace')


def complain(error):
    with contextlib.suppress(OSError):  # nobody may be there to read it
        print(f'alexnet-batch: {to_text(str(error))}', file=sys.stderr)


class UsageError(Exception):
    """Nothing can be done as it was asked; a sentence."""
    status, is_quiet = USAGE, False


class NotNow(UsageError):
    """It may be done another time: a device is lost or has no memory left."""
    status = TRY_AGAIN


class Unread(NotNow):
    """Standard output takes no more. It is nothing to speak of when that is a
    pipe whose reader has seen enough."""

    def __init__(self, error):
        super().__init__(f'standard output: {error.strerror}')
        self.is_quiet = isinstance(error, BrokenPipeError)


class NoInput(UsageError):
    """There is nothing to do it with."""
    status = NO_INPUT


class Failure(Exception):
    """One input cannot be classified.

    stage    open, decode, infer or write
    passing  it may work another time: the network, a lost device
    hangs    what was tried goes on, and may write when it is tried again
    """
    hangs = False

    def __init__(self, stage, message, passing=False):
        super().__init__(message)
        self.stage, self.passing = stage, passing


class Stopped(Exception):
    """Asked to end, in the middle of an input."""


class Busy(Exception):
    """Another process or thread is at this input."""
