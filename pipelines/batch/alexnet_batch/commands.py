# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the first word asks for, and how it ends."""
import contextlib
import importlib
import os
import sys

from .errors import UsageError, complain

COMMANDS = 'report', 'parquet'  # modules; anything else is classified


def open_closed():
    """Whoever starts it may have closed standard streams, whose numbers would go
    to the next files."""
    for name, mode in ('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w'):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding='utf-8'))


def run(arguments):
    """The module alone is imported, as each needs other packages."""
    name = 'cli'
    if arguments and arguments[0] in COMMANDS:
        name, *arguments = arguments
    try:
        return importlib.import_module(f'.{name}', __package__).main(arguments)
    except UsageError as error:
        complain(error)
        return error.status


def main():
    open_closed()
    status = run(sys.argv[1:])
    # A pipeline that was given up may hold a thread for ever.
    for stream in sys.stdout, sys.stderr:
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(status)
