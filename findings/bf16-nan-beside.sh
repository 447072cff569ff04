#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# In bf16, a convolution of three input channels by OpenVINO 2026.4.1 (its oneDNN)
# makes NaN of results whose window has no NaN in it:
#     sh findings/bf16-nan-beside.sh
# What is not finite, or is not once it is bf16, as the largest float, becomes NaN
# in the window before its own too, and in its own where f32 has infinity. With 1,
# 2 or 4 channels, or in f32, nothing becomes NaN that has no NaN in its window.
# It looks like numbers multiplied in pairs, the third channel with the first of
# the next pixel, whose weight is zero.
# So in bf16 the first convolution of a network for colour pictures says less
# about where a NaN came from, and turns large finite numbers into some.
# Installs that version into a temporary folder; needs python3 with venv, on
# x86-64 with AVX512-BF16 and without AMX, which was not tried: else it exits with
# 77. Prints what it sees, and fails when that is something else.
set -eu

if ! grep -q avx512_bf16 /proc/cpuinfo || grep -q amx_bf16 /proc/cpuinfo; then
  echo 'SKIP: no processor with AVX512-BF16 and without AMX'
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install openvino==2026.4.1 numpy==2.4.6

cat >beside.py <<'P'
import numpy as np
import openvino
from openvino import opset13

HEIGHT, WIDTH = 6, 9
PIXEL = 3, 4
VALUES = {"NaN": np.nan, "infinity": np.inf,
          "the largest float": np.finfo(np.float32).max}


def make_convolution(channels, precision):
    x = opset13.parameter([1, channels, HEIGHT, WIDTH], np.float32)
    weights = opset13.constant(np.full((16, channels, 3, 3), 0.25, np.float32))
    y = opset13.convolution(x, weights, [1, 1], [1, 1], [1, 1], [1, 1])
    return openvino.Core().compile_model(
        openvino.Model([opset13.result(y)], [x]), "CPU",
        {"INFERENCE_PRECISION_HINT": precision})


def nan_columns(convolution, channels, value):
    """Of the row of PIXEL, whose first channel has the value."""
    x = np.ones((1, channels, HEIGHT, WIDTH), np.float32)
    x[0, 0, PIXEL[0], PIXEL[1]] = value
    y = convolution(x)[0][0, :, PIXEL[0]]
    return np.flatnonzero(np.isnan(y).any(axis=0)).tolist()


print(f"in column {PIXEL[1]}, so windows of 3 to 5")
for precision in "f32", "bf16":
    for channels in 1, 2, 3, 4:
        convolution = make_convolution(channels, precision)
        print(f"{precision}, {channels} channels, NaN in columns:",
              "; ".join(f"{name} {nan_columns(convolution, channels, value)}"
                        for name, value in VALUES.items()))
P
venv/bin/python beside.py | tee seen
cat >expected <<'T'
in column 4, so windows of 3 to 5
f32, 1 channels, NaN in columns: NaN [3, 4, 5]; infinity []; the largest float []
f32, 2 channels, NaN in columns: NaN [3, 4, 5]; infinity []; the largest float []
f32, 3 channels, NaN in columns: NaN [3, 4, 5]; infinity []; the largest float []
f32, 4 channels, NaN in columns: NaN [3, 4, 5]; infinity []; the largest float []
bf16, 1 channels, NaN in columns: NaN [3, 4, 5]; infinity []; the largest float []
bf16, 2 channels, NaN in columns: NaN [3, 4, 5]; infinity []; the largest float []
bf16, 3 channels, NaN in columns: NaN [2, 3, 4, 5]; infinity [2, 3, 4]; the largest float [2, 3, 4]
bf16, 4 channels, NaN in columns: NaN [3, 4, 5]; infinity []; the largest float []
T
diff expected seen
