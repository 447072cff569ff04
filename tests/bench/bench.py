# SPDX-License-Identifier: LGPL-2.1-or-later

"""How fast the engine and the element are beside what a user would take
instead, on the same full-width network and input.

    meson test --benchmark -v peers
    meson test --benchmark -v peers --test-args='--batches 1 --rounds 7'

Prints frames a second of every competitor, and a table of ratios: how many
times as fast the engine is as the best of its rivals. Before anything is timed,
outputs are compared with the engine's in fp32, so that a peer that computes
something else is not counted. What cannot run is skipped, saying why.
side-by-side.sh compares whole pipelines.
"""

import argparse
import array
import gzip
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import zlib

from contest import Competitor, describe_cpu, has_amx, race, ratio
from environment import list_packages, make_environment
from outputs import LIMITS, agree, difference, load

HERE = pathlib.Path(__file__).resolve().parent
PACKAGES = ["onnx", "onnxruntime", "openvino", "nncf",
            "opencv-python-headless", "numpy"]
DEBIAN_PYTHON = "/usr/bin/python3"
SIDE = 224
N_IMAGES = 16
# Rivals, and how many times as fast as the best of them is wanted, by batch.
RIVALS = {
    "fp32": ["onnxruntime", "openvino", "pytorch", "opencv"],
    "auto": ["openvino"],
    "int8": ["openvino"],
}
WANTED = {
    "fp32": {1: 1.3, 8: 1.5, 32: 1.7},
    "auto": {1: 1.4, 8: 1.1, 32: 1.1},
    "int8": {1: 1.2, 8: 1.05, 32: 1.05},
}
WANTED_WITH_AMX = {
    "fp32": {1: 1.72, 8: 1.69, 32: 1.7},
    "auto": {1: 2.4, 8: 1.5, 32: 2.0},
    "int8": {1: 1.3, 8: 1.6, 32: 2.0},
}
OVERHEAD = 0.05  # of the element over the bare engine

skipped = {}  # why, by name


# ---- what everybody gets ----------------------------------------------------

def write_png(path, width, height, rgb):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(
            ">I", zlib.crc32(body))
    rows = b"".join(b"\0" + rgb[3 * width * y:3 * width * (y + 1)]
                    for y in range(height))
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">2I5B", width, height, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_images(work):
    """Squares of 256 pixels out of a photograph, each a little further left,
    to calibrate with; and what preprocessing makes of them, as raw floats."""
    photo = gzip.decompress((HERE.parent / "data" / "preprocess-photo.gz")
                            .read_bytes())
    width, square, edge = 320, 256, (256 - SIDE) // 2
    levels = [[(v / 255 - mean) / std for v in range(256)] for mean, std
              in ((.485, .229), (.456, .224), (.406, .225))]
    tensors, images = array.array("f"), []
    for i in range(N_IMAGES):
        rows = [photo[3 * (width * y + 4 * i):][:3 * square]
                for y in range(square)]
        images.append(work / f"image-{i}.png")
        write_png(images[-1], square, square, b"".join(rows))
        for c, table in enumerate(levels):
            for row in rows[edge:-edge]:
                tensors.extend(table[v] for v
                               in row[3 * edge + c:-3 * edge:3])
    with open(work / "input.f32", "wb") as file:
        for _ in range(2):
            tensors.tofile(file)
    return images


def skip(name, reason):
    if name not in skipped:
        print(f"skip: {name}: {reason}", flush=True)
    skipped[name] = reason


def try_once(name, command):
    """Without it `name` cannot take part."""
    done = subprocess.run([str(word) for word in command], check=False,
                          capture_output=True, text=True)
    if done.returncode != 0:
        skip(name, done.stderr.strip().split("\n")[-1])


