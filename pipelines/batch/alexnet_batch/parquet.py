# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two tables of Parquet from a directory of results.

    OUT/results/model_sha256=659de.../date=2026-11-28/9c0f1e2d3b4a-0.parquet
    OUT/videos-0.parquet

A file of results is of one run's settings, which stand in its key/value
metadata, and is named as the first digits of their hash. Files have numbers.
"""
import argparse
import collections
import contextlib
import datetime
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys

import pyarrow
from pyarrow import parquet

from .archive import Archive, Problems
from .errors import UsageError, complain, to_text
from .results import name_partial, require_folder
from .signals import TRY_AGAIN, on_signals

MAX_ROWS = 1 << 15  # in memory, and so in a row group
MAX_OPEN = 64  # files
NO_PARTITION = '__HIVE_DEFAULT_PARTITION__'  # as readers know null

text, count = pyarrow.string(), pyarrow.int64()
RESULTS = pyarrow.schema({
    'video_uri': text, 'video_id': text, 'stream_time_ns': count,
    'frame_number': count, 'region': text, 'region_name': text,
    'tracking_id': pyarrow.uint64(), 'x': pyarrow.float32(),
    'y': pyarrow.float32(), 'w': pyarrow.float32(), 'h': pyarrow.float32(),
    'stale': pyarrow.bool_(), 'class_ids': pyarrow.list_(pyarrow.int32()),
    'labels': pyarrow.list_(text),
    'confidences': pyarrow.list_(pyarrow.float32()), 'architecture': text,
    'backend': text, 'precision': text, 'settings_hash': text,
    'version': text})
VIDEOS = pyarrow.schema({
    'video_uri': text, 'video_id': text, 'status': text, 'stage': text,
    'error': text, 'attempts': pyarrow.int32(), 'results': count,
    'frames': count, 'inferred': count, 'seconds': pyarrow.float64(),
    'warnings': pyarrow.list_(text), 'size': count, 'model_sha256': text,
    'architecture': text, 'backend': text, 'precision': text,
    'settings_hash': text, 'settings': text, 'version': text, 'host': text,
    'time': pyarrow.timestamp('ms', 'UTC')})


def dump(value):
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


def parse_time(value):
    """None where it is none."""
    try:
        time = datetime.datetime.fromisoformat(value)
        return time.astimezone(datetime.timezone.utc)
    except (TypeError, ValueError, OverflowError):
        return None


def describe_run(entry):
    """What rows of both tables have of the run in which it was done."""
    key = entry.key
    settings = {'files': key.get('files'), 'settings': key.get('settings')}
    architecture = (key.get('settings') or {}).get('architecture')
    return {
        'architecture': None if architecture is None else str(architecture),
        'precision': entry.marker.get('precision'),
        'settings_hash': hashlib.sha256(dump(settings).encode()).hexdigest(),
        'version': key.get('version')}


def describe_region(region):
    """Columns of a result that are its region's."""
    classes = region['classes']
    whole = region.get('region') == 'full-frame'
    return {
        'region': region.get('region'),
        'region_name': region.get('region_name'),
        'tracking_id': region.get('tracking_id'),
        **{column: None if whole else region.get(name)
           for column, name in zip('xywh', ('x', 'y', 'width', 'height'))},
        'stale': region.get('stale'),
        'class_ids': [one.get('class_id') for one in classes],
        'labels': [one['label'] for one in classes],
        'confidences': [one.get('confidence') for one in classes]}


def describe_video(entry, n_results, run):
    marker = entry.marker
    return {
        **run, **{name: marker.get(name) for name in (
            'stage', 'attempts', 'frames', 'inferred', 'seconds', 'backend',
            'host')},
        'video_uri': entry.uri, 'video_id': entry.number,
        'status': entry.state, 'error': marker.get('message'),
        'results': n_results,
        'warnings': [str(one) for one in marker.get('warnings') or []],
        'size': entry.key.get('size'), 'model_sha256': entry.key.get('model'),
        'settings': dump(entry.settings),
        'time': parse_time(marker.get('time'))}


def describe_failure(number, failure):
    """Of an input that has no marker: it may work another time."""
    return {
        'video_uri': failure['uri'], 'video_id': number,
        'status': 'retry' if failure.get('passing') else 'failed',
        'stage': failure.get('stage'), 'error': failure.get('message'),
        'attempts': failure.get('attempts'), 'results': 0,
        'host': failure.get('host'), 'time': parse_time(failure.get('time'))}


def place(entry):
    """Where in OUT its results go, a file for each number and settings."""
    model, time = entry.key.get('model') or '', entry.marker.get('time')
    if not re.fullmatch('[0-9a-f]{64}', model):
        model = NO_PARTITION
    time = parse_time(time)
    date = time.date().isoformat() if time else NO_PARTITION
    return pathlib.Path('results', f'model_sha256={model}', f'date={date}')


