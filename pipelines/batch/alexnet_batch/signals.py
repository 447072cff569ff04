# SPDX-License-Identifier: LGPL-2.1-or-later
"""Being asked to end. It needs little, so that it can come before all else."""
import os
import signal

TRY_AGAIN = 75  # as sysexits.h has it


def on_signals(function):
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, lambda *_: function())


def end():
    os._exit(TRY_AGAIN)
