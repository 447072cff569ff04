#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs alexnet-batch on the workers of a Dask cluster, a part of the list in
each task:

    dask_cluster.py CLUSTER SHARDS -o DIR [OPTION|INPUT]...

CLUSTER is the address of a scheduler (tcp://host:8786) or a number: so many
workers on this machine, for this run. All need python3-distributed. Workers see
the same files and have one thread (`dask worker ADDRESS --nthreads 1`); each
starts the command as a process of its own, $ALEXNET_BATCH, alexnet-batch. When
a worker is lost its process ends, too, and another worker does what is missing
of that part. A part that may work another time is started again up to RETRIES
times (3).

The last line has the sums. Exit codes are alexnet-batch's: 0, 65 when inputs
are bad, 66 when there are none, 75 when it is worth another start, 2 when one
worker cannot begin, which ends all.
"""
import argparse
import collections
import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import uuid

import distributed

USAGE, DATA_ERROR, NO_INPUT, TRY_AGAIN = 2, 65, 66, 75
CANNOT_START = 126, 127  # of setpriv
WORST_FIRST = TRY_AGAIN, DATA_ERROR, 0, NO_INPUT
SUMS = 'handled', 'failed', 'frames'
SECONDS_TO_LOOK = 3  # whether it is to stop


def read(stream, said):
    """Keeps the last counts and the last sentence of alexnet-batch. Sentences go
    on to where the worker's own go."""
    for line in stream:
        if line.startswith('{'):
            said['counts'] = line
        else:
            said['sentence'] = line.strip()
            sys.stderr.write(line)


def wait(process, stop):
    while True:
        try:
            return process.wait(SECONDS_TO_LOOK)
        except subprocess.TimeoutExpired:
            if stop.is_set():
                process.terminate()


def run_shard(command, directory, stop):
    """On a worker: exit status, counts and last sentence. setpriv is there for
    a worker that is killed, which can end nothing itself."""
    said = {'counts': '{}', 'sentence': ''}
    try:
        process = subprocess.Popen(
            ['setpriv', '--pdeathsig', 'TERM', *command], cwd=directory,
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors='replace')
    except OSError as error:
        return USAGE, {}, f'{error.filename}: {error.strerror}'
    reader = threading.Thread(target=read, args=(process.stderr, said))
    reader.start()
    try:
        status = wait(process, distributed.Event(stop))
    finally:
        process.terminate()
        process.wait()
        reader.join()
    return (USAGE if status in CANNOT_START else status,
            json.loads(said['counts']),
            f'{socket.gethostname()}: {said["sentence"]}')


class Run:
    """All shards of one run.

    name  of this run, for the scheduler: also of the event that stops it
    """

    def __init__(self, client, options):
        self.client, self.options = client, options
        self.name = f'alexnet-batch-{uuid.uuid4().hex}'
        self.stop = distributed.Event(self.name, client)
        self.completed = distributed.as_completed()
        self.attempts = collections.Counter()
        self.sums = collections.Counter({name: 0 for name in SUMS})
        self.statuses = set()
        self.shards = {}

    def submit(self, shard):
        options = self.options
        self.attempts[shard] += 1
        command = [options.command, '--shard', str(shard), '--shards',
                   str(options.shards), '--progress', 'json', *options.rest]
        future = self.client.submit(
            run_shard, command, os.getcwd(), self.name,
            key=f'{self.name}-{shard}-{self.attempts[shard]}')
        self.shards[future] = shard
        self.completed.add(future)

    def finish(self):
        """Until all shards have ended, or it makes no sense; the status."""
        for shard in range(self.options.shards):
            self.submit(shard)
        for future in self.completed:
            status, counts, sentence = find_result(future)
            if status == USAGE:
                complain(sentence)
                self.stop.set()
                return USAGE
            self.take(self.shards.pop(future), status, counts, sentence)
        return next(s for s in WORST_FIRST if s in self.statuses)

    def take(self, shard, status, counts, sentence):
        """What one attempt came to. Where the process crashed there may be
        another end the next time."""
        if status not in WORST_FIRST:
            status, sentence = TRY_AGAIN, f'{sentence} (status {status})'
        if status == TRY_AGAIN:
            complain(f'shard {shard}: {sentence}')
            if self.attempts[shard] <= self.options.retries:
                self.submit(shard)
                return
        self.statuses.add(status)
        self.sums.update({name: counts.get(name, 0) for name in SUMS})


def find_result(future):
    """What run_shard() returned, or the same of a worker that was lost."""
    if future.cancelled():
        raise OSError('the scheduler does not answer any more')
    error = future.exception()
    return (TRY_AGAIN, {}, str(error)) if error else future.result()


def complain(sentence):
    print(f'dask_cluster.py: {sentence}', file=sys.stderr, flush=True)


def whole(text):
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f'{text!r} is no number from 1')
    return int(text)


def read_options():
    parser = argparse.ArgumentParser(
        prog='dask_cluster.py', description=__doc__,
        usage='%(prog)s CLUSTER SHARDS -o DIR [OPTION|INPUT]...',
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('cluster', metavar='CLUSTER')
    parser.add_argument('shards', metavar='SHARDS', type=whole)
    parser.add_argument('rest', nargs=argparse.REMAINDER)
    options = parser.parse_args()
    if len(options.rest) < 3 or options.rest[0] != '-o':
        parser.error('-o DIR and an INPUT have to come next')
    for word in options.rest:
        if re.match('--(shards?|progress)(=|$)', word):
            parser.error(f'{word} is for the tasks, which get theirs here')
    retries = os.environ.get('RETRIES', '3')
    if not retries.isdecimal():
        parser.error(f'RETRIES is {retries!r}, expected a number')
    options.retries = int(retries)
    options.command = os.environ.get('ALEXNET_BATCH', 'alexnet-batch')
    return options


def open_client(cluster):
    if re.fullmatch('[1-9][0-9]*', cluster):
        return distributed.Client(n_workers=int(cluster), threads_per_worker=1,
                                  dashboard_address=None)
    return distributed.Client(cluster)


def work(client, options):
    if not client.scheduler_info()['workers']:
        complain('the cluster has no worker yet, and waits for one')
    run = Run(client, options)
    try:
        status = run.finish()
    except KeyboardInterrupt:
        run.stop.set()
        raise
    if status != USAGE:
        print('{handled} inputs, {failed} failed, {frames} frames'.format_map(
            run.sums), flush=True)
    return status


def main():
    # A lost connection ends in a sentence, not in a trace of calls.
    logging.getLogger('distributed.client').setLevel(logging.CRITICAL)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        options = read_options()
        with open_client(options.cluster) as client:
            return work(client, options)
    except KeyboardInterrupt:
        return TRY_AGAIN
    except (OSError, ValueError) as error:
        complain(error)
        sys.stdout = None  # Python would try it again
        return TRY_AGAIN


if __name__ == '__main__':
    sys.exit(main())
