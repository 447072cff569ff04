# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of what is to be classified, and a part of it."""
import dataclasses
import glob
import itertools
import mimetypes
import os
import pathlib
import re
import sys
from urllib.parse import unquote_to_bytes

from .errors import UsageError

URI = re.compile(r'[A-Za-z][A-Za-z0-9+.-]*://')
LOCAL = re.compile('file://(localhost(?=/))?', re.IGNORECASE)
BELOW = re.compile(r'(?:^|(?<=/))\*\*(?:/|$)')  # in a pattern
# Of videos and pictures, which not every system's list of types has so.
ENDINGS = frozenset(
    '.264 .265 .3g2 .3gp .asf .avif .dv .flv .h264 .h265 .heic .heif .hevc .ivf'
    ' .jp2 .m2ts .m2v .m4v .mjpeg .mjpg .mkv .mts .mxf .ogv .tga .ts .vob .webm'
    ' .webp .wmv .y4m'.split())


@dataclasses.dataclass(frozen=True)
class Input:
    """path is None for what is no local file."""
    uri: str
    path: pathlib.Path | None

    @property
    def name(self):
        """What stands last in path or URI, without its query."""
        if self.path:
            return self.path.name
        return re.split('[?#]', self.uri)[0].rstrip('/').rpartition('/')[2]


def make_input(name):
    local = LOCAL.match(name)
    if URI.match(name) and not local:
        # Bytes that no text has.
        return Input(re.sub('[\0\udc80-\udcff]', lambda byte:
                            f'%{ord(byte[0]) & 0xff:02X}', name), None)
    if local:
        # Percent signs may stand for bytes that are no UTF-8.
        name = os.fsdecode(unquote_to_bytes(name[local.end():]))
    path = pathlib.Path(os.path.abspath(name))
    return Input(path.as_uri(), path)


def is_media(name):
    """By its ending, as what lies in a directory has to be told apart."""
    kind = mimetypes.guess_type(name)[0] or ''
    return os.path.splitext(name)[1].lower() in ENDINGS or \
        kind.startswith(('video/', 'image/')) and kind != 'image/svg+xml'


def walk(directory):
    """Videos and pictures below it, in the order of their names. Of each
    directory one listing at a time is in memory. Last come directories that
    cannot be listed, so that somebody hears of them."""
    denied = []
    for folder, folders, files in os.walk(
            directory, onerror=lambda error: denied.append(error.filename)):
        folders[:] = sorted(f for f in folders if not f.startswith('.'))
        for file in sorted(files):
            if not file.startswith('.') and is_media(file):
                yield os.path.join(folder, file)
    yield from denied


def match(pattern):
    """What it matches; ** is any directory below, but none through a link, which
    may lead in a circle."""
    below = BELOW.search(pattern)
    if not below:
        yield from sorted(glob.glob(pattern))
        return
    rest = pattern[below.end():]
    for top in sorted(glob.glob(pattern[:below.start()] or './')):
        if not rest:
            yield top
            continue
        for folder, folders, _ in os.walk(top):
            folders[:] = sorted(f for f in folders if not f.startswith('.'))
            yield from match(os.path.join(glob.escape(folder), rest))


def expand(name):
    """A file or URI is itself; a directory what is in it; a pattern what it
    matches, or itself when that is nothing."""
    if URI.match(name):
        yield name
    elif os.path.isdir(name):
        yield from walk(name)
    elif '\0' in name or os.path.exists(name) or not glob.has_magic(name):
        yield name
    else:
        found = None
        for found in match(name):
            yield from walk(found) if os.path.isdir(found) else [found]
        if found is None:
            yield name


def read_list(path):
    """A name a line; '-' is standard input."""
    try:
        with sys.stdin.buffer if path == '-' else open(path, 'rb') as file:
            for line in file:
                if line.strip():
                    yield os.fsdecode(line.rstrip(b'\r\n'))
    except OSError as error:
        raise UsageError(f'cannot read {path}: {error.strerror}') from None


class Inputs:
    """Part `shard` (from 0) of `n_shards` of all names: every n_shards-th one,
    so all parts have to be made of the same list. Iterating again begins anew
    unless a list is standard input or another pipe.

    found  whether there was any name, in whatever part
    """

    def __init__(self, names, lists, shard=0, n_shards=1):
        self.names, self.lists = names, lists
        self.shard, self.n_shards = shard, n_shards
        self.found = False

    def __iter__(self):
        names = itertools.chain(self.names, *map(read_list, self.lists))
        expanded = itertools.chain.from_iterable(map(expand, names))
        for i, name in enumerate(expanded):
            self.found = True
            if i % self.n_shards == self.shard:
                yield make_input(name)

    @property
    def can_repeat(self):
        return all(path != '-' and os.path.isfile(path)
                   for path in self.lists)


def number(environment, name):
    try:
        return int(environment[name])
    except KeyError:
        raise UsageError(f'{name} is not set beside the others') from None
    except ValueError:
        raise UsageError(f'{name} is {environment[name]!r},'
                         ' expected a number') from None


def find_shard(shard, n_shards, environment):
    """(shard, n_shards) of options, None where not given, or else of a Slurm
    array or an Indexed Job of Kubernetes."""
    if 'SLURM_ARRAY_TASK_ID' in environment and shard is None:
        first = number(environment, 'SLURM_ARRAY_TASK_MIN')
        step = number(environment, 'SLURM_ARRAY_TASK_STEP') \
            if 'SLURM_ARRAY_TASK_STEP' in environment else 1
        shard = (number(environment, 'SLURM_ARRAY_TASK_ID') - first) // step
        n_shards = n_shards or number(environment, 'SLURM_ARRAY_TASK_COUNT')
    elif 'JOB_COMPLETION_INDEX' in environment and shard is None:
        shard = number(environment, 'JOB_COMPLETION_INDEX')
        if n_shards is None:
            raise UsageError('JOB_COMPLETION_INDEX does not say of how many:'
                             ' give --shards')
    if shard is None and n_shards is None:
        return 0, 1
    if shard is None or n_shards is None:
        raise UsageError('--shard and --shards belong together')
    if not 0 <= shard < n_shards:
        raise UsageError(f'shard {shard} of {n_shards}, expected 0 to'
                         f' {n_shards - 1}')
    return shard, n_shards
