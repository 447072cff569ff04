# SPDX-License-Identifier: LGPL-2.1-or-later

"""How fast this build is beside another one of the same project, as a rule the
tree before a change, in speed, in time to start and in memory.

    meson test --benchmark -v before --test-args='--before OTHER/build'

Both get the same model of full width and, in their turn, the same processors.
Each finds out for itself which ways to compute are fast, before it is timed; as
what it finds differs from run to run, --tries repeats that with empty caches.
A cell counts as worse when three quarters of its rounds say so, by 1 % or more.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

from bench import write_images
from contest import Competitor, describe_cpu, race, run_once

ENGINE = pathlib.Path("tests/bench/bench-engine")
INSPECT = pathlib.Path("engine/tools/alexnet-inspect")
PRECISIONS = ["fp32", "auto", "int8"]


def prepare(arguments):
    """The model as this build writes it, its scales as each build does."""
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    model = work / "alexnet.safetensors"
    if not model.exists():
        subprocess.run([arguments.build / ENGINE, "write", model], check=True)
    images = write_images(work)
    for name, build in arguments.builds.items():
        subprocess.run([build / INSPECT, "calibrate", model, *images, "-o",
                        model_of(arguments, name, "int8")], check=True,
                       stdout=subprocess.DEVNULL,
                       env=os.environ | environment_of(arguments, name))


def model_of(arguments, name, precision):
    return arguments.work / (f"int8-{name}.safetensors" if precision == "int8"
                             else "alexnet.safetensors")


def environment_of(arguments, name):
    """A cache of its own; and its own library, not the one Meson names."""
    return {"XDG_CACHE_HOME": str(arguments.work / f"cache-{name}"),
            "LD_LIBRARY_PATH": ""}


def race_speed(arguments, precision, batch):
    """Both builds, timed by turns."""
    words = [precision, arguments.threads, batch,
             arguments.work / "input.f32", arguments.work / "out.f32"]
    competitors = [Competitor(name, [build / ENGINE, "tensors",
                                     model_of(arguments, name, precision),
                                     *words],
                              environment_of(arguments, name))
                   for name, build in arguments.builds.items()]
    for competitor in competitors:
        if not competitor.works():
            sys.exit(f"{competitor.name}: {competitor.reason()}")
    race(competitors, arguments.rounds, arguments.seconds)
    return [competitor.seconds for competitor in competitors]


def race_plans(arguments, precision, batch):
    """The rounds of several tries, each with plans of its own."""
    tries = []
    for _ in range(arguments.tries):
        for name in arguments.builds:
            shutil.rmtree(arguments.work / f"cache-{name}",
                          ignore_errors=True)
        tries.append(race_speed(arguments, precision, batch))
    return [sum(seconds, []) for seconds in zip(*tries)]


def start_once(arguments, name, precision):
    """Seconds and MB at most of a process that classifies once."""
    command = [arguments.builds[name] / INSPECT, "bench", "-n", "1", "-p",
               precision, "-t", arguments.threads,
               model_of(arguments, name, precision)]
    return run_once(command, environment_of(arguments, name))[1:]


def race_start(arguments, precision):
    """Seconds and memory of both builds; the first round fills the caches."""
    measured = {name: [] for name in arguments.builds}
    for i in range(arguments.rounds + 1):
        for name in list(measured)[::-1 if i % 2 else 1]:
            result = start_once(arguments, name, precision)
            if i > 0:
                measured[name].append(result)
    seconds, memory = zip(*(zip(*results) for results in measured.values()))
    return seconds, memory


def compare(name, unit, before, now):
    """A row: medians and quartiles of how many times as good this build is."""
    ratios = sorted(b / a for a, b in zip(now, before))
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"| {name} | {statistics.median(before):.4g} | "
          f"{statistics.median(now):.4g} | {unit} | {middle:.3f} | "
          f"{low:.3f} to {high:.3f} | {'WORSE' if high < 0.99 else ''} |",
          flush=True)


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--before", type=pathlib.Path, metavar="BUILD",
                        help="the other build's directory")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.4,
                        help="of one build in one round (%(default)s)")
    parser.add_argument("--tries", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--precisions", nargs="+", choices=PRECISIONS,
                        default=PRECISIONS)
    arguments = parser.parse_args()
    if not arguments.before:
        print("skip: --before BUILD is missing")
        sys.exit(77)
    arguments.builds = {"before": arguments.before, "now": arguments.build}
    return arguments


def main():
    arguments = parse()
    prepare(arguments)
    print(*describe_cpu(),
          f"- command: `meson test --benchmark -v before`, {arguments.rounds} "
          f"rounds of {arguments.seconds} s, {arguments.tries} tries\n",
          "| | before | now | | x | quartiles | |",
          "|---|--:|--:|---|--:|---|---|", sep="\n", flush=True)
    for precision in arguments.precisions:
        for batch in arguments.batches:
            seconds = race_plans(arguments, precision, batch)
            compare(f"{precision}, batch {batch}", "s a batch", *seconds)
        seconds, memory = race_start(arguments, precision)
        compare(f"{precision}, start", "s", *seconds)
        compare(f"{precision}, memory", "MB", *memory)


if __name__ == "__main__":
    main()
