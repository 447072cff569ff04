#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the reference evaluator of onnx 1.23.2 computes of LRN, AlexNet's
# normalisation:
#     sh findings/onnx-lrn-reference.sh
# It normalises as many channels as there are pictures in the batch: of one picture
# the first channel, of three the first three. It sums nothing for the others, which
# are divided by bias^beta alone, and of more pictures than channels it ends with an
# error. The node's own test has five of five. (Its issue 7805; the cure is not in
# that release yet.) Whoever checks an exporter or an engine by it finds a right one
# wrong. onnxruntime 1.32.0 does as the specification says.
# Installs those versions into a temporary folder; needs python3 with venv, on
# x86-64. Prints what it sees, and fails when that is something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6

cat >lrn.py <<'P'
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

CHANNELS, SIZE = 8, 5


def make_model(n):
    """Divides by 1 and the number of ones in the window."""
    shape = [n, CHANNELS, 1, 1]
    node = helper.make_node("LRN", ["x"], ["y"], size=SIZE, alpha=float(SIZE),
                            beta=1.0, bias=1.0)
    graph = helper.make_graph(
        [node], "lrn",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)])
    model = helper.make_model(graph, ir_version=8,
                              opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model)
    return model


def by_onnxruntime(model, x):
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    return session.run(None, {"x": x})[0]


def by_reference(model, x):
    return ReferenceEvaluator(model).run(None, {"x": x})[0]


def count_ones(reader, n):
    """In the window of each channel of the first picture."""
    x = np.ones((n, CHANNELS, 1, 1), np.float32)
    try:
        y = reader(make_model(n), x)
    except IndexError as error:
        return f"an error ({error})"
    return np.rint(1 / y[0, :, 0, 0] - 1).astype(int).tolist()


for n in 1, 3, CHANNELS, CHANNELS + 1:
    for name, reader in (("onnxruntime", by_onnxruntime),
                         ("reference", by_reference)):
        print(f"pictures {n}, {name}:", count_ones(reader, n))
P
venv/bin/python lrn.py | tee seen
cat >expected <<'T'
pictures 1, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
pictures 1, reference: [3, 0, 0, 0, 0, 0, 0, 0]
pictures 3, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
pictures 3, reference: [3, 4, 5, 0, 0, 0, 0, 0]
pictures 8, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
pictures 8, reference: [3, 4, 5, 5, 5, 5, 4, 3]
pictures 9, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
pictures 9, reference: an error (index 8 is out of bounds for axis 1 with size 8)
T
diff expected seen
