#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Two libraries take an array of numpy as its memory lies, whatever its strides say:
#     sh findings/numpy-strides.sh
# - safetensors 0.8.0 saves one that was transposed, is in Fortran's order or is
#   every second column of another one under the shape that it has, with its
#   numbers in another order. Nothing is said, and the file is valid. 0.7.0 saves
#   what numpy shows; its documentation asks for "contiguous and dense" arrays in
#   both versions, which those in Fortran's order are, and safetensors.torch
#   refuses others with an error.
# - ncnn 1.0.20261020 computes with a picture transposed from rows of pixels to
#   planes as if it had not been, in float and in bytes.
# onnx 1.23.2, onnxruntime 1.32.0 and MNN 3.6.1 copy what numpy shows; OpenVINO
# 2026.4.1 does, or refuses to share the memory.
# It bites who makes weights of TensorFlow or Keras (height, width, in, out) those
# of a file in PyTorch's order: shapes are right, and loaders that check names and
# shapes take the file. np.ascontiguousarray() is what helps.
# Installs those versions into a temporary folder; needs python3 with venv, on
# x86-64. Prints what it sees, and fails when that is something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install safetensors==0.7.0 ncnn==1.0.20261020 onnx==1.23.2 \
  onnxruntime==1.32.0 openvino==2026.4.1 MNN==3.6.1 numpy==2.4.6

cat >weights.py <<'P'
import numpy as np
import safetensors
from safetensors import numpy as files

HWIO = np.arange(2 * 2 * 3 * 4, dtype=np.float32).reshape(2, 2, 3, 4)
TABLE = np.arange(6, dtype=np.float32).reshape(2, 3)

for name, array in (("as it was made", HWIO),
                    ("transposed", HWIO.transpose(3, 2, 0, 1)),
                    ("in Fortran's order", np.asfortranarray(HWIO)),
                    ("every second column", TABLE[:, ::2])):
    files.save_file({"weight": array}, "weights.safetensors")
    found = files.load_file("weights.safetensors")["weight"]
    print(f"SEEN safetensors {safetensors.__version__}, {name}:",
          "same shape" if found.shape == array.shape else "another shape",
          "and numbers" if np.array_equal(found, array) else "only")
P
cat >pictures.py <<'P'
import MNN
import ncnn
import numpy as np
import onnxruntime
import openvino
from onnx import numpy_helper

PIXELS = np.arange(2 * 3 * 3, dtype=np.float32).reshape(2, 3, 3)


def share(array):
    try:
        return openvino.Tensor(array, shared_memory=True).data
    except RuntimeError:
        return None


def by_mnn(array):
    tensor = MNN.Tensor(array.shape, MNN.Halide_Type_Float, array,
                        MNN.Tensor_DimensionType_Caffe)
    return np.array(tensor.getNumpyData()).reshape(array.shape)


READERS = {
    "ncnn": lambda array: np.array(ncnn.Mat(array)),
    "ncnn, bytes": lambda array: np.array(
        ncnn.Mat(PIXELS.astype(np.uint8).transpose(2, 0, 1))),
    "onnx": lambda array: numpy_helper.to_array(numpy_helper.from_array(array)),
    "onnxruntime": lambda array:
        onnxruntime.OrtValue.ortvalue_from_numpy(array).numpy(),
    "MNN": by_mnn,
    "OpenVINO": lambda array: openvino.Tensor(array).data,
    "OpenVINO, shared": share,
}

planes = PIXELS.transpose(2, 0, 1)
for name, reader in READERS.items():
    found = reader(planes)
    print(f"SEEN {name}:",
          "an error" if found is None else
          "as numpy shows it" if np.array_equal(found, planes) else
          "as memory lies" if np.array_equal(found, PIXELS.reshape(planes.shape))
          else "otherwise")
P
{
  venv/bin/python weights.py
  venv/bin/pip -q install safetensors==0.8.0
  venv/bin/python weights.py
  venv/bin/python pictures.py
} >log 2>&1 || {
  cat log >&2
  exit 1
}
sed -n 's/^SEEN //p' log >seen
cat seen
cat >expected <<'T'
safetensors 0.7.0, as it was made: same shape and numbers
safetensors 0.7.0, transposed: same shape and numbers
safetensors 0.7.0, in Fortran's order: same shape and numbers
safetensors 0.7.0, every second column: same shape and numbers
safetensors 0.8.0, as it was made: same shape and numbers
safetensors 0.8.0, transposed: same shape only
safetensors 0.8.0, in Fortran's order: same shape only
safetensors 0.8.0, every second column: same shape only
ncnn: as memory lies
ncnn, bytes: as memory lies
onnx: as numpy shows it
onnxruntime: as numpy shows it
MNN: as numpy shows it
OpenVINO: as numpy shows it
OpenVINO, shared: an error
T
diff expected seen
