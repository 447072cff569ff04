# SPDX-License-Identifier: LGPL-2.1-or-later

"""Frames a second of the bare engine, of the pipeline, and of what a user
would take instead, on the same full-width network and input.

    meson test --benchmark -v

Every competitor is a process that waits for its turn, so that in each round
all of them are timed one after the other on the same machine in the same
state. A ratio is the median of the ratios of the rounds: what else the machine
does shifts both sides of it. Before anything is timed, outputs are compared
with the engine's, so that a peer that computes something else is not counted.
"""

import argparse
import array
import datetime
import math
import os
import pathlib
import platform
import random
import statistics
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["onnx", "onnxruntime", "openvino", "numpy"]
DEBIAN_PYTHON = "/usr/bin/python3"
SECONDS = 0.4  # of one competitor in one round
# Largest difference of log probabilities, which span about 10.
TOLERANCE = {"fp32": 1e-3, "auto": 0.3}


class Competitor:
    """A process that answers each line N with the seconds for N batches."""

    def __init__(self, name, command, environment):
        self.name = name
        self.errors = open(os.devnull, "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=self.errors, text=True,
            env={**os.environ, **environment})
        self.ready = self.process.stdout.readline().split()
        self.seconds = []
        self.n = 1

    def works(self):
        return self.ready[:1] == ["ready"]

    def run(self, n):
        self.process.stdin.write(f"{n}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def calibrate(self, seconds):
        self.run(1)
        self.n = max(1, math.ceil(seconds / max(self.run(2) / 2, 1e-6)))

    def turn(self):
        self.seconds.append(self.run(self.n) / self.n)

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def make_environment(work):
    """A Python with the peers of PyPI; None where it cannot be made."""
    python = work / "peers" / "bin" / "python"
    if not python.exists():
        print("makes a virtual environment with " + " ".join(PACKAGES),
              flush=True)
        subprocess.run([sys.executable, "-m", "venv", work / "peers"],
                       check=False)
    installed = subprocess.run(
        [python, "-m", "pip", "install", "-q", *PACKAGES], check=False)
    return python if installed.returncode == 0 else None


def prepare(arguments, python):
    """Model and input, written once."""
    work = arguments.work
    model = work / "alexnet.safetensors"
    if not model.exists():
        subprocess.run([arguments.engine, "write", model], check=True)
    if python and not (work / "alexnet.onnx").exists():
        subprocess.run([python, HERE / "peers.py", "onnx", model,
                        work / "alexnet.onnx"], check=True)
    generator = random.Random(1)
    values = array.array("f", (generator.uniform(-2, 2)
                               for _ in range(4 * 3 * 224 * 224)))
    with open(work / "input.f32", "wb") as file:
        for _ in range(8):
            values.tofile(file)


def tensor_commands(arguments, python, threads, batch):
    """Name, what it computes in, command."""
    work = arguments.work
    engine = [arguments.engine, "tensors", work / "alexnet.safetensors"]
    for precision in ("fp32", "auto"):
        yield (f"engine {precision}", precision,
               [*engine, precision, threads, batch])
    peers = [("onnxruntime", "fp32", python), ("openvino", "fp32", python),
             ("openvino", "auto", python),
             ("pytorch", "fp32", DEBIAN_PYTHON),
             ("opencv", "fp32", DEBIAN_PYTHON)]
    for name, precision, interpreter in peers:
        if interpreter:
            yield (f"{name} {precision}", precision,
                   [interpreter, HERE / "peers.py", name, work, precision,
                    threads, batch])


def load(path):
    values = array.array("f")
    values.frombytes(path.read_bytes())
    return values


def start_tensors(arguments, python, threads, batch):
    """The competitors that run and agree with the engine in fp32."""
    started, expected = [], None
    environment = {"OMP_NUM_THREADS": str(threads)}
    for name, precision, command in tensor_commands(
            arguments, python, threads, batch):
        output = arguments.work / "output.f32"
        output.unlink(missing_ok=True)
        competitor = Competitor(
            name, [*command, arguments.work / "input.f32", output],
            environment)
        if not competitor.works():
            print(f"skip: {name} does not run here", flush=True)
            continue
        values = load(output)
        expected = expected or values
        difference = max(abs(a - b) for a, b in zip(values, expected))
        if len(values) != len(expected) or difference > TOLERANCE[precision]:
            sys.exit(f"{name} computes something else: "
                     f"{len(values)} outputs, difference {difference:.2g}")
        started.append(competitor)
    return started


def start_frames(arguments, threads, batch):
    words = [arguments.work / "alexnet.safetensors", "fp32", threads, batch]
    environment = {"GST_PLUGIN_PATH": str(arguments.plugins),
                   "GST_REGISTRY": str(arguments.work / "registry.bin")}
    started = [Competitor("bare frames", [arguments.engine, "frames", *words],
                          {}),
               Competitor("pipeline", [arguments.pipeline, *words],
                          environment)]
    for competitor in started:
        if not competitor.works():
            sys.exit(f"{competitor.name} does not run")
    return started


def race(competitors, rounds, seconds=SECONDS):
    for competitor in competitors:
        competitor.calibrate(seconds)
    for i in range(rounds):
        order = competitors[i % 2::] + competitors[:i % 2]
        for competitor in order:
            competitor.turn()
    for competitor in competitors:
        competitor.close()


def ratio(one, other):
    """How many times as fast `one` is as `other`."""
    return statistics.median(b / a for a, b
                             in zip(one.seconds, other.seconds))


class Table:
    def __init__(self):
        self.rows, self.goals = [], []

    def add(self, threads, batch, competitors):
        named = {c.name: c for c in competitors}
        for c in competitors:
            base = named["bare frames" if "pipeline" in named else
                         "engine auto" if c.name.endswith("auto")
                         else "engine fp32"]
            fps = batch / statistics.median(c.seconds)
            row = (threads, batch, c.name, f"{fps:.1f}",
                   "" if c is base else f"{ratio(base, c):.3f}")
            print("  ".join(str(word) for word in row), flush=True)
            self.rows.append(row)
        if threads == 2:
            self.judge(batch, named)

    def judge(self, batch, named):
        if "pipeline" in named:
            cost = ratio(named["bare frames"], named["pipeline"]) - 1
            self.goal(f"pipeline, batch {batch}: costs {100 * cost:.1f} %, "
                      "allowed 5 %", cost < 0.05)
            return
        peers = [c for n, c in named.items()
                 if n.endswith("fp32") and not n.startswith("engine")]
        if peers:
            worst = min(ratio(named["engine fp32"], c) for c in peers)
            wanted = 1 if batch == 1 else 0.97
            self.goal(f"fp32, batch {batch}: {worst:.3f} x the best peer, "
                      f"wanted {wanted}", worst >= wanted)
        if "openvino auto" in named:
            found = ratio(named["engine auto"], named["openvino auto"])
            self.goal(f"auto, batch {batch}: {found:.3f} x OpenVINO's "
                      "default, wanted 1", found >= 1)

    def goal(self, text, met):
        self.goals.append(("met    " if met else "MISSED ") + text)

    def write(self, file):
        print("| threads | batch | | frames/s | engine is x times as fast |",
              "|--:|--:|---|--:|--:|", sep="\n", file=file)
        for row in self.rows:
            print("| " + " | ".join(str(word) for word in row) + " |",
                  file=file)
        print(file=file)
        for goal in self.goals:
            print("- " + goal, file=file)


def describe_cpu():
    cpu = next((line.split(":", 1)[1].strip()
                for line in open("/proc/cpuinfo", encoding="utf-8")
                if line.startswith("model name")), platform.machine())
    return [f"- date: {datetime.date.today()}",
            f"- CPU: {cpu}, {os.cpu_count()} processors, load "
            f"{os.getloadavg()[0]:.1f} at the start"]


def describe(python):
    versions = []
    if python:
        listed = subprocess.run([python, "-m", "pip", "freeze"],
                                capture_output=True, text=True, check=False)
        versions = [line for line in listed.stdout.split()
                    if line.split("==")[0] in PACKAGES]
    for module in ("torch", "cv2"):
        shown = subprocess.run(
            [DEBIAN_PYTHON, "-c",
             f"import {module}; print('{module}==' + {module}.__version__)"],
            capture_output=True, text=True, check=False)
        versions += shown.stdout.split()
    return "\n".join([
        *describe_cpu(),
        f"- versions: {', '.join(versions)}",
        f"- command: `meson test --benchmark -v` ({SECONDS} s a turn)"])


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("engine", type=pathlib.Path)
    parser.add_argument("pipeline", type=pathlib.Path)
    parser.add_argument("plugins", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    return parser.parse_args()


def main():
    arguments = parse()
    arguments.work.mkdir(parents=True, exist_ok=True)
    python = make_environment(arguments.work)
    if not python:
        print("skip: onnxruntime and OpenVINO cannot be installed here")
    description = describe(python)
    print(description, flush=True)
    prepare(arguments, python)
    table = Table()
    for threads in arguments.threads:
        for batch in arguments.batches:
            for competitors in (
                    start_tensors(arguments, python, threads, batch),
                    start_frames(arguments, threads, batch)):
                race(competitors, arguments.rounds)
                table.add(threads, batch, competitors)
    with open(arguments.work / "results.md", "w", encoding="utf-8") as file:
        print(description + "\n", file=file)
        table.write(file)
    print()
    table.write(sys.stdout)


if __name__ == "__main__":
    main()
