# SPDX-License-Identifier: LGPL-2.1-or-later

"""How long a model of full width takes until it can classify, and how much
memory that needs at most, beside onnxruntime with the same network as ONNX.

    meson test --benchmark -v load
    meson test --benchmark -v load --test-args='--rounds 9'

Everyone loads in a process of its own, one after the other, round after round.
Time is that of the call that loads (onnxruntime's import is not counted), with
both processors at hand; memory is the peak of the process. Files lie in the
page cache, and the engine has found out before which ways to compute are fast,
as after a user's first run. What cannot run is skipped, saying why.
"""

import argparse
import pathlib
import statistics
import subprocess
import sys

from contest import describe_cpu, run_once
from environment import list_packages, make_environment

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["onnx", "onnxruntime", "numpy"]
DEBIAN_PYTHON = "/usr/bin/python3"
# A file for the engine, and the same network for onnxruntime.
CASES = [("torchvision.pth", "torchvision.onnx"),
         ("torchvision.onnx", "torchvision.onnx"),
         ("bvlc.caffemodel", "bvlc.onnx")]
PRECISIONS = ["auto", "fp32"]
SECONDS, CPU, MEMORY = range(3)  # of a result
# Wanted of onnxruntime's, in the engine's default precision.
GOALS = {"time": (SECONDS, 0.5), "memory": (MEMORY, 0.6)}

LOAD = """
import sys, time
import onnxruntime
wall, cpu = time.perf_counter(), time.process_time()
onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
print(time.perf_counter() - wall, time.process_time() - cpu)
"""


def run(command, environment):
    """Seconds, those of a processor, and the process's peak of memory in MB."""
    words, _, peak = run_once(command, environment)
    return float(words[0]), float(words[1]), peak


def write_models(work, python, torch):
    """The files that are not there yet; returns what can take part."""
    if not (work / "torchvision.pth").exists():
        subprocess.run([torch, HERE.parent / "data" / "random_model.py",
                        "torchvision", work / "torchvision.pth"], check=False)
    for name in ("torchvision.onnx", "bvlc.onnx", "bvlc.caffemodel"):
        if not (work / name).exists():
            subprocess.run([python, HERE / "full_width.py", work / name],
                           check=True)
    return [case for case in CASES if (work / case[0]).exists()]


def race(commands, rounds, environment):
    """Results of all rounds by name; one before them only warms up."""
    measured = {name: [] for name in commands}
    for i in range(rounds + 1):
        for name in list(commands)[::-1 if i % 2 else 1]:
            result = run(commands[name], environment)
            if i > 0:
                measured[name].append(result)
    return measured


def median(results, what):
    return statistics.median(result[what] for result in results)


def ratio(one, other, what):
    return statistics.median(a[what] / b[what] for a, b in zip(one, other))


def compare(arguments, python, model, rival):
    """Prints a row for everyone; returns how the goals were met."""
    work = arguments.work
    commands = {f"engine {p}": [arguments.engine, "load", work / model, p, 0, 1]
                for p in PRECISIONS}
    commands["onnxruntime"] = [python, "-c", LOAD, work / rival]
    measured = race(commands, arguments.rounds,
                    {"XDG_CACHE_HOME": str(work / "cache")})
    base = measured["onnxruntime"]
    for name, results in measured.items():
        row = [model, name, f"{median(results, SECONDS):.3f}",
               f"{median(results, CPU):.3f}", f"{median(results, MEMORY):.0f}"]
        row += [f"{ratio(results, base, what):.2f}"
                for what in (SECONDS, CPU, MEMORY)]
        print("| " + " | ".join(row) + " |", flush=True)
    return [(f"{model}, {name}",
             ratio(measured["engine auto"], base, what), wanted)
            for name, (what, wanted) in GOALS.items()]


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("engine", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--torch", default=DEBIAN_PYTHON, metavar="PYTHON",
                        help="one that has PyTorch (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5)
    return parser.parse_args()


def main():
    arguments = parse()
    arguments.work.mkdir(parents=True, exist_ok=True)
    python = make_environment(arguments.work / "onnxruntime", PACKAGES)
    if not python:
        print("skip: onnxruntime cannot be installed")
        sys.exit(77)
    cases = write_models(arguments.work, python, arguments.torch)
    print(*describe_cpu(),
          f"- versions: {', '.join(list_packages(python, PACKAGES))}",
          f"- command: `meson test --benchmark -v load`, {arguments.rounds} "
          "rounds\n",
          "| file | | seconds | of a processor | peak MB | x seconds "
          "| x processor | x peak |",
          "|---|---|--:|--:|--:|--:|--:|--:|", sep="\n")
    verdicts = [verdict for case in cases
                for verdict in compare(arguments, python, *case)]
    print()
    for name, found, wanted in verdicts:
        print("- met   " if found <= wanted else "- MISSED",
              f"{name}: {found:.2f} of onnxruntime's, wanted {wanted}")
    for model, _ in CASES:
        if not (arguments.work / model).exists():
            print(f"- skipped {model}: {arguments.torch} has no PyTorch")


if __name__ == "__main__":
    main()
