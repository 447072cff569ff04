# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where results lie, what is done already, and failures.

    DIR/3f/clip.webm-3f9ac01277b0.jsonl   a line a result
    DIR/3f/clip.webm-3f9ac01277b0.done    marker, written last
    DIR/3f/clip.webm-3f9ac01277b0.failed  the same of what will never work
    DIR/3f/.clip.webm-3f9ac01277b0.raw    while it is worked at, locked
    DIR/failures.jsonl                    a line for each failure

The number is of the URI's SHA-256; its first digits spread what may be millions
of files over 256 folders. A marker has a key: what the result depends on. Where
the key is another, or there is no marker, the work is still to be done; so a
marker goes before what it tells of changes. A file without its lock was left by
a process that was killed, on whatever machine.
"""
import contextlib
import dataclasses
import datetime
import errno
import fcntl
import hashlib
import json
import os
import pathlib
import re
import secrets
import socket

from .errors import Busy, UsageError, to_text
from .models import hash_file

MAX_NAME = 120
ENDINGS = '.jsonl', '.done', '.failed'
GONE = errno.ENOENT, errno.ESTALE  # the latter of NFS, for what is open


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(
        timespec='milliseconds')


def dump(value):
    return json.dumps(value, ensure_ascii=False, separators=(',', ':'))


def require_folder(path):
    """Where `path` can be written. UsageError."""
    folder = path.absolute().parent
    if not folder.is_dir():
        raise UsageError(f'there is no directory {folder}')
    if not os.access(folder, os.W_OK):
        raise UsageError(f'not allowed to write in {folder}')


def name_partial(path):
    """What will be `path` is this until it is whole: nobody else's, as others may
    write the same."""
    return path.with_name(f'.{secrets.token_hex(8)}.partial')


def write_whole(path, lines, partial):
    """All or nothing, also when the machine loses its power. Nobody else writes
    to `partial`, which is in the same directory."""
    try:
        with open(partial, 'w', encoding='utf-8') as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def lock(file):
    """Whether nobody else, of whatever machine, has it. It is given back when the
    file is closed, also by the kernel for a process that was killed."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno in GONE:
            return False
        raise UsageError(f'{file.name}: cannot be locked, which the file system'
                         f' of results has to allow: {error.strerror}'
                         ) from None
    return True


def is_at(file, path):
    """Whether it is still the one of that name, which is opened because NFS may
    know an older one until then."""
    try:
        with open(path, 'rb') as now:
            return os.path.samestat(os.fstat(file.fileno()),
                                    os.fstat(now.fileno()))
    except OSError as error:
        if error.errno in GONE:
            return False
        raise


@dataclasses.dataclass(frozen=True)
class Place:
    """Of one input. key: what its result depends on."""
    stem: pathlib.Path
    key: dict

    def file(self, ending):
        return self.stem.with_name(self.stem.name + ending)

    def partial(self, ending):
        """For who works here."""
        return self.stem.with_name(f'.{self.stem.name}{ending}.partial')

    @property
    def raw(self):
        """What the pipeline writes. Who has it locked works here."""
        return self.stem.with_name(f'.{self.stem.name}.raw')

    def open_raw(self):
        """The file, and whether it was left by who was killed."""
        try:
            return open(self.raw, 'xb'), False
        except FileExistsError:
            return open(self.raw, 'ab'), True
        except FileNotFoundError:
            self.stem.parent.mkdir(parents=True, exist_ok=True)
            return self.open_raw()

    @contextlib.contextmanager
    def claim(self):
        """For who works here, processes on other machines included. Busy."""
        file, left = self.open_raw()
        with file:
            if not lock(file):
                raise Busy
            if not is_at(file, self.raw):  # whoever had it has just finished
                raise Busy
            try:
                if left:
                    self.tidy()
                yield
            finally:
                self.raw.unlink(missing_ok=True)

    def tidy(self):
        for ending in ENDINGS:
            self.partial(ending).unlink(missing_ok=True)


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

    def take_away(self, place):
        """What is left there by who was killed after the marker."""
        if place.raw.exists():
            with contextlib.suppress(Busy), place.claim():
                pass

    def finish(self, place, facts):
        """The pipeline's lines get `video` in front, then comes the marker."""
        head = '{"video":' + dump(place.key['video']) + ','
        place.file('.done').unlink(missing_ok=True)
        with open(place.raw, encoding='utf-8') as raw:
            write_whole(place.file('.jsonl'), (head + line[1:] for line in raw),
                        place.partial('.jsonl'))
        place.file('.failed').unlink(missing_ok=True)
        self.mark(place, 'done', facts)

    def mark(self, place, state, facts):
        ending = '.' + state
        write_whole(place.file(ending), [dump(
            {'key': place.key, **facts, 'host': socket.gethostname(),
             'time': now()}) + '\n'], place.partial(ending))

    def fail(self, place, failure, attempts):
        """A line, then a marker for what need not be tried again."""
        facts = {'stage': failure.stage, 'message': str(failure),
                 'attempts': attempts, 'passing': failure.passing}
        self.append({'uri': place.key['video'], **facts,
                     'host': socket.gethostname(), 'time': now()})
        if not failure.passing:
            place.file('.done').unlink(missing_ok=True)
            place.file('.jsonl').unlink(missing_ok=True)
            self.mark(place, 'failed', facts)

    def append(self, failure):
        """A line of its own, whoever else writes; after the half of one that a
        killed process left, too."""
        with open(self.failures, 'ab+') as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            end = file.seek(0, os.SEEK_END)
            file.seek(max(end - 1, 0))
            begin = b'' if file.read(1) in (b'', b'\n') else b'\n'
            file.write(begin + dump(failure).encode() + b'\n')