def prepare(arguments, python):
    """Models and input, written once; what the engine calibrates, anew."""
    work = arguments.work
    model, scaled = work / "alexnet.safetensors", work / "int8.safetensors"
    if not model.exists():
        subprocess.run([arguments.engine, "write", model], check=True)
    if python and not (work / "alexnet.onnx").exists():
        subprocess.run([python, HERE / "peers.py", "onnx", model,
                        work / "alexnet.onnx"], check=True)
    images = write_images(work)
    if "int8" not in arguments.precisions:
        return
    if arguments.inspect:
        try_once("engine int8", [arguments.inspect, "calibrate", model,
                                 *images, "-o", scaled])
    else:
        skip("engine int8", "alexnet-inspect was not built")
    if python and not (work / "int8.xml").exists():
        try_once("openvino int8", [python, HERE / "peers.py", "quantize",
                                   work])


# ---- competitors ------------------------------------------------------------

def tensor_commands(arguments, python, threads, batch):
    """Name, what it computes in, command."""
    work = arguments.work
    interpreters = {"pytorch": arguments.torch}
    for precision in arguments.precisions:
        model = "int8" if precision == "int8" else "alexnet"
        yield (f"engine {precision}", precision,
               [arguments.engine, "tensors", work / f"{model}.safetensors",
                precision, threads, batch])
    for precision in arguments.precisions:
        for name in RIVALS[precision]:
            interpreter = interpreters.get(name, python)
            if interpreter:
                yield (f"{name} {precision}", precision,
                       [interpreter, HERE / "peers.py", name, work, precision,
                        threads, batch])


def start_tensors(arguments, python, threads, batch):
    """The competitors that run and agree with the engine in fp32."""
    started, expected = [], None
    environment = {"OMP_NUM_THREADS": str(threads)}
    for name, precision, command in tensor_commands(
            arguments, python, threads, batch):
        if name in skipped:
            continue
        output = arguments.work / "output.f32"
        output.unlink(missing_ok=True)
        competitor = Competitor(
            name, [*command, arguments.work / "input.f32", output],
            environment)
        if not competitor.works():
            skip(name, competitor.reason())
            continue
        values = load(output)
        expected = expected or values
        if not agree(values, expected, batch, precision):
            sys.exit(f"{name} computes something else: {len(values)} outputs, "
                     f"off by {difference(values, expected, batch):.2g} of "
                     f"{LIMITS[precision]} allowed")
        started.append(competitor)
    return started


def start_frames(arguments, threads, batch):
    """The engine alone, and in the element."""
    words = [arguments.work / "alexnet.safetensors", "fp32", threads, batch]
    started = [Competitor("bare frames", [arguments.engine, "frames", *words]),
               Competitor("pipeline", [arguments.pipeline, *words], {
                   "GST_PLUGIN_PATH": str(arguments.plugins),
                   "GST_REGISTRY": str(arguments.work / "registry.bin")})]
    for competitor in started:
        if not competitor.works():
            sys.exit(f"{competitor.name} does not run: {competitor.reason()}")
    return started


# ---- results ----------------------------------------------------------------

