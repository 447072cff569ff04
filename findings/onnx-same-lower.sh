#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# On which side ONNX's auto_pad=SAME_LOWER pads where one side gets more depends on
# who reads the file:
#     sh findings/onnx-same-lower.sh
# The specification says at the beginning, where onnxruntime 1.32.0 and OpenVINO
# 2026.4.1 pad. OpenCV 5.0.0.93, in its new and its classic engine, and MNN 3.6.1
# pad at the end, as with SAME_UPPER: the feature map is moved by a pixel, behind
# convolutions and both poolings, without a word. The reference evaluator of onnx
# 1.23.2 pads at the beginning, but where MaxPool has strides it leaves a row and a
# column of results out.
# A window of 3 without strides has nothing to divide: there all agree, so that
# networks of those tell nothing. Pads that are written as numbers leave nothing
# open; an exporter or optimizer that keeps auto_pad passes it on.
# Installs those versions into a temporary folder; needs python3 with venv, on
# x86-64. Prints what it sees, and fails when that is something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 \
  opencv-python-headless==5.0.0.93 MNN==3.6.1 numpy==2.4.6

cat >same.py <<'P'
import _tools  # MNN's converter
import cv2
import MNN.expr
import MNN.nn
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

SIDE = 7
PICTURE = np.arange(SIDE * SIDE, dtype=np.float32).reshape(1, 1, SIDE, SIDE)


def make_model(kind, side, stride):
    """A window of which each sample weighs the same."""
    weights = numpy_helper.from_array(
        np.full((1, 1, side, side), 1 / side ** 2, np.float32), "w")
    convolves = kind == "Conv"
    node = helper.make_node(kind, ["x", "w"] if convolves else ["x"], ["y"],
                            kernel_shape=[side, side], auto_pad="SAME_LOWER",
                            strides=[stride, stride])
    n = -(-SIDE // stride)
    graph = helper.make_graph(
        [node], "same",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, PICTURE.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, n, n])],
        [weights] if convolves else [])
    model = helper.make_model(graph, ir_version=8,
                              opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model)
    return model


def by_numpy(kind, side, stride, at_end):
    n = -(-SIDE // stride)
    n_pads = max((n - 1) * stride + side - SIDE, 0)
    pads = n_pads // 2, n_pads - n_pads // 2
    pads = pads if at_end else pads[::-1]
    padded = np.pad(PICTURE[0, 0], (pads, pads), constant_values=np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    windows = windows[::stride, ::stride][:n, :n]
    if kind == "Conv":
        return np.nansum(windows, axis=(2, 3)) / side ** 2
    return (np.nanmax if kind == "MaxPool" else np.nanmean)(windows,
                                                            axis=(2, 3))


def by_onnxruntime(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    return session.run(None, {"x": PICTURE})[0]


def by_reference(model):
    return ReferenceEvaluator(model).run(None, {"x": PICTURE})[0]


def by_openvino(model):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString()),
                                  "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(PICTURE)[0]


def by_opencv(model, engine):
    net = cv2.dnn.readNetFromONNX(
        np.frombuffer(model.SerializeToString(), np.uint8), engine)
    net.setInput(PICTURE)
    return net.forward()


def by_mnn(model):
    onnx.save(model, "same.onnx")
    _tools.mnnconvert(["", "-f", "ONNX", "--modelFile", "same.onnx",
                       "--MNNModel", "same.mnn", "--bizCode", "same"])
    net = MNN.nn.load_module_from_file("same.mnn", ["x"], ["y"])
    x = MNN.expr.placeholder(list(PICTURE.shape), MNN.expr.NCHW)
    x.write(PICTURE)
    return np.array(MNN.expr.convert(net.forward(x), MNN.expr.NCHW).read())


READERS = {
    "onnxruntime": by_onnxruntime,
    "onnx reference": by_reference,
    "OpenVINO": by_openvino,
    "OpenCV": lambda model: by_opencv(model, cv2.dnn.ENGINE_NEW),
    "OpenCV classic": lambda model: by_opencv(model, cv2.dnn.ENGINE_CLASSIC),
    "MNN": by_mnn,
}


def find_side(found, kind, side, stride):
    expected = {at_end: by_numpy(kind, side, stride, at_end)
                for at_end in (False, True)}
    rows, wanted = len(found), len(expected[False])
    if rows != wanted:
        return f"{rows} rows of {wanted}"
    return " or ".join(
        "the end" if at_end else "the beginning"
        for at_end in expected if np.allclose(found, expected[at_end], atol=1e-3))


for kind in "Conv", "MaxPool", "AveragePool":
    for side, stride in (2, 1), (3, 1), (4, 2):
        model = make_model(kind, side, stride)
        sides = {}
        for name, reader in READERS.items():
            where = find_side(np.squeeze(reader(model)), kind, side, stride)
            sides.setdefault(where, []).append(name)
        print(f"SEEN {kind} of {side} by {stride}:", "; ".join(
            f"{where} by {', '.join(names)}" for where, names in sides.items()))
P
venv/bin/python same.py >log 2>&1 || {
  cat log >&2
  exit 1
}
grep '^SEEN' log | sed 's/^SEEN //' >seen
cat seen
cat >expected <<'T'
Conv of 2 by 1: the beginning by onnxruntime, onnx reference, OpenVINO; the end by OpenCV, OpenCV classic, MNN
Conv of 3 by 1: the beginning or the end by onnxruntime, onnx reference, OpenVINO, OpenCV, OpenCV classic, MNN
Conv of 4 by 2: the beginning by onnxruntime, onnx reference, OpenVINO; the end by OpenCV, OpenCV classic, MNN
MaxPool of 2 by 1: the beginning by onnxruntime, onnx reference, OpenVINO; the end by OpenCV, OpenCV classic, MNN
MaxPool of 3 by 1: the beginning or the end by onnxruntime, onnx reference, OpenVINO, OpenCV, OpenCV classic, MNN
MaxPool of 4 by 2: the beginning by onnxruntime, OpenVINO; 3 rows of 4 by onnx reference; the end by OpenCV, OpenCV classic, MNN
AveragePool of 2 by 1: the beginning by onnxruntime, onnx reference, OpenVINO; the end by OpenCV, OpenCV classic, MNN
AveragePool of 3 by 1: the beginning or the end by onnxruntime, onnx reference, OpenVINO, OpenCV, OpenCV classic, MNN
AveragePool of 4 by 2: the beginning by onnxruntime, onnx reference, OpenVINO; the end by OpenCV, OpenCV classic, MNN
T
diff expected seen
