# SPDX-License-Identifier: LGPL-2.1-or-later
"""One page from a directory of results; report.html says how it looks.

What is shown of each video goes through a temporary file, so that one of them
at a time is in memory.
"""
import argparse
import collections
import dataclasses
import datetime
import heapq
import json
import os
import pathlib
import sys
import tempfile

import jinja2

from . import chart, thumbnails
from .archive import Archive, Problems, is_over
from .cli import whole
from .errors import UsageError, complain, to_text
from .pipeline import init
from .progress import clock
from .results import name_partial, require_folder, write_whole
from .signals import TRY_AGAIN, on_signals
from .timeline import SECOND, Timeline

MAX_VIDEOS = 500
MAX_PICTURES = 10  # of a video
MAX_CLASSES = 100
MAX_CHIPS = 6  # classes that are named of a video
MAX_FAILURES = 500
MAX_KINDS = 8  # of models and settings
COLOURS = ('#4e79a7', '#e08a3c', '#59a14f', '#c8525a', '#9a74b0', '#3fa3a0',
           '#d9b13b', '#e58aa0', '#8c6d57', '#7a8794')
GOLDEN_ANGLE = 137.508  # degrees


def colour(rank):
    """Of the class that comes first so often."""
    if rank < len(COLOURS):
        return COLOURS[rank]
    return f'hsl({rank * GOLDEN_ANGLE % 360:.0f} 45% {50 + rank % 3 * 7}%)'


@dataclasses.dataclass
class Class:
    label: str
    n: int = 0  # results in which it is the best one
    videos: int = 0
    confidence: float = 0  # sum
    bands: list = dataclasses.field(
        default_factory=lambda: [0] * len(chart.BANDS))

    def add(self, confidence):
        self.n += 1
        self.confidence += confidence
        self.bands[chart.find_band(confidence)] += 1


@dataclasses.dataclass
class Totals:
    """classes: {label: Class}; kinds: how many videos each model, backend and
    version has."""
    classes: dict = dataclasses.field(default_factory=dict)
    kinds: collections.Counter = dataclasses.field(
        default_factory=collections.Counter)
    videos: int = 0
    results: int = 0
    frames: int = 0
    seconds: float = 0
    warned: int = 0
    without: int = 0  # results that have no class

    def add_line(self, line, counts):
        """counts: of the video, by label."""
        for region in line['regions']:
            self.results += 1
            best = next(iter(region['classes']), None)
            if best is None:
                self.without += 1
                continue
            label = best['label']
            counts[label] += 1
            self.classes.setdefault(label, Class(label)).add(
                best.get('confidence') or 0)

    def add_video(self, entry, timeline, counts):
        self.videos += 1
        self.frames += entry.marker.get('frames') or 0
        self.seconds += timeline.end / SECOND
        self.warned += bool(entry.marker.get('warnings'))
        for label in counts:
            self.classes[label].videos += 1
        kind = describe_kind(entry)
        if kind not in self.kinds and len(self.kinds) == MAX_KINDS:
            kind = 'others'
        self.kinds[kind] += 1

    def ranked(self):
        return sorted(self.classes.values(),
                      key=lambda one: (-one.n, one.label))


def describe_kind(entry):
    marker, key = entry.marker, entry.key
    return ', '.join(text for text in (
        f'model {key["model"][:12]}' if key.get('model') else None,
        ' '.join(marker[name] for name in ('backend', 'precision')
                 if marker.get(name)),
        f'version {key["version"]}' if key.get('version') else None) if text)


def describe_lane(lane):
    return {'name': lane.name, 'n': lane.n, 'changes': lane.changes,
            'runs': [dataclasses.astuple(run) for run in lane.runs()]}


def choose_pictures(timeline):
    """The longest runs of the first lane, in their order."""
    lane = next(iter(timeline.lanes.values()), None)
    runs = lane.runs() if lane else []
    longest = heapq.nlargest(MAX_PICTURES, runs,
                             key=lambda run: run.end - run.start)
    return sorted(longest, key=lambda run: run.start), len(runs)


def describe_video(entry, timeline, counts, with_pictures):
    """What the template shows of it, as JSON has it."""
    runs, n_runs = choose_pictures(timeline)
    found, missing = [], None
    if with_pictures and runs:
        found, missing = thumbnails.take(entry, [run.picture for run in runs])
    path = entry.local_path
    return {
        'name': to_text(path.name) if path else entry.uri,
        'folder': to_text(str(path.parent)) if path else '',
        'end': timeline.end, 'n': timeline.n, 'counts': counts.most_common(),
        'frames': entry.marker.get('frames'),
        'lanes': [describe_lane(lane) for lane in timeline.lanes.values()],
        'undrawn': timeline.undrawn, 'missing': missing,
        'pictures': [(source, run.picture, run.label)
                     for source, run in zip(found, runs)],
        'more_pictures': n_runs - len(found) if found else 0,
        'warnings': [str(text) for text in entry.marker.get('warnings') or []],
    }


