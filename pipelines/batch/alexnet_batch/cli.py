# SPDX-License-Identifier: LGPL-2.1-or-later
"""Options of classifying."""
import argparse
import itertools
import os
import re
import threading

from . import inputs, pipeline, progress, results
from .errors import DATA_ERROR, NoInput, UsageError, complain, to_text
from .models import Files
from .signals import TRY_AGAIN, end, on_signals
from .worker import Worker, find_state

SECONDS_TO_END = 4

EPILOG = """
Results are JSON lines, a file for each input, as DIR/3f/NAME-NUMBER.jsonl; a
.done beside it, written last, says that it is whole and what it depends on.
Started again it does what is missing. Inputs that cannot be classified stand in
DIR/failures.jsonl, and the others go on; what failed for good is tried again
with --retry-failed only.

What to do with results, each with its own --help:
  alexnet-batch report DIR -o FILE.html     a page to look at
  alexnet-batch parquet DIR -o OUT          tables of Parquet
(an input of such a name is ./report).

exit codes:
  0    all is classified
  2    it cannot begin: options, the model
  65   some inputs cannot be classified, all others are
  66   there is no input; a part may be empty
  75   try again: it was ended by a signal, could not write, the model became
       another file, or the network or a device failed
"""
UNITS = {'ms': 1e-3, 's': 1, 'min': 60, 'h': 3600}


def seconds(text):
    found = re.fullmatch(r'([0-9.]+)(ms|s|min|h)?', text)
    try:
        value = float(found[1]) * UNITS[found[2] or 's']
    except (TypeError, ValueError):
        value = 0
    if not 1e-9 <= value <= threading.TIMEOUT_MAX:
        raise argparse.ArgumentTypeError(
            f'{text!r} is no time; 250ms, 1s, 2min are')
    return value


def whole(least):
    def convert(text):
        if not text.isdecimal() or int(text) < least:
            raise argparse.ArgumentTypeError(
                f'{text!r} is no whole number from {least}')
        return int(text)
    return convert


def setting(text):
    name, equals, value = text.partition('=')
    if not equals or not re.fullmatch('[a-z][a-z0-9-]*', name):
        raise argparse.ArgumentTypeError(f'{text!r} is not name=value')
    if name == 'name' or to_text(value) != value:
        raise argparse.ArgumentTypeError(
            f'{text!r}, expected another property than the name, and UTF-8')
    if name == 'save-directory':
        raise argparse.ArgumentTypeError(
            f'{text!r}, expected another property: one element alone saves'
            ' examples in a directory, and each input has its own')
    return name, value


def directory(text):
    """GStreamer takes names of files in UTF-8."""
    if not text or to_text(text) != text:
        raise argparse.ArgumentTypeError(
            f'{to_text(text)!r} is no name in UTF-8')
    return text


class Version(argparse.Action):
    """That of the element, which classifies."""

    def __call__(self, parser, *_):
        pipeline.init()
        print(parser.prog, pipeline.Classifier({}).version)
        parser.exit()


def make_parser():
    parser = argparse.ArgumentParser(
        prog='alexnet-batch', epilog=EPILOG, allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description='Classifies many videos and pictures, or a part of them.')
    add = parser.add_argument
    add('--version', action=Version, nargs=0, help='which one this is')
    add('inputs', nargs='*', metavar='INPUT',
        help='a file, directory, pattern or URI')
    add('-o', '--output', required=True, type=directory, metavar='DIR',
        help='where results go')
    add('-l', '--list', action='append', default=[], metavar='FILE',
        help='a list of inputs, one a line; - is standard input')
    add('--set', action='append', default=[], type=setting,
        metavar='NAME=VALUE', help='a property of alexnetclassify')
    add('--sample-every', type=seconds, metavar='TIME',
        help='classify one frame in so much time (1s) instead of all')
    add('-j', '--jobs', type=whole(1), default=1, metavar='N',
        help='inputs at a time; they share one engine and its batches')
    add('--shard', type=whole(0), metavar='I',
        help='only part I, from 0, of --shards; a Slurm array task and a pod of'
        ' an Indexed Job know theirs')
    add('--shards', type=whole(1), metavar='N', help='into how many parts')
    add('--overwrite', action='store_true', help='also what is done')
    add('--retry-failed', action='store_true',
        help='also what failed for good')
    add('--dry-run', action='store_true', help='only say what would be done')
    add('--hash', action='store_true',
        help='tell files by their bytes, not by size and time')
    add('--attempts', type=whole(1), default=3, metavar='N',
        help='for what may pass, such as a network (3)')
    add('--stall-timeout', type=seconds, default=60, metavar='TIME',
        help='give up an input of which nothing comes (60s)')
    add('--progress', default='auto', metavar='KIND',
        choices=('auto', 'bar', 'lines', 'json', 'none'),
        help='on standard error: bar, lines (one a minute), json, none, or auto'
        ' (bar on a terminal, else lines)')
    return parser


