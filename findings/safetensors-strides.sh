#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What safetensors 0.8.0 saves of an array of numpy whose strides are not those of
# its shape:
#     sh findings/safetensors-strides.sh
# One that was transposed, is in Fortran's order or is every second column of
# another one is saved as its memory lies, under the shape that it has: its numbers
# are in another order. Nothing is said, and the file is valid. 0.7.0 saves what
# numpy shows. The documentation of both asks for "contiguous and dense" arrays,
# which those in Fortran's order are; safetensors.torch refuses others with an
# error. (Its issue 825.)
# It bites who makes weights of TensorFlow or Keras (height, width, in, out) those
# of a file in PyTorch's order: shapes are right, and loaders that check names and
# shapes take the file. np.ascontiguousarray() is what helps.
# Installs those versions into a temporary folder; needs python3 with venv. Prints
# what it sees, and fails when that is something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install numpy==2.4.6

cat >weights.py <<'P'
import numpy as np
import safetensors
from safetensors import numpy as files

HWIO = np.arange(2 * 2 * 3 * 4, dtype=np.float32).reshape(2, 2, 3, 4)
TABLE = np.arange(6, dtype=np.float32).reshape(2, 3)
OIHW = HWIO.transpose(3, 2, 0, 1)

for name, array in (("as it was made", HWIO),
                    ("transposed", OIHW),
                    ("transposed and copied", np.ascontiguousarray(OIHW)),
                    ("in Fortran's order", np.asfortranarray(HWIO)),
                    ("every second column", TABLE[:, ::2])):
    files.save_file({"weight": array}, "weights.safetensors")
    found = files.load_file("weights.safetensors")["weight"]
    print(f"{safetensors.__version__}, {name}:",
          "same shape" if found.shape == array.shape else "another shape",
          "and numbers" if np.array_equal(found, array) else "only")
P
for version in 0.7.0 0.8.0; do
  venv/bin/pip -q install safetensors==$version
  venv/bin/python weights.py
done | tee seen
cat >expected <<'T'
0.7.0, as it was made: same shape and numbers
0.7.0, transposed: same shape and numbers
0.7.0, transposed and copied: same shape and numbers
0.7.0, in Fortran's order: same shape and numbers
0.7.0, every second column: same shape and numbers
0.8.0, as it was made: same shape and numbers
0.8.0, transposed: same shape only
0.8.0, transposed and copied: same shape and numbers
0.8.0, in Fortran's order: same shape only
0.8.0, every second column: same shape only
T
diff expected seen
