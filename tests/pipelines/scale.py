#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many alexnet-batch processes over one directory of short clips, a tenth of
them damaged, while one process after the other is killed and started again. At
the end each good clip has one whole result, each bad one a failure, and nothing
else is there. Prints figures and TAP. BUILD is the build directory.
"""
import argparse
import collections
import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time

import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
BATCH = ROOT / 'pipelines/batch/alexnet-batch'
FIRST_FRAMES, N_BASES = 4, 10  # frames of the first kind of clip, kinds
DAMAGES = 'empty', 'cut', 'text', 'sound'
# What a kind of damage is called at last: stage, begin of the message.
FAILURES = {
    'empty': ('open', 'the file is empty'),
    'cut': ('decode', ''),
    'text': ('decode', 'This appears to be a text file'),
    'sound': ('decode', 'no picture in it')}
EX_DATAERR = 65


def play(description):
    pipeline = Gst.parse_launch(description)
    pipeline.set_state(Gst.State.PLAYING)
    message = pipeline.get_bus().timed_pop_filtered(
        Gst.CLOCK_TIME_NONE, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    pipeline.set_state(Gst.State.NULL)
    if message.type == Gst.MessageType.ERROR:
        raise SystemExit(f'{description}: {message.parse_error()[0].message}')


def make_bases(directory):
    """[(bytes, frames)]; those of QuickTime are nothing without their end."""
    bases = []
    for i in range(N_BASES):
        frames = FIRST_FRAMES + i
        coding = 'vp8enc deadline=1 ! webmmux' if i % 2 else \
            'jpegenc ! qtmux'
        play(f'videotestsrc num-buffers={frames} pattern={i} !'
             f' video/x-raw,width=96,height=72,framerate=10/1 ! {coding} !'
             f' filesink location={directory}/base')
        bases.append(((directory / 'base').read_bytes(), frames))
    play('audiotestsrc num-buffers=5 ! wavenc !'
         f' filesink location={directory}/base')
    return bases, (directory / 'base').read_bytes()


def add_name(clip, name):
    """To the end, as what readers skip: an element Void, or a box free."""
    name = name.encode()
    if clip.startswith(b'\x1a\x45\xdf\xa3'):
        return clip + bytes([0xec, 0x80 | len(name)]) + name
    return clip + (8 + len(name)).to_bytes(4, 'big') + b'free' + name


def damage(kind, clip, sound):
    return {'empty': b'', 'cut': clip[:len(clip) // 2],
            'text': b'No video, but words.\n' * 20, 'sound': sound}[kind]


def make_clips(directory, n):
    """{URI: frames of a good clip, or the kind of damage}"""
    directory.mkdir()
    bases, sound = make_bases(directory.parent)
    expected = {}
    for i in range(n):
        clip, frames = bases[i % N_BASES]
        path = directory / f'{i % 7}/clip {i:05}.mov'
        path.parent.mkdir(exist_ok=True)
        if i % N_BASES == 0:  # of QuickTime
            kind = DAMAGES[i // N_BASES % len(DAMAGES)]
            path.write_bytes(damage(kind, clip, sound))
            expected[path.as_uri()] = kind
        else:
            path.write_bytes(add_name(clip, path.name))
            expected[path.as_uri()] = frames
    return expected


class Fleet:
    """Processes that are started again until each has ended by itself.

    arguments  of worker i
    """

    def __init__(self, n, arguments, log):
        self.arguments, self.log = arguments, log
        self.starts, self.kills, self.peak = 0, 0, 0
        self.statuses = collections.Counter()
        self.running = {}
        for i in range(n):
            self.start(i)

    def start(self, i):
        self.starts += 1
        process = subprocess.Popen(
            [BATCH, '--progress', 'none', *self.arguments(i)],
            stdin=subprocess.DEVNULL, stderr=self.log)
        self.running[process.pid] = i, process

    def kill(self, generator):
        self.kills += 1
        os.kill(generator.choice(list(self.running)), signal.SIGKILL)

    def reap(self):
        """Those that have ended; who was killed begins again."""
        while self.running:
            pid, status, usage = os.wait3(os.WNOHANG)
            if not pid:
                return
            i, process = self.running.pop(pid)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.peak = max(self.peak, usage.ru_maxrss)
            if process.returncode == -signal.SIGKILL:
                self.start(i)
            else:
                self.statuses[process.returncode] += 1


def n_markers(results):
    return sum(1 for _ in results.glob('*/*.done'))


def run_fleet(options, arguments, results, log):
    """A kill whenever there is another result since the last one, at least
    `kill_every` seconds later."""
    generator = random.Random(options.seed)
    fleet = Fleet(options.workers, arguments, log)
    seen, last = 0, time.monotonic()
    while fleet.running:
        time.sleep(0.1)
        fleet.reap()
        if fleet.kills == options.kills or not fleet.running or \
                time.monotonic() - last < options.kill_every:
            continue
        markers = n_markers(results)
        if markers >= seen + options.results_between:
            fleet.kill(generator)
            seen, last = markers, time.monotonic()
    return fleet


def read_lines(path):
    with open(path, encoding='utf-8') as file:
        return [json.loads(line) for line in file]


def check_good(uri, frames, files):
    """What is wrong with it."""
    if set(files) != {'.jsonl', '.done'}:
        return f'has {sorted(files)}'
    if len(files['.jsonl']) != 1 or len(files['.done']) != 1:
        return 'has two results'
    lines = read_lines(files['.jsonl'][0])
    if [line['frame_number'] for line in lines] != list(range(frames)):
        return f'{len(lines)} lines, expected one for each of {frames} frames'
    if any(line['video'] != uri for line in lines):
        return "a line is another video's"
    marker, = read_lines(files['.done'][0])
    if marker['frames'] != frames:
        return f'its marker has {marker["frames"]} frames'
    return None


def check_bad(kind, files, failures):
    stage, message = FAILURES[kind]
    if set(files) != {'.failed'}:
        return f'has {sorted(files)}'
    if not failures:
        return 'has no failure line'
    for failure in failures:
        if failure['stage'] != stage or \
                not failure['message'].startswith(message):
            return f'failed as {failure}'
    return None


def collect(results):
    """Files of each URI by their endings, and those that should not be."""
    by_uri = collections.defaultdict(lambda: collections.defaultdict(list))
    strange = []
    for path in results.glob('*/*'):
        if path.name.startswith('.'):
            strange.append(path)
        elif path.suffix == '.jsonl':
            with open(path, encoding='utf-8') as file:
                uri = json.loads(file.readline())['video']
            by_uri[uri]['.jsonl'].append(path)
        else:
            marker, = read_lines(path)
            by_uri[marker['key']['video']][path.suffix].append(path)
    return by_uri, strange


def check(results, expected):
    """What is wrong, as sentences, and how many failure lines are not the
    first of their input."""
    by_uri, strange = collect(results)
    failures = collections.defaultdict(list)
    for path in results.glob('failures*.jsonl'):
        for failure in read_lines(path):
            failures[failure['uri']].append(failure)
    wrong = [f'{path} is left over' for path in strange]
    wrong += [f'{uri} is no input'
              for uri in {*by_uri, *failures} - {*expected}]
    for uri, what in expected.items():
        problem = check_bad(what, by_uri[uri], failures[uri]) \
            if what in FAILURES else check_good(uri, what, by_uri[uri])
        if not problem and what not in FAILURES and failures[uri]:
            problem = f'failed as {failures[uri]}'
        if problem:
            wrong.append(f'{uri}: {problem}')
    return wrong, sum(len(lines) - 1 for lines in failures.values() if lines)


def stamps(results):
    return {path: path.stat().st_mtime_ns for path in results.glob('*/*')
            if not path.name.startswith('.')}


class Tap:
    n = 0

    def report(self, name, wrong):
        self.n += 1
        print(f'{"not ok" if wrong else "ok"} {self.n} {name}')
        for line in wrong[:20]:
            print(f'# {line}')


def run_form(name, arguments, options, work, expected, tap):
    results = work / name
    results.mkdir()
    begun = time.monotonic()
    with open(work / f'{name}.log', 'w+b') as log:
        fleet = run_fleet(options, lambda i: arguments(i, results), results,
                          log)
        seconds = time.monotonic() - begun
        # What processes that were killed last have left.
        before, begun = stamps(results), time.monotonic()
        last = subprocess.run(
            [BATCH, '--progress', 'none', *arguments(None, results)],
            stderr=log, check=False).returncode
        again_seconds = time.monotonic() - begun
        log.seek(0)
        said = log.read().decode(errors='replace').splitlines()
    wrong, again = check(results, expected)
    wrong += [f'it said: {line}' for line in said]
    if last != EX_DATAERR or set(fleet.statuses) - {0, EX_DATAERR}:
        wrong.append(f'ended with {dict(fleet.statuses)}, at last {last}')
    if stamps(results) != before:
        wrong.append('another start did something again')
    if fleet.kills < options.kills:
        wrong.append(f'only {fleet.kills} of {options.kills} kills')
    tap.report(name, wrong)
    print(f'# {name}: {len(expected)} clips in {seconds:.1f} s,'
          f' {len(expected) / seconds:.2f} clips/s; {options.workers} workers,'
          f' {fleet.kills} kills, {fleet.starts} starts;'
          f' {again} failure lines twice; {fleet.peak / 1024:.0f} MiB at most'
          f' in a worker; {again_seconds:.1f} s to find all done', flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('--workers', type=int, default=4)
    add('--clips', type=int, default=40)
    add('--kills', type=int, default=4)
    add('--kill-every', type=float, default=0, metavar='SECONDS')
    add('--results-between', type=int, default=4, metavar='N')
    add('--seed', type=int, default=1)
    return parser.parse_args()


def prepare():
    os.environ.update(
        GST_PLUGIN_PATH=f'{os.environ["BUILD"]}/gst',
        ALEXNET_DATA_DIR=str(ROOT / 'pipelines/models'))
    for name in 'ALEXNET_MODEL', 'SLURM_ARRAY_TASK_ID', 'JOB_COMPLETION_INDEX':
        os.environ.pop(name, None)
    Gst.init(None)


def main():
    options = parse()
    prepare()
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        os.environ['XDG_CACHE_HOME'] = os.environ['XDG_DATA_HOME'] = name
        expected = make_clips(work / 'clips', options.clips)
        common = [work / 'clips', '--set', 'cpu-threads=1', '-o']

        def shard(i, results):
            part = [] if i is None else \
                ['--shard', str(i), '--shards', str(options.workers)]
            return [*common, results, *part]

        run_form('shards', shard, options, work, expected, tap)
        run_form('one list', lambda i, results: [*common, results], options,
                 work, expected, tap)
    print(f'1..{tap.n}')


if __name__ == '__main__':
    sys.exit(main())