class Collection:
    """Reads all results once, after all markers.

    `spool` keeps the videos that are shown, `places` where in it, in the order
    of their names.
    """

    def __init__(self, archive, options, spool, totals):
        self.archive, self.options, self.spool = archive, options, spool
        self.totals, self.places = totals, {}
        self.failures = archive.failures()
        self.choose()
        for entry in archive.entries():
            if entry.state == 'done':
                self.read(entry)

    def choose(self):
        """The first ones by name are shown, all count."""
        done = (entry for entry in self.archive.entries()
                if entry.state == 'done')
        first = heapq.nsmallest(
            self.options.videos,
            ((entry.uri, entry.number) for entry in map(self.settle, done)))
        self.places = {number: None for _, number in first}

    def settle(self, entry):
        """What failed earlier did not fail."""
        failure = self.failures.get(entry.number)
        if failure and is_over(failure, entry):
            del self.failures[entry.number]
        return entry

    def read(self, entry):
        timeline, counts = Timeline(), collections.Counter()
        for line in entry.lines(self.archive.problems):
            self.totals.add_line(line, counts)
            timeline.add(line)
        self.totals.add_video(entry, timeline, counts)
        if entry.number in self.places:
            self.places[entry.number] = self.spool.tell()
            json.dump(describe_video(entry, timeline, counts,
                                     self.options.pictures), self.spool)
            self.spool.write('\n')

    def videos(self):
        for place in self.places.values():
            if place is not None:
                self.spool.seek(place)
                yield json.loads(self.spool.readline())

    @property
    def shown(self):
        return sum(place is not None for place in self.places.values())


def make_environment():
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FileSystemLoader(pathlib.Path(__file__).parent))
    environment.filters.update(
        clock=lambda time: clock(time / SECOND),
        number=lambda n: f'{n:,}',
        percent=lambda part: f'{100 * part:.0f} %')
    return environment


def write_page(collection, options):
    """Pieces of the page."""
    ranked = collection.totals.ranked()
    failures = sorted(collection.failures.values(),
                      key=lambda failure: failure['uri'])
    return make_environment().get_template('report.html').generate(
        title=to_text(options.title), directory=to_text(options.directory),
        now=datetime.datetime.now().astimezone().strftime('%Y-%m-%d %H:%M %Z'),
        totals=collection.totals, classes=ranked[:MAX_CLASSES],
        n_classes=len(ranked), max_chips=MAX_CHIPS,
        ranks={one.label: i for i, one in enumerate(ranked)},
        colours=[colour(i) for i in range(len(ranked))],
        chart=chart.draw_confidence(ranked) if ranked else '',
        bands=chart.LEGEND, videos=collection.videos(),
        shown=collection.shown, failures=failures[:MAX_FAILURES],
        n_failures=len(failures), damaged=collection.archive.problems.n)


def make_parser():
    parser = argparse.ArgumentParser(
        prog='alexnet-batch report', allow_abbrev=False,
        description='Makes one page from what alexnet-batch wrote in DIR: a'
        ' timeline of classes for each video, totals and failures. It needs'
        ' nothing but itself to be looked at.',
        epilog='exit codes: 0 it is written; 2 it cannot be; 65 it is, but'
        ' something in DIR is damaged; 66 DIR has no results; 75 try again')
    add = parser.add_argument
    add('directory', metavar='DIR')
    add('-o', '--output', required=True, metavar='FILE.html')
    add('--title', default='What the videos show', metavar='TEXT')
    add('--videos', type=whole(1), default=MAX_VIDEOS, metavar='N',
        help=f'show so many, the first by name ({MAX_VIDEOS}); all count')
    add('--no-pictures', dest='pictures', action='store_false',
        help='open no video')
    return parser


def make_report(options, problems, totals):
    """Pieces of the page; the first one comes when all is read."""
    archive = Archive(options.directory, problems)
    with tempfile.TemporaryFile('w+', encoding='utf-8') as spool:
        yield from write_page(Collection(archive, options, spool, totals),
                              options)


def main(arguments):
    options = make_parser().parse_args(arguments)
    on_signals(lambda: sys.exit(TRY_AGAIN))
    output = pathlib.Path(os.path.realpath(options.output))
    if output.exists() and not output.is_file():
        kind = 'a directory' if output.is_dir() else 'a device, FIFO or socket'
        raise UsageError(f'{output} is {kind}, expected a file to write')
    require_folder(output)
    init()
    problems, totals = Problems(), Totals()
    try:
        write_whole(output, make_report(options, problems, totals),
                    name_partial(output))
    except OSError as error:
        complain(f'cannot write {output}: {error.strerror}')
        return TRY_AGAIN
    print(f'{to_text(str(output))}: {totals.results:,} results of'
          f' {totals.videos:,} inputs')
    return problems.finish()
