# SPDX-License-Identifier: LGPL-2.1-or-later

"""Processes that take turns, for all that compare.

Every competitor waits for its turn, so that in each round all of them are
timed one after the other on the same machine in the same state. A ratio is the
median of the ratios of the rounds: what else the machine does shifts both
sides of it.
"""

import datetime
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time


class Competitor:
    """Answers each line N with the seconds for N batches."""

    def __init__(self, name, command, environment=None):
        self.name = name
        self.errors = tempfile.TemporaryFile("w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env={**os.environ, **(environment or {})})
        self.ready = self.process.stdout.readline().split()
        self.seconds = []
        self.n = 1

    def works(self):
        return self.ready[:1] == ["ready"]

    def reason(self):
        """What it said last, when it does not work."""
        self.process.wait()
        self.errors.seek(0)
        lines = [line for line in self.errors.read().split("\n")
                 if line.strip()]
        return lines[-1].strip() if lines else "it said nothing"

    def run(self, n):
        self.process.stdin.write(f"{n}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended: {self.reason()}")
        return float(answer)

    def calibrate(self, seconds):
        self.run(1)
        self.n = max(1, math.ceil(seconds / max(self.run(2) / 2, 1e-6)))

    def turn(self):
        """The first batch only wakes threads and caches."""
        self.run(1)
        self.seconds.append(self.run(self.n) / self.n)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def run_once(command, environment):
    """Of a process: the words that it printed, its seconds, its peak in MB."""
    begin = time.perf_counter()
    with subprocess.Popen([str(word) for word in command], text=True,
                          stdout=subprocess.PIPE,
                          env={**os.environ, **environment}) as process:
        words = process.stdout.read().split()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed")
    return words, time.perf_counter() - begin, usage.ru_maxrss / 1024


def race(competitors, rounds, seconds):
    """`rounds` turns of about `seconds` each, forwards and backwards."""
    for competitor in competitors:
        competitor.calibrate(seconds)
    for i in range(rounds):
        for competitor in competitors[::-1 if i % 2 else 1]:
            competitor.turn()
    for competitor in competitors:
        competitor.close()


def ratio(one, other):
    """How many times as fast `one` is as `other`."""
    return statistics.median(b / a for a, b
                             in zip(one.seconds, other.seconds))


def has_amx():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        return " amx_int8" in file.read()


def describe_cpu():
    cpu = next((line.split(":", 1)[1].strip()
                for line in open("/proc/cpuinfo", encoding="utf-8")
                if line.startswith("model name")), platform.machine())
    return [f"- date: {datetime.date.today()}",
            f"- CPU: {cpu}, {os.cpu_count()} processors, load "
            f"{os.getloadavg()[0]:.1f} at the start"]