class File:
    """Rows that are still in memory, and those that are written."""

    def __init__(self, path, schema):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.schema, self.rows = schema, []
        self.writer = parquet.ParquetWriter(path, schema, compression='zstd')

    def flush(self):
        if self.rows:
            self.writer.write_table(
                pyarrow.Table.from_pylist(self.rows, self.schema))
            self.rows = []

    def close(self):
        self.flush()
        self.writer.close()


class Files:
    """Keeps few files open and few rows in memory, however many there are. One
    that comes again after it was closed is another one, with another number."""

    def __init__(self, folder):
        self.folder, self.n_rows, self.n_files = folder, 0, 0
        self.open = collections.OrderedDict()

    def find(self, key, make):
        """The file of a key; make() gives path and schema of a new one."""
        if key in self.open:
            self.open.move_to_end(key)
            return self.open[key]
        if len(self.open) == MAX_OPEN:
            _, oldest = self.open.popitem(last=False)
            self.n_rows -= len(oldest.rows)
            oldest.close()
        path, schema = make()
        self.open[key] = File(self.folder / path, schema)
        self.n_files += 1
        return self.open[key]

    def add(self, file, row):
        file.rows.append(row)
        self.n_rows += 1
        if self.n_rows >= MAX_ROWS:
            fullest = max(self.open.values(), key=lambda file: len(file.rows))
            self.n_rows -= len(fullest.rows)
            fullest.flush()

    def close(self):
        for file in self.open.values():
            file.close()


def find_results_file(files, entry, run):
    folder, settings = place(entry), dump(entry.settings)

    def make():
        name = f'{run["settings_hash"][:12]}-{files.n_files}.parquet'
        return folder / name, RESULTS.with_metadata(
            {'alexnet.settings': settings,
             'alexnet.settings_hash': run['settings_hash']})
    return files.find((folder, settings), make)


def add_results(files, entry, run, problems):
    """How many there are."""
    n = 0
    for line in entry.lines(problems):
        file = find_results_file(files, entry, run)
        for region in line['regions']:
            n += 1
            files.add(file, {
                **run, **describe_region(region), 'video_uri': entry.uri,
                'video_id': entry.number,
                'stream_time_ns': line.get('stream_time'),
                'frame_number': line.get('frame_number'),
                'backend': line.get('backend') or entry.marker.get('backend')})
    return n


def add_all(files, archive):
    """How many inputs and results there are."""
    failures = archive.failures()
    n_videos = n_results = 0

    def add_video(row):
        files.add(files.find('videos', lambda: (
            pathlib.Path(f'videos-{files.n_files}.parquet'), VIDEOS)), row)

    for entry in archive.entries():
        run, n = describe_run(entry), 0
        if entry.state == 'done':
            n = add_results(files, entry, run, archive.problems)
        add_video(describe_video(entry, n, run))
        failures.pop(entry.number, None)
        n_videos, n_results = n_videos + 1, n_results + n
    for number, failure in failures.items():
        add_video(describe_failure(number, failure))
    return n_videos + len(failures), n_results


def sync(path):
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def write_tables(archive, output):
    """All or nothing: under another name until it is whole."""
    partial = name_partial(output)
    try:
        partial.mkdir()
        files = Files(partial)
        with contextlib.closing(files):
            found = add_all(files, archive)
        for folder, _, names in os.walk(partial):
            for name in names:
                sync(os.path.join(folder, name))
            sync(folder)
        os.rename(partial, output)
        sync(output.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return found


def make_parser():
    parser = argparse.ArgumentParser(
        prog='alexnet-batch parquet', allow_abbrev=False,
        description='Makes tables of Parquet from what alexnet-batch wrote in'
        ' DIR: OUT/results, a row for each result, partitioned by model and'
        ' date, and OUT/videos*.parquet, a row for each input, with what went'
        ' wrong.',
        epilog='exit codes: 0 they are written; 2 they cannot be; 65 they are,'
        ' but something in DIR is damaged; 66 DIR has no results; 75 try again')
    parser.add_argument('directory', metavar='DIR')
    parser.add_argument('-o', '--output', required=True, metavar='OUT',
                        help='a directory that is not there yet, or empty')
    return parser


def require_absent(output):
    require_folder(output)
    try:
        if not os.listdir(output):
            return
    except FileNotFoundError:
        return
    except OSError:
        pass
    raise UsageError(f'{output} is there already: name another directory')


def main(arguments):
    options = make_parser().parse_args(arguments)
    on_signals(lambda: sys.exit(TRY_AGAIN))
    output = pathlib.Path(os.path.abspath(options.output))
    require_absent(output)
    problems = Problems()
    try:
        n_videos, n_results = write_tables(
            Archive(options.directory, problems), output)
    except OSError as error:
        complain(f'cannot write {output}: {error.strerror or error}')
        return TRY_AGAIN
    print(f'{to_text(str(output))}: {n_results:,} results of'
          f' {n_videos:,} inputs')
    return problems.finish()
