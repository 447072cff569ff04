# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where results lie, what is done already, and failures.

    DIR/3f/clip.webm-3f9ac01277b0.jsonl   a line a result
    DIR/3f/clip.webm-3f9ac01277b0.done    marker, written last
    DIR/3f/clip.webm-3f9ac01277b0.failed  the same of what will never work
    DIR/failures.jsonl                    a line for each failure

The number is of the URI's SHA-256; its first digits spread what may be millions
of files over 256 folders. A marker has a key: what the result depends on. Where
the key is another, or there is no marker, the work is still to be done.
"""
import dataclasses
import datetime
import hashlib
import json
import os
import pathlib
import re
import socket

MAX_NAME = 120


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(
        timespec='milliseconds')


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def to_text(name):
    """A file name that is no UTF-8 has its other bytes escaped."""
    return name.encode('utf-8', 'surrogateescape').decode(
        'utf-8', 'backslashreplace')


def hash_file(path):
    with open(path, 'rb') as file:
        return hashlib.file_digest(file, 'sha256').hexdigest()


def write_whole(path, lines):
    """All or nothing, also when the machine loses its power."""
    partial = path.with_name(f'.{path.name}.{socket.gethostname()}.'
                             f'{os.getpid()}.partial')
    try:
        with open(partial, 'w', encoding='utf-8') as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@dataclasses.dataclass(frozen=True)
class Place:
    """Of one input. key: what its result depends on."""
    stem: pathlib.Path
    key: dict

    def file(self, ending):
        return self.stem.with_name(self.stem.name + ending)

    @property
    def raw(self):
        """What the pipeline writes; of this process alone."""
        return self.stem.with_name(f'.{self.stem.name}.{socket.gethostname()}.'
                                   f'{os.getpid()}.raw')


class Store:
    """settings: of all inputs, for the keys. `by_hash`: a file's bytes tell
    whether it is another one, else its size and time."""

    def __init__(self, directory, settings, by_hash=False, failures=''):
        self.directory = pathlib.Path(directory)
        self.settings, self.by_hash = settings, by_hash
        self.failures = self.directory / f'failures{failures}.jsonl'

    def place(self, item):
        number = hashlib.sha256(item.uri.encode()).hexdigest()[:12]
        name = re.sub('[^A-Za-z0-9._-]', '_', to_text(item.name))[:MAX_NAME]
        return Place(self.directory / number[:2] / f'{name}-{number}',
                     self.key(item))

    def key(self, item):
        """Another one as soon as it can be read."""
        key = {'video': item.uri, **self.settings}
        if item.path is None:
            return key
        try:
            found = item.path.stat()
            if self.by_hash and item.path.is_file():
                key['sha256'] = hash_file(item.path)
            elif os.access(item.path, os.R_OK):
                key['mtime_ns'] = found.st_mtime_ns
            return {**key, 'size': found.st_size}
        except (OSError, ValueError):  # of a name with a NUL
            return {**key, 'size': None}

    def find(self, place):
        """'done', 'failed' or None: it is to be done."""
        for state in 'done', 'failed':
            try:
                marker = json.loads(place.file('.' + state).read_text('utf-8'))
                same = marker['key'] == place.key
            except (OSError, ValueError, KeyError, TypeError):
                continue
            if same and (state == 'failed' or place.file('.jsonl').exists()):
                return state
        return None

    def begin(self, place):
        """What an earlier run left half done on this machine is taken away;
        what it finished stays until there is another."""
        place.stem.parent.mkdir(parents=True, exist_ok=True)
        pattern = re.compile(re.escape(f'.{place.stem.name}') + r'(\.\w+)?\.' +
                             re.escape(socket.gethostname()) +
                             r'\.(\d+)\.(raw|partial)')
        for file in os.listdir(place.stem.parent):
            left = pattern.fullmatch(file)
            if left and not os.path.exists(f'/proc/{left[2]}'):
                (place.stem.parent / file).unlink(missing_ok=True)

    def finish(self, place, facts):
        """The pipeline's lines get `video` in front, then comes the marker."""
        head = '{"video":' + dump(place.key['video']) + ','
        with open(place.raw, encoding='utf-8') as raw:
            write_whole(place.file('.jsonl'), (head + line[1:] for line in raw))
        self.mark(place, 'done', facts)
        place.file('.failed').unlink(missing_ok=True)

    def mark(self, place, state, facts):
        write_whole(place.file('.' + state), [dump(
            {'key': place.key, **facts, 'host': socket.gethostname(),
             'time': now()}) + '\n'])

    def fail(self, place, failure, attempts):
        """A line, and a marker for what need not be tried again."""
        facts = {'stage': failure.stage, 'message': str(failure),
                 'attempts': attempts, 'passing': failure.passing}
        if not failure.passing:
            place.stem.parent.mkdir(parents=True, exist_ok=True)
            self.mark(place, 'failed', facts)
            place.file('.done').unlink(missing_ok=True)
            place.file('.jsonl').unlink(missing_ok=True)
        with open(self.failures, 'a', encoding='utf-8') as file:
            file.write(dump({'uri': place.key['video'], **facts,
                             'host': socket.gethostname(),
                             'time': now()}) + '\n')
