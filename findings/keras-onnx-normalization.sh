#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Keras 3.15.1 on TensorFlow 2.21.0 exports a layer Normalization to ONNX without
# its numbers:
#     sh findings/keras-onnx-normalization.sh
# model.export(format="onnx") makes inputs of mean and variance, which whoever runs
# the file has to give. It says nothing, and the file is valid. The variance is
# read by no node, as the division by its root has become a constant; the mean is
# nowhere in the file. It is the same whether the layer was given the numbers or
# adapt() found them. Exported as a SavedModel and converted by tf2onnx 1.17.0 on
# the command line, which Keras uses too, the same model has one input and all
# numbers; and so has one with a layer Rescaling, either way.
# Installs those versions into a temporary folder, with two gigabytes; needs
# python3 with venv, on x86-64. Prints what it sees, and fails when that is
# something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install keras==3.15.1 tensorflow-cpu==2.21.0 tf2onnx==1.17.0 onnx==1.23.2 numpy==2.2.6

cat >export.py <<'P'
import subprocess
import sys

import keras
import numpy as np
import onnx
from keras import layers

SHAPE = 8, 8, 3


def adapted():
    layer = layers.Normalization()
    layer.adapt(np.random.default_rng(0).random((4, *SHAPE)))
    return layer


def describe(path):
    model = onnx.load(path)
    onnx.checker.check_model(model)
    read = {name for node in model.graph.node for name in node.input}
    return [(tensor.name.split("/")[-1], tensor.name in read)
            for tensor in model.graph.input]


def export(layer):
    x = layers.Input(SHAPE, name="picture")
    model = keras.Model(x, layers.Conv2D(2, 3)(layer(x)))
    model(np.zeros((1, *SHAPE), np.float32))
    model.export("keras.onnx", format="onnx", verbose=False)
    model.export("saved", verbose=False)
    subprocess.run([sys.executable, "-m", "tf2onnx.convert", "--saved-model",
                    "saved", "--output", "tf2onnx.onnx", "--opset", "15"],
                   check=True)
    return describe("keras.onnx"), describe("tf2onnx.onnx")


for name, layer in (
        ("given", layers.Normalization(mean=(0.5, 0.4, 0.3),
                                       variance=(0.04, 0.05, 0.06))),
        ("adapted", adapted()),
        ("rescaling", layers.Rescaling(1 / 255, -0.5))):
    by_keras, by_tf2onnx = export(layer)
    print("SEEN", name, "by Keras:", *by_keras)
    print("SEEN", name, "by tf2onnx:", *by_tf2onnx)
P
TF_CPP_MIN_LOG_LEVEL=3 venv/bin/python export.py >log 2>&1 || {
  cat log >&2
  exit 1
}
grep SEEN log >seen
cat seen
cat >expected <<'TXT'
SEEN given by Keras: ('picture', True) ('y:0', True) ('x:0', False)
SEEN given by tf2onnx: ('picture', True)
SEEN adapted by Keras: ('picture', True) ('y:0', True) ('x:0', False)
SEEN adapted by tf2onnx: ('picture', True)
SEEN rescaling by Keras: ('picture', True)
SEEN rescaling by tf2onnx: ('picture', True)
TXT
if diff expected seen; then
  echo 'Keras 3.15.1: as described'
else
  echo 'Keras 3.15.1 behaves otherwise than described' >&2
  exit 1
fi
