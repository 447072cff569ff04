#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Whether bench.py tells another network from one that is computed otherwise.
Prints TAP: test_outputs.py BENCH-ENGINE MODEL.safetensors OTHER.safetensors
"""

import array
import json
import math
import os
import pathlib
import random
import struct
import subprocess
import sys
import tempfile

from outputs import LIMITS, agree, load

N_IMAGES = 4
INPUTS = N_IMAGES * 3 * 224 * 224


def run(engine, model, precision, work):
    """Logarithms of probabilities of N_IMAGES images."""
    output = work / "output.f32"
    subprocess.run(
        [engine, "tensors", model, precision, "1", str(N_IMAGES),
         work / "input.f32", output], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, check=True,
        env={**os.environ, "ALEXNET_CPU_CONV": "direct"})
    return load(output)


def layers_of(model):
    """Name, place and rows of the weights in a safetensors file."""
    (size,) = struct.unpack("<Q", model[:8])
    header = json.loads(model[8:8 + size])
    for name, entry in header.items():
        if name.endswith(".weight"):
            begin, end = (8 + size + n for n in entry["data_offsets"])
            yield name, begin, end, entry["shape"][0]


def turn(model, begin, end, rows):
    """The same with the outputs of one layer in the opposite order."""
    size = (end - begin) // rows
    turned = b"".join(model[begin + i * size:begin + (i + 1) * size]
                      for i in reversed(range(rows)))
    return model[:begin] + turned + model[end:]


def cases(engine, path, other, work):
    """What, whether it holds."""
    model, changed = path.read_bytes(), work / "changed.safetensors"
    expected = run(engine, path, "fp32", work)
    yield "the same network", agree(
        run(engine, path, "fp32", work), expected, N_IMAGES, "fp32")
    yield "in the fastest precision", agree(
        run(engine, path, "auto", work), expected, N_IMAGES, "auto")
    for name, *place in layers_of(model):
        changed.write_bytes(turn(model, *place))
        found = run(engine, changed, "fp32", work)
        yield f"not with another {name}", not any(
            agree(found, expected, N_IMAGES, p) for p in LIMITS)
    found = run(engine, other, "fp32", work)
    yield "not another network", not any(
        agree(found, expected, N_IMAGES, p) for p in LIMITS)
    yield "not a part of it", not agree(
        expected[:-1], expected, N_IMAGES, "int8")
    expected[-1] = math.nan
    yield "not what is not a number", not agree(
        expected, run(engine, path, "fp32", work), N_IMAGES, "int8")


def main():
    n = 0
    with tempfile.TemporaryDirectory() as name:
        work = pathlib.Path(name)
        os.environ["XDG_CACHE_HOME"] = name
        random.seed(1)
        with open(work / "input.f32", "wb") as file:
            array.array("f", [random.uniform(-2, 2)
                              for _ in range(INPUTS)]).tofile(file)
        for what, holds in cases(sys.argv[1], *map(pathlib.Path, sys.argv[2:]),
                                 work):
            n += 1
            print(f"{'' if holds else 'not '}ok {n} {what}", flush=True)
    print(f"1..{n}")


if __name__ == "__main__":
    main()
