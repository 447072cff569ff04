# SPDX-License-Identifier: LGPL-2.1-or-later
"""What can go wrong."""


class UsageError(Exception):
    """Nothing can be classified as it was asked; a sentence."""


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
