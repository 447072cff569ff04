# SPDX-License-Identifier: LGPL-2.1-or-later
"""Reads back what results.py has written, one input at a time.

Older versions wrote fewer fields, so what is absent is None; what is there has
the type that it should have, or the whole line counts as damaged.
"""
import dataclasses
import functools
import hashlib
import json
import math
import os
import pathlib
import re
from urllib.parse import unquote_to_bytes

from .errors import DATA_ERROR, NoInput, complain

MAX_LINE = 1 << 24  # bytes; what is longer is no line of ours
MAX_PROBLEMS = 10  # that are told one by one
LOCAL = 'file://'
FOLDER = re.compile('[0-9a-f]{2}')
MARKER = re.compile(r'[^.].*-([0-9a-f]{12})\.(done|failed)')


def is_text(value):
    return isinstance(value, str)


def is_number(value):
    return type(value) in (int, float) and math.isfinite(value)


def is_dict(value):
    return isinstance(value, dict)


def is_list(value):
    return isinstance(value, list)


def is_whole(bits):
    return lambda value: type(value) is int and 0 <= value < 1 << bits


FIELDS = {
    'line': {'frame_number': is_whole(63), 'stream_time': is_whole(63),
             'duration': is_whole(63), 'backend': is_text},
    'region': {'region': is_text, 'region_name': is_text,
               'tracking_id': is_whole(64), 'x': is_number, 'y': is_number,
               'width': is_number, 'height': is_number,
               'stale': lambda value: isinstance(value, bool)},
    'class': {'label': is_text, 'class_id': is_whole(31),
              'confidence': is_number},
    'marker': {'key': is_dict, 'frames': is_whole(63),
               'inferred': is_whole(63), 'seconds': is_number,
               'backend': is_text, 'precision': is_text, 'warnings': is_list,
               'stage': is_text, 'message': is_text, 'attempts': is_whole(31),
               'host': is_text, 'time': is_text},
    'key': {'video': is_text, 'model': is_text, 'files': is_dict,
            'settings': is_dict, 'version': is_text, 'size': is_whole(63),
            'mtime_ns': is_whole(63)},
    'failure': {'uri': is_text, 'stage': is_text, 'message': is_text,
                'attempts': is_whole(31), 'host': is_text, 'time': is_text},
}


def check(kind, value):
    if not isinstance(value, dict):
        raise ValueError
    for name, fits in FIELDS[kind].items():
        if value.get(name) is not None and not fits(value[name]):
            raise ValueError


def refuse(constant):
    raise ValueError


def read_json(data):
    """ValueError. Halves of surrogate pairs, which JSON can escape, are not let
    in, as no file can hold them."""
    text = data.decode('utf-8')
    try:
        value = json.loads(text, parse_constant=refuse)
    except RecursionError:
        raise ValueError from None
    if '\\ud' in text or '\\uD' in text:
        json.dumps(value, ensure_ascii=False).encode('utf-8')
    return value


def read_result(data):
    line = read_json(data)
    check('line', line)
    for region in line['regions']:
        check('region', region)
        for one in region['classes']:
            check('class', one)
            if one.get('label') is None:
                raise ValueError
    return line


def read_failure(data):
    failure = read_json(data)
    check('failure', failure)
    if failure.get('uri') is None:
        raise ValueError
    return failure


class Problems:
    """Sentences for standard error, each once, and how many there were."""

    def __init__(self):
        self.told = set()

    @property
    def n(self):
        return len(self.told)

    def add(self, sentence):
        if sentence in self.told:
            return
        self.told.add(sentence)
        if self.n <= MAX_PROBLEMS:
            complain(sentence)

    def finish(self):
        """What to exit with."""
        if self.n > MAX_PROBLEMS:
            complain(f'{self.n - MAX_PROBLEMS} more like these')
        return DATA_ERROR if self.n else 0


def number_of(uri):
    """As stands in names of files."""
    return hashlib.sha256(uri.encode()).hexdigest()[:12]


