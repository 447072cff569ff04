#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""alexnet-batch is asked to end, by SIGTERM or SIGINT, at random moments, and
started again. It ends in time, no file with its last name is less than that of a
run that nobody disturbed, and the last run completes just what is missing. Prints
TAP. BUILD is the build directory.
"""
import argparse
import json
import os
import pathlib
import random
import signal
import subprocess
import tempfile
import time

import scale

SECONDS_TO_END = 5
PATIENCE = 120  # for what should end by itself
LONGEST_PAUSE = 0.1  # after a result, before the signal
# Of a cut file one of two elements may complain first.
VARYING = 'inference_time', 'seconds', 'host', 'time', 'message'
EX_DATAERR, EX_TEMPFAIL = 65, 75


def read_line(line):
    return json.loads(line, object_hook=lambda found: {
        name: value for name, value in found.items() if name not in VARYING})


def read(path):
    """Its lines but for what differs from run to run; where one is no JSON, that
    it is so."""
    try:
        return [read_line(line) for line in path.read_text().splitlines()]
    except ValueError:
        return 'a half line'


def read_all(results):
    """{name: lines}; failures in one order, as inputs may fail in another."""
    found = {str(path.relative_to(results)): read(path)
             for path in results.glob('*/*') if not path.name.startswith('.')}
    failures = results / 'failures.jsonl'
    if failures.exists():
        found[failures.name] = sorted(read(failures), key=str)
    return found


def catches(pid, number):
    """Whether the process has a handler of its own for the signal."""
    status = pathlib.Path(f'/proc/{pid}/status').read_text()
    caught = status.partition('SigCgt:')[2].split()
    return bool(caught) and int(caught[0], 16) >> (number - 1) & 1


class Run:
    """A process until it has ended."""

    def __init__(self, arguments, results, log):
        self.results = results
        self.n_before = scale.n_markers(results)
        self.process = subprocess.Popen(
            [scale.BATCH, '--progress', 'none', *arguments, '-o', results],
            stdin=subprocess.DEVNULL, stderr=log)

    def wait_for(self, n_results, pause):
        """Until it has done so many, and a pause. Python has a handler for
        SIGINT from its start on, alexnet-batch is the first with SIGTERM."""
        while self.process.poll() is None and not (
                catches(self.process.pid, signal.SIGTERM) and
                scale.n_markers(self.results) - self.n_before >= n_results):
            time.sleep(0.005)
        time.sleep(pause)

    def end(self, number):
        """Status and how long it took."""
        begun = time.monotonic()
        self.process.send_signal(number)
        return self.wait(), time.monotonic() - begun

    def wait(self):
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def compare(found, whole):
    """What is wrong with files that are there."""
    wrong = [f'{name} is another than undisturbed' for name in found
             if name != 'failures.jsonl' and found[name] != whole.get(name)]
    wrong += [f'{name} stands alone' for name in found
              if name.endswith('.done') and
              name.removesuffix('.done') + '.jsonl' not in found]
    failures = found.get('failures.jsonl', [])
    return wrong + [f'failed as {failure}' for failure in failures
                    if failure not in whole['failures.jsonl']]


def stamps(results):
    """When what is done for good was written."""
    return {path: (results / path).stat().st_mtime_ns
            for path in read_all(results) if path.endswith(('done', 'failed'))}


def end_one(run, generator, options):
    """At a random moment: status, and how long it took."""
    run.wait_for(generator.randint(0, options.results_between),
                 generator.uniform(0, LONGEST_PAUSE))
    return run.end(generator.choice([signal.SIGTERM, signal.SIGINT]))


def disturb(arguments, results, whole, generator, options, log):
    """Ends runs: what is wrong, and how long the longest took."""
    wrong, ended = [], []
    for _ in range(options.endings):
        ended.append(end_one(Run(arguments, results, log), generator, options))
        wrong += compare(read_all(results), whole)
    statuses = [status for status, _ in ended]
    longest = max(seconds for _, seconds in ended)
    if longest > SECONDS_TO_END:
        wrong.append(f'took {longest:.1f} s to end')
    if set(statuses) - {EX_TEMPFAIL, EX_DATAERR} or \
            statuses.count(EX_TEMPFAIL) <= options.endings // 2:
        wrong.append(f'ended with {statuses}')
    return wrong, longest


def complete(arguments, results, whole, log):
    """Lets a run go on to its end: what is wrong."""
    before = stamps(results)
    status = Run(arguments, results, log).wait()
    wrong = [] if status == EX_DATAERR else [f'ended at last with {status}']
    after, found = stamps(results), read_all(results)
    wrong += [f'{name} was done again' for name in before
              if after.get(name) != before[name]]
    wrong += [f'{path} is left over' for path in results.rglob('.*')]
    wrong += [f'{name} is missing' for name in whole if name not in found]
    if found.get('failures.jsonl') != whole['failures.jsonl']:
        wrong.append(f'failed as {found.get("failures.jsonl")}')
    return wrong + compare(found, whole)


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    add = parser.add_argument
    add('--clips', type=int, default=20)
    add('--endings', type=int, default=3)
    add('--results-between', type=int, default=4, metavar='N')
    add('--seed', type=int, default=1)
    return parser.parse_args()


def run_form(jobs, common, whole, generator, options, log, tap):
    results = whole.with_name(str(jobs))
    results.mkdir()
    arguments = [*common, '--jobs', str(jobs)]
    expected = read_all(whole)
    wrong, longest = disturb(arguments, results, expected, generator, options,
                             log)
    wrong += complete(arguments, results, expected, log)
    log.seek(0)
    wrong += [f'it said: {line.decode()}' for line in log]
    tap.report(f'{jobs} jobs', wrong)
    print(f'# it took {longest:.2f} s at most to end', flush=True)


def run_all(work, options, log, tap):
    os.environ['XDG_CACHE_HOME'] = os.environ['XDG_DATA_HOME'] = str(work)
    scale.make_clips(work / 'clips', options.clips)
    # The backend whose results do not depend on what is in a batch.
    common = [work / 'clips', '--set', 'backend=reference',
              '--set', 'inference-interval=4']
    whole = work / 'whole'
    whole.mkdir()
    assert Run(common, whole, log).wait() == EX_DATAERR
    generator = random.Random(options.seed)
    for jobs in 2, 3, 4:
        run_form(jobs, common, whole, generator, options, log, tap)


def main():
    options, tap = parse(), scale.Tap()
    scale.prepare()
    with tempfile.TemporaryDirectory() as name, \
            tempfile.TemporaryFile() as log:
        run_all(pathlib.Path(name), options, log, tap)
    print(f'1..{tap.n}')


if __name__ == '__main__':
    main()
