#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What ONNX's LRN, AlexNet's normalisation, sums, by who computes it:
#     sh findings/onnx-lrn.sh
# - Of an even size the specification wants a window that reaches one channel further
#   behind than before. Nobody does that: OpenVINO 2026.4.1 sums over the next smaller odd
#   size, MNN 3.6.1 reaches further before, and neither says so; onnxruntime 1.32.0
#   and OpenCV 5.0.0.93 refuse it.
# - The reference evaluator of onnx 1.23.2 normalises as many channels as there are
#   pictures in the batch: of one picture the first channel, of three the first
#   three. It sums nothing for the others, which are divided by bias^beta alone, and
#   of more pictures than channels it ends with an error. The node's own test has five
#   of five. (Its issue 7805; not in that release yet.) Whoever checks an exporter or
#   an engine by it finds a right one wrong.
# Of odd sizes all engines compute the same.
# Installs those versions into a temporary folder; needs python3 with venv, on
# x86-64. Prints what it sees, and fails when that is something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 \
  opencv-python-headless==5.0.0.93 MNN==3.6.1 numpy==2.4.6

cat >lrn.py <<'P'
import _tools  # MNN's converter
import cv2
import MNN.expr
import MNN.nn
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

CHANNELS = 8


def make_model(n, size):
    """Divides by 1 and the number of ones in the window."""
    shape = [n, CHANNELS, 1, 1]
    node = helper.make_node("LRN", ["x"], ["y"], size=size, alpha=float(size),
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


def by_openvino(model, x):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString()),
                                  "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(x)[0]


def by_opencv(model, x):
    net = cv2.dnn.readNetFromONNX(
        np.frombuffer(model.SerializeToString(), np.uint8))
    net.setInput(x)
    return net.forward()


def by_mnn(model, x):
    onnx.save(model, "lrn.onnx")
    _tools.mnnconvert(["", "-f", "ONNX", "--modelFile", "lrn.onnx",
                       "--MNNModel", "lrn.mnn", "--bizCode", "lrn"])
    net = MNN.nn.load_module_from_file("lrn.mnn", ["x"], ["y"])
    given = MNN.expr.placeholder(list(x.shape), MNN.expr.NCHW)
    given.write(x)
    y = MNN.expr.convert(net.forward(given), MNN.expr.NCHW)
    return np.array(y.read()).reshape(x.shape)


READERS = {"onnxruntime": by_onnxruntime, "onnx reference": by_reference,
           "OpenVINO": by_openvino, "OpenCV": by_opencv, "MNN": by_mnn}


def count_window(size):
    """Of each channel how many channels there are in its window."""
    return [min(CHANNELS - 1, c + size // 2) - max(0, c - (size - 1) // 2) + 1
            for c in range(CHANNELS)]


def attempt(reader, n, size):
    x = np.ones((n, CHANNELS, 1, 1), np.float32)
    try:
        y = reader(make_model(n, size), x)
    except Exception as error:
        return f"an error ({type(error).__name__})"
    return np.rint(1 / y[0, :, 0, 0] - 1).astype(int).tolist()


for n, size in (1, 5), (3, 5), (9, 5), (1, 4):
    print(f"SEEN {n} of size {size}, specification:", count_window(size))
    for name, reader in READERS.items():
        print(f"SEEN {n} of size {size}, {name}:", attempt(reader, n, size))
P
venv/bin/python lrn.py >log 2>&1 || {
  cat log >&2
  exit 1
}
sed -n 's/^SEEN //p' log >seen
cat seen
cat >expected <<'T'
1 of size 5, specification: [3, 4, 5, 5, 5, 5, 4, 3]
1 of size 5, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
1 of size 5, onnx reference: [3, 0, 0, 0, 0, 0, 0, 0]
1 of size 5, OpenVINO: [3, 4, 5, 5, 5, 5, 4, 3]
1 of size 5, OpenCV: [3, 4, 5, 5, 5, 5, 4, 3]
1 of size 5, MNN: [3, 4, 5, 5, 5, 5, 4, 3]
3 of size 5, specification: [3, 4, 5, 5, 5, 5, 4, 3]
3 of size 5, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
3 of size 5, onnx reference: [3, 4, 5, 0, 0, 0, 0, 0]
3 of size 5, OpenVINO: [3, 4, 5, 5, 5, 5, 4, 3]
3 of size 5, OpenCV: [3, 4, 5, 5, 5, 5, 4, 3]
3 of size 5, MNN: [3, 4, 5, 5, 5, 5, 4, 3]
9 of size 5, specification: [3, 4, 5, 5, 5, 5, 4, 3]
9 of size 5, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
9 of size 5, onnx reference: an error (IndexError)
9 of size 5, OpenVINO: [3, 4, 5, 5, 5, 5, 4, 3]
9 of size 5, OpenCV: [3, 4, 5, 5, 5, 5, 4, 3]
9 of size 5, MNN: [3, 4, 5, 5, 5, 5, 4, 3]
1 of size 4, specification: [3, 4, 4, 4, 4, 4, 3, 2]
1 of size 4, onnxruntime: an error (Fail)
1 of size 4, onnx reference: [3, 0, 0, 0, 0, 0, 0, 0]
1 of size 4, OpenVINO: [2, 3, 3, 3, 3, 3, 3, 2]
1 of size 4, OpenCV: an error (error)
1 of size 4, MNN: [2, 3, 4, 4, 4, 4, 4, 3]
T
diff expected seen