class Results:
    def __init__(self):
        self.rows, self.cells, self.goals = [], {}, []
        self.wanted = WANTED_WITH_AMX if has_amx() else WANTED

    def add(self, threads, batch, competitors):
        named = {c.name: c for c in competitors}
        for c in competitors:
            base = named.get("bare frames") or named.get(
                f"engine {c.name.split()[-1]}", c)
            row = (threads, batch, c.name,
                   f"{batch / statistics.median(c.seconds):.1f}",
                   "" if c is base else f"{ratio(base, c):.3f}")
            print("  ".join(str(word) for word in row), flush=True)
            self.rows.append(row)
        if threads == 2:
            self.judge(batch, named)

    def judge(self, batch, named):
        if "bare frames" in named:
            cost = ratio(named["bare frames"], named["pipeline"]) - 1
            self.goals.append(
                ("met    " if cost < OVERHEAD else "MISSED ") +
                f"pipeline, batch {batch}: costs {100 * cost:.1f} %, allowed "
                f"{100 * OVERHEAD:.0f} %")
        for kind, rivals in RIVALS.items():
            own = named.get(f"engine {kind}")
            found = [(ratio(own, named[f"{name} {kind}"]), name)
                     for name in rivals if own and f"{name} {kind}" in named]
            if found:
                self.cells[kind, batch] = min(found)

    def write_ratios(self, file):
        batches = sorted({batch for _, batch in self.cells})
        print("| 2 threads | " + " | ".join(f"batch {b}" for b in batches),
              "|\n|---|" + "---|" * len(batches), file=file)
        for kind in RIVALS:
            words = []
            for batch in batches:
                wanted = self.wanted[kind].get(batch)
                if (kind, batch) not in self.cells:
                    words.append("skipped" if wanted else "")
                    continue
                times, name = self.cells[kind, batch]
                words.append(f"{times:.2f}x {name}")
                if wanted:
                    words[-1] += (f", wanted {wanted}" +
                                  ("" if times >= wanted else ": MISSED"))
            print(f"| {kind} | " + " | ".join(words) + " |", file=file)

    def write(self, file):
        if self.cells:
            self.write_ratios(file)
        print(file=file)
        for goal in self.goals:
            print("- " + goal, file=file)
        for name, reason in skipped.items():
            print(f"- skipped {name}: {reason}", file=file)
        print("\n| threads | batch | | frames/s | engine is x times as fast |",
              "|--:|--:|---|--:|--:|", sep="\n", file=file)
        for row in self.rows:
            print("| " + " | ".join(str(word) for word in row) + " |",
                  file=file)


def list_versions(arguments, python):
    versions = list_packages(python, PACKAGES) if python else []
    shown = subprocess.run(
        [arguments.torch, "-c",
         "import torch; print('torch==' + torch.__version__)"],
        capture_output=True, text=True, check=False)
    return versions + shown.stdout.split()


def describe(arguments, python):
    return "\n".join([
        *describe_cpu(),
        f"- versions: {', '.join(list_versions(arguments, python))}",
        f"- command: `meson test --benchmark -v peers`, {arguments.rounds} "
        f"rounds of {arguments.seconds} s a competitor"])


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("engine", type=pathlib.Path)
    parser.add_argument("pipeline", type=pathlib.Path)
    parser.add_argument("plugins", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--inspect", type=pathlib.Path,
                        help="alexnet-inspect, which calibrates for int8")
    parser.add_argument("--torch", default=DEBIAN_PYTHON, metavar="PYTHON",
                        help="one that has PyTorch (%(default)s)")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seconds", type=float, default=0.4,
                        help="of one competitor in one round (%(default)s)")
    parser.add_argument("--threads", type=int, nargs="+", default=[2])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--precisions", nargs="*", choices=LIMITS,
                        default=list(LIMITS))
    parser.add_argument("--no-pipeline", action="store_true")
    return parser.parse_args()


def start_all(arguments, python, threads, batch):
    """Groups of competitors, each started when the one before is done."""
    if arguments.precisions:
        yield start_tensors(arguments, python, threads, batch)
    if not arguments.no_pipeline:
        yield start_frames(arguments, threads, batch)


def main():
    arguments = parse()
    arguments.work.mkdir(parents=True, exist_ok=True)
    python = make_environment(arguments.work / "peers", PACKAGES)
    if not python:
        print("skip: what comes from PyPI cannot be installed here")
    description = describe(arguments, python)
    print(description, flush=True)
    prepare(arguments, python)
    results = Results()
    for threads in arguments.threads:
        for batch in arguments.batches:
            for competitors in start_all(arguments, python, threads,
                                         batch):
                race(competitors, arguments.rounds, arguments.seconds)
                results.add(threads, batch, competitors)
    with open(arguments.work / "results.md", "w", encoding="utf-8") as file:
        print(description + "\n", file=file)
        results.write(file)
    print()
    results.write(sys.stdout)


if __name__ == "__main__":
    main()
