#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A worker of alexnet-batch is killed before each step by which it changes a
file of its results; whoever starts next finds nothing that is not so, and leaves
the same files as one that was never killed. Two are never at one input. Prints
TAP.
"""
import argparse
import errno
import fcntl
import json
import os
import pathlib
import signal
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'pipelines/batch'))

from alexnet_batch import inputs, results, worker  # noqa: E402
from alexnet_batch.errors import Failure, UsageError  # noqa: E402

STEPS = 'open', 'os.rename', 'os.remove', 'os.mkdir'  # audit events
OPTIONS = argparse.Namespace(jobs=1, attempts=1, overwrite=False,
                             retry_failed=False, stall_timeout=60)


class Pipeline:
    """Writes a line that tells the settings, or fails where the input says
    so."""

    def __init__(self, item, classifier, location, *_):
        text = item.path.read_text()
        if text == 'bad':
            raise Failure('decode', 'bad')
        if text == 'unreadable':
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        self.line = json.dumps({'settings': classifier}) + '\n'
        self.location = location

    def play(self):
        with open(self.location, 'w', encoding='utf-8') as file:
            file.write(self.line[:5])
            file.flush()
            file.write(self.line[5:])
        return {'frames': 1, 'warnings': []}


worker.Pipeline = Pipeline


def kill_before(step, directory):
    """Of those with a file below it, from 1."""
    left = step

    def see(event, arguments):
        nonlocal left
        if event in STEPS and str(arguments[0]).startswith(str(directory)):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(see)


class Case:
    """One input, in a directory of its own."""

    def __init__(self, directory):
        self.directory, self.file = directory / 'out', directory / 'in'
        self.directory.mkdir()

    def store(self, settings):
        return results.Store(self.directory, {'settings': settings})

    def work(self, settings, step=0):
        """In a process that is killed before that step, or not: whether it
        came to its end."""
        pid = os.fork()
        if not pid:
            if step:
                kill_before(step, self.directory)
            one = worker.Worker(inputs.Inputs([str(self.file)], []),
                                self.store(settings), settings, OPTIONS,
                                lambda: None)
            one.run()
            os._exit(bool(one.broken))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        assert status in (0, -signal.SIGKILL), f'status {status}'
        return status == 0

    def write(self, text):
        self.file.write_text(text)
        os.utime(self.file, ns=(0, 0))

    def found(self, settings):
        item = inputs.make_input(str(self.file))
        store = self.store(settings)
        place = store.place(item)
        return store.find(place), place

    def check_found(self, settings):
        """A result that is taken for done is that of these settings, a failure
        has its line."""
        state, place = self.found(settings)
        if state == 'done':
            line = json.loads(place.file('.jsonl').read_text())
            assert line['settings'] == settings, f'{settings}: {line}'
        if state == 'failed':
            assert self.failures(), 'no failure line'

    def failures(self):
        path = self.directory / 'failures.jsonl'
        lines = path.read_text().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def endings(self):
        return sorted(path.suffix for path in self.directory.glob('*/*'))


def sweep(before, after, endings):
    """`before` and `after`: the input's text and the settings of two runs, the
    second of which is killed at its first, second, ... step. The number of
    steps."""
    step, ended = 0, False
    while not ended:
        step += 1
        with tempfile.TemporaryDirectory() as name:
            case = Case(pathlib.Path(name))
            if before:
                case.write(before[0])
                case.work(before[1])
            case.write(after[0])
            ended = case.work(after[1], step)
            for settings in 'old', 'new':
                case.check_found(settings)
            case.work(after[1])
            assert case.endings() == endings, f'{step}: {case.endings()}'
            case.check_found(after[1])
    return step - 1


CASES = {
    'a first result': (None, ('good', 'new'), ['.done', '.jsonl']),
    'a result with other settings':
        (('good', 'old'), ('good', 'new'), ['.done', '.jsonl']),
    'a first failure': (None, ('bad', 'new'), ['.failed']),
    'a failure after a result':
        (('good', 'old'), ('bad', 'old'), ['.failed']),
    'a result after a failure':
        (('bad', 'old'), ('good', 'old'), ['.done', '.jsonl'])}
LEAST_STEPS = 6  # claim, write, rename, marker, rename, give back


def tell_opening(n, path, pipe):
    """A byte when this process opens it for the n-th time."""
    left = n

    def see(event, arguments):
        nonlocal left
        if event == 'open' and str(arguments[0]) == str(path):
            left -= 1
            if left == 0:
                os.write(pipe, b'.')
    sys.addaudithook(see)


def hold(place, pipe):
    """In a process: has the input until it is killed, with half a line of its
    result."""
    pid = os.fork()
    if not pid:
        with place.claim():
            place.raw.write_text('{"ha')
            place.partial('.jsonl').write_text('{"ha')
            os.write(pipe, b'.')
            signal.pause()
    return pid


def wait_for_other():
    """Another process has the input, is waited for, and is killed."""
    with tempfile.TemporaryDirectory() as name:
        case = Case(pathlib.Path(name))
        case.write('good')
        place = case.found('new')[1]
        told, tell = os.pipe()
        holder = hold(place, tell)
        os.read(told, 1)
        waiting = os.fork()
        if not waiting:
            tell_opening(4, place.raw, tell)  # two an attempt
            os._exit(not case.work('new'))
        os.read(told, 1)
        assert case.found('new')[0] is None, 'two were at one input'
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
        assert os.waitpid(waiting, 0)[1] == 0, 'it failed'
        assert case.endings() == ['.done', '.jsonl'], case.endings()
        case.check_found('new')


def work_with(flock):
    """In place of the system's: the worker, when it has ended, and what is there
    then."""
    with tempfile.TemporaryDirectory() as name:
        case = Case(pathlib.Path(name))
        case.write('good')
        whole, fcntl.flock = fcntl.flock, flock
        one = worker.Worker(inputs.Inputs([str(case.file)], []),
                            case.store('new'), 'new', OPTIONS, lambda: None)
        one.run()
        fcntl.flock = whole
        return one, case.endings()


def no_locks():
    """A file system that has none is not worked in."""
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    one, _ = work_with(flock)
    assert isinstance(one.broken, UsageError), repr(one.broken)
    assert 'No locks available' in str(one.broken), str(one.broken)


def taken_away():
    """Between opening and locking, by who has finished on another machine; NFS
    then has a word of its own."""
    whole, calls = fcntl.flock, []

    def flock(file, operation):
        calls.append(file)
        if len(calls) == 1:
            os.remove(file.name)
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))
        whole(file, operation)

    one, endings = work_with(flock)
    assert one.broken is None, repr(one.broken)
    assert len(calls) == 2 and endings == ['.done', '.jsonl'], endings


def bad_disk():
    """An input that cannot be read to its end has failed, and nothing else."""
    with tempfile.TemporaryDirectory() as name:
        case = Case(pathlib.Path(name))
        case.write('unreadable')
        assert case.work('new'), 'the worker was broken'
        assert case.endings() == ['.failed'], case.endings()
        failure, = case.failures()
        assert failure['message'] == os.strerror(errno.EIO), failure


def killed(name):
    steps = sweep(*CASES[name])
    assert steps >= LEAST_STEPS, f'only {steps} steps were seen'


def main():
    tests = {f'killed before each step of {name}': lambda name=name:
             killed(name) for name in CASES}
    tests |= {'another process has the input': wait_for_other,
              'no locks': no_locks, 'a lock on what is gone': taken_away,
              'a bad disk': bad_disk}
    for n, (name, test) in enumerate(tests.items(), 1):
        try:
            test()
            print(f'ok {n} {name}', flush=True)
        except AssertionError as error:
            print(f'not ok {n} {name}\n# {error}', flush=True)
    print(f'1..{len(tests)}')


if __name__ == '__main__':
    main()
