#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What ONNX's LRN, AlexNet's normalisation, sums when its size is even, by who
# computes it:
#     sh findings/onnx-lrn-even.sh
# The specification wants a window that reaches one channel further behind than
# before. No engine does that: OpenVINO 2026.4.1 sums over the next smaller odd
# size, MNN 3.6.1 reaches further before, and neither says so; onnxruntime 1.32.0
# and OpenCV 5.0.0.93 refuse it. Of odd sizes all compute the same.
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

CHANNELS = 8


def make_model(size):
    """Divides by 1 and the number of ones in the window."""
    shape = [1, CHANNELS, 1, 1]
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


READERS = {"onnxruntime": by_onnxruntime, "OpenVINO": by_openvino,
           "OpenCV": by_opencv, "MNN": by_mnn}


def count_window(size):
    """Of each channel how many channels there are in its window."""
    return [min(CHANNELS - 1, c + size // 2) - max(0, c - (size - 1) // 2) + 1
            for c in range(CHANNELS)]


def attempt(reader, size):
    x = np.ones((1, CHANNELS, 1, 1), np.float32)
    try:
        y = reader(make_model(size), x)
    except Exception as error:
        return f"an error ({type(error).__name__})"
    return np.rint(1 / y[0, :, 0, 0] - 1).astype(int).tolist()


for size in 5, 4:
    print(f"SEEN size {size}, specification:", count_window(size))
    for name, reader in READERS.items():
        print(f"SEEN size {size}, {name}:", attempt(reader, size))
P
venv/bin/python lrn.py >log 2>&1 || {
  cat log >&2
  exit 1
}
sed -n 's/^SEEN //p' log >seen
cat seen
cat >expected <<'T'
size 5, specification: [3, 4, 5, 5, 5, 5, 4, 3]
size 5, onnxruntime: [3, 4, 5, 5, 5, 5, 4, 3]
size 5, OpenVINO: [3, 4, 5, 5, 5, 5, 4, 3]
size 5, OpenCV: [3, 4, 5, 5, 5, 5, 4, 3]
size 5, MNN: [3, 4, 5, 5, 5, 5, 4, 3]
size 4, specification: [3, 4, 4, 4, 4, 4, 3, 2]
size 4, onnxruntime: an error (Fail)
size 4, OpenVINO: [2, 3, 3, 3, 3, 3, 3, 2]
size 4, OpenCV: an error (error)
size 4, MNN: [2, 3, 4, 4, 4, 4, 4, 3]
T
diff expected seen