def find_settings(options):
    """Of the element, and what keys of results have of them."""
    settings = {'post-messages': 'never', **dict(options.set)}
    if options.sample_every:
        settings['inference-period'] = str(round(options.sample_every * 1e9))
    return settings


def find_files(classifier, settings):
    named = {name: value for name, value in settings.items()
             if value and name.endswith('-file') and name != 'model-file'}
    try:
        return Files(classifier.model, named)
    except OSError as error:
        raise UsageError(f'{error.filename}: {error.strerror}') from None


def make_store(options, classifier, settings, files, shard, n_shards):
    try:
        if not options.dry_run:
            os.makedirs(options.output, exist_ok=True)
    except OSError as error:
        raise UsageError(f'{error.filename}: {error.strerror}') from None
    return results.Store(
        options.output, {'model': files.model, 'files': files.hashes,
                         'settings': settings, 'version': classifier.version},
        options.hash, f'-{shard}-of-{n_shards}' if n_shards > 1 else '')


def require_input(items):
    if not items.found:
        raise NoInput('there is no video or picture')


def show_plan(store, items, options):
    """Of --dry-run."""
    for item in items:
        state = find_state(store, store.place(item), options)
        print(f'{state or "to do"}  {to_text(item.uri)}')
    require_input(items)
    return 0


def end_by_signal(worker):
    """What hangs is not waited for."""
    worker.stop()
    timer = threading.Timer(SECONDS_TO_END, end)
    timer.daemon = True
    timer.start()


def find_status(worker):
    counts = worker.counts
    if worker.broken or worker.stopping.is_set():
        return TRY_AGAIN
    require_input(worker.inputs)
    if counts.passing:
        return TRY_AGAIN
    return DATA_ERROR if counts.failed + counts.known_failed else 0


def count(items):
    """None where that cannot be known; why not is found by who takes them."""
    try:
        return sum(1 for _ in items)
    except UsageError:
        return None


def explain(error, output):
    """Where it was, as a full disk does not tell its name."""
    return f'{error.filename or output}: {error.strerror}' \
        if getattr(error, 'strerror', None) else error


def classify(store, items, classifier, files, options):
    worker = Worker(items, store, classifier, options, files.check)
    on_signals(lambda: end_by_signal(worker))
    count_all = (lambda: count(items)) if items.can_repeat else None
    with progress.Progress(options.progress, worker.counts, count_all):
        worker.run()
    if isinstance(worker.broken, UsageError):
        raise worker.broken
    if worker.broken:
        complain(explain(worker.broken, options.output))
    return find_status(worker)


def run(options):
    shard, n_shards = inputs.find_shard(options.shard, options.shards,
                                        os.environ)
    items = inputs.Inputs(options.inputs, options.list, shard, n_shards)
    settings = find_settings(options)
    pipeline.init()
    classifier = pipeline.Classifier(settings)
    classifier.open()
    files = find_files(classifier, settings)
    store = make_store(options, classifier, settings, files, shard, n_shards)
    if options.dry_run:
        return show_plan(store, items, options)
    return classify(store, items, classifier, files, options)


def parse(parser, arguments):
    """Options stand anywhere before "--", which argparse loses among them."""
    words = iter(arguments)
    options = parser.parse_intermixed_args(
        list(itertools.takewhile(lambda word: word != '--', words)))
    options.inputs = [*options.inputs, *words]
    return options


def main(arguments):
    parser = make_parser()
    options = parse(parser, arguments)
    if not options.inputs and not options.list:
        parser.error('no INPUT and no --list')
    return run(options)
