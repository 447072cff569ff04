# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the first word asks for, and how it ends."""
import importlib
import os
import sys

from .errors import Unread, UsageError, complain

COMMANDS = 'report', 'parquet'  # modules; anything else is classified

# Of each module, what may not be there.
NEEDS = {
    'cli': "alexnet-batch needs GStreamer's Python ({}): sh"
           ' pipelines/install-packages.sh batch, and run it with'
           ' /usr/bin/python3',
    'report': "report needs Jinja2, matplotlib and GStreamer's Python ({}): sh"
              ' pipelines/install-packages.sh batch report',
    'parquet': 'parquet needs pyarrow ({}): python3 -m venv VENV, VENV/bin/pip'
               ' install pyarrow, and run it with VENV/bin/python',
}


def open_closed():
    """Whoever starts it may have closed standard streams, whose numbers would go
    to the next files."""
    for name, mode in ('stdin', 'r'), ('stdout', 'w'), ('stderr', 'w'):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding='utf-8'))


def tell_unread(method):
    """Of standard output, which argparse writes to as well. It is told once."""
    def call(*arguments):
        try:
            return method(*arguments)
        except OSError as error:
            sys.stdout = open(os.devnull, 'w', encoding='utf-8')
            raise Unread(error) from None
    return call


def load(name):
    """Alone, as each needs other packages. ValueError is how PyGObject says that
    it does not know a library."""
    try:
        return importlib.import_module(f'.{name}', __package__)
    except (ImportError, ValueError) as error:
        raise UsageError(NEEDS[name].format(error)) from None


def run(arguments):
    name = 'cli'
    if arguments and arguments[0] in COMMANDS:
        name, *arguments = arguments
    try:
        return load(name).main(arguments)
    except SystemExit as end:  # as argparse ends --help
        return end.code


def end(function, *arguments):
    """What it returns, or the status of why it cannot be done."""
    try:
        return function(*arguments)
    except UsageError as error:
        if not error.is_quiet:
            complain(error)
        return error.status


def main():
    open_closed()
    sys.stdout.write = tell_unread(sys.stdout.write)
    sys.stdout.flush = tell_unread(sys.stdout.flush)
    status = end(run, sys.argv[1:])
    # A pipeline that was given up may hold a thread for ever.
    os._exit(end(sys.stdout.flush) or status)