@dataclasses.dataclass(frozen=True)
class Entry:
    """Of one input. marker and what is in its key are checked.

    state  done or failed
    """
    path: pathlib.Path
    number: str
    state: str
    marker: dict

    @property
    def key(self):
        return self.marker['key']

    @property
    def uri(self):
        return self.key['video']

    @property
    def local_path(self):
        """None for what is no file."""
        if not self.uri.startswith(LOCAL):
            return None
        path = unquote_to_bytes(self.uri[len(LOCAL):])
        return pathlib.Path(os.fsdecode(path))

    @functools.cached_property
    def settings(self):
        """All that is the same for the inputs of one run."""
        return {name: self.key.get(name)
                for name in ('model', 'files', 'settings', 'version')}

    def lines(self, problems):
        """Results, in the order they were written."""
        bad = n = 0
        path = self.path.with_suffix('.jsonl')
        try:
            with open(path, 'rb') as file:
                for data in iter(lambda: file.readline(MAX_LINE), b''):
                    n += 1
                    try:
                        yield read_result(data)
                    except (ValueError, KeyError, TypeError):
                        bad += 1
        except OSError as error:
            problems.add(f'{path}: {error.strerror}')
        if bad:
            problems.add(f'{path}: {bad} of {n} lines are no results')


def read_entry(path, number, state):
    """ValueError, OSError."""
    marker = read_json(path.read_bytes())
    check('marker', marker)
    check('key', marker.get('key'))
    if marker['key'].get('video') is None:
        raise ValueError
    return Entry(path, number, state, marker)


class Archive:
    """A directory of results. One listing of a folder at a time is in memory.
    What cannot be read is left out, and told to `problems`."""

    def __init__(self, directory, problems):
        self.directory, self.problems = pathlib.Path(directory), problems
        try:
            names = sorted(os.listdir(directory))
        except OSError as error:
            raise NoInput(f'cannot read {directory}: {error.strerror}'
                          ) from None
        self.folders = [name for name in names if FOLDER.fullmatch(name)]
        self.lists = [name for name in names
                      if re.fullmatch(r'failures.*\.jsonl', name)]
        if not self.folders and not self.lists:
            raise NoInput(f'{directory} has no results of alexnet-batch')

    def entries(self):
        """Those that are done, and those that failed for good."""
        for folder in self.folders:
            try:
                names = sorted(os.listdir(self.directory / folder))
            except OSError as error:
                self.problems.add(f'{self.directory / folder}:'
                                  f' {error.strerror}')
                continue
            for name in names:
                marker = MARKER.fullmatch(name)
                if marker:
                    yield from self.read(folder, marker)

    def read(self, folder, marker):
        path = self.directory / folder / marker[0]
        try:
            yield read_entry(path, marker[1], marker[2])
        except FileNotFoundError:  # an alexnet-batch that runs has taken it
            pass
        except OSError as error:
            self.problems.add(f'{path}: {error.strerror}')
        except (ValueError, TypeError):
            self.problems.add(f'{path}: no marker of alexnet-batch')

    def failures(self):
        """{number: its last failure}: a few hundred bytes for each input that
        ever failed."""
        found = {}
        for name in self.lists:
            path, bad, n = self.directory / name, 0, 0
            try:
                with open(path, 'rb') as file:
                    for data in iter(lambda: file.readline(MAX_LINE), b''):
                        n += 1
                        try:
                            keep_last(found, read_failure(data))
                        except ValueError:
                            bad += 1
            except OSError as error:
                self.problems.add(f'{path}: {error.strerror}')
            if bad:
                self.problems.add(f'{path}: {bad} of {n} lines are no failures')
        return found


def keep_last(found, failure):
    number = number_of(failure['uri'])
    known = found.get(number)
    if not known or (known.get('time') or '') <= (failure.get('time') or ''):
        found[number] = failure


def is_over(failure, entry):
    """Whether what failed was done later."""
    return entry.state == 'done' and \
        (failure.get('time') or '') <= (entry.marker.get('time') or '')
