#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who heeds what ONNX's Resize of opset 18 says about how to make a picture smaller:
#     sh findings/onnx-resize-options.sh
# - antialias=1, with which it averages as Pillow and torchvision do, is left out by
#   OpenVINO 2026.4.1, OpenCV 5.0.0.93 (new and classic engine) and MNN 3.6.1: they
#   interpolate between neighbours, so that columns of black and white stay so;
# - keep_aspect_ratio_policy="not_larger" is left out by OpenVINO and MNN, which
#   stretch the picture to the square; OpenCV refuses the axes that go with it.
# onnxruntime 1.32.0 and the reference evaluator of onnx 1.23.2 heed both. Nobody says
# that an option is left out. Of OpenVINO's cubic mode its issue 35893 knows it; mode
# linear, which classifiers use, is not better.
# So a file that brings its own way of pictures sees other ones in another engine,
# though all of its layers agree.
# Installs those versions into a temporary folder; needs python3 with venv, on
# x86-64. Prints what it sees, and fails when that is something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 \
  opencv-python-headless==5.0.0.93 MNN==3.6.1 pillow==13.0.0 numpy==2.4.6

cat >resize.py <<'P'
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
from PIL import Image

WIDTH, HEIGHT, SIDE = 24, 12, 8
# Black and white columns, one by one.
STRIPES = np.tile(np.float32([0, 255]), (1, 1, HEIGHT, WIDTH // 2))


def make_model(**options):
    sizes = [SIDE, SIDE] if "axes" in options else [1, 1, SIDE, SIDE]
    node = helper.make_node("Resize", ["x", "", "", "sizes"], ["y"],
                            mode="linear", **options)
    graph = helper.make_graph(
        [node], "resize",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, STRIPES.shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.array(sizes), "sizes")])
    model = helper.make_model(graph, ir_version=8,
                              opset_imports=[helper.make_opsetid("", 18)])
    model = onnx.shape_inference.infer_shapes(model)
    onnx.checker.check_model(model)
    return model


def by_onnxruntime(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    return session.run(None, {"x": STRIPES})[0]


def by_reference(model):
    return ReferenceEvaluator(model).run(None, {"x": STRIPES})[0]


def by_openvino(model):
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString()),
                                  "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(STRIPES)[0]


def by_opencv(model, engine):
    net = cv2.dnn.readNetFromONNX(
        np.frombuffer(model.SerializeToString(), np.uint8), engine)
    net.setInput(STRIPES)
    return net.forward()


def by_mnn(model):
    onnx.save(model, "resize.onnx")
    _tools.mnnconvert(["", "-f", "ONNX", "--modelFile", "resize.onnx",
                       "--MNNModel", "resize.mnn", "--bizCode", "resize"])
    net = MNN.nn.load_module_from_file("resize.mnn", ["x"], ["y"])
    x = MNN.expr.placeholder(list(STRIPES.shape), MNN.expr.NCHW)
    x.write(STRIPES)
    y = MNN.expr.convert(net.forward(x), MNN.expr.NCHW)
    return np.array(y.read()).reshape(y.shape)


READERS = {
    "onnxruntime": by_onnxruntime,
    "onnx reference": by_reference,
    "OpenVINO": by_openvino,
    "OpenCV": lambda model: by_opencv(model, cv2.dnn.ENGINE_NEW),
    "OpenCV classic": lambda model: by_opencv(model, cv2.dnn.ENGINE_CLASSIC),
    "MNN": by_mnn,
}


def describe(picture):
    """Its size and range."""
    return (f"{picture.shape[-1]} x {picture.shape[-2]},"
            f" {picture.min():.0f} to {picture.max():.0f}")


def attempt(reader, model):
    try:
        return describe(reader(model))
    except cv2.error:
        return "an error"


pillow = Image.fromarray(STRIPES[0, 0]).resize((SIDE, SIDE),
                                               Image.Resampling.BILINEAR)
print("SEEN Pillow:", describe(np.asarray(pillow)))
for options in ({}, {"antialias": 1},
                {"axes": [2, 3], "keep_aspect_ratio_policy": "not_larger"}):
    model = make_model(**options)
    for name, reader in READERS.items():
        print("SEEN", *(f"{key}={value}" for key, value in options.items()),
              f"{name}: {attempt(reader, model)}")
P
venv/bin/python resize.py >log 2>&1 || {
  cat log >&2
  exit 1
}
sed -n 's/^SEEN //p' log >seen
cat seen
cat >expected <<'T'
Pillow: 8 x 8, 113 to 142
onnxruntime: 8 x 8, 0 to 255
onnx reference: 8 x 8, 0 to 255
OpenVINO: 8 x 8, 0 to 255
OpenCV: 8 x 8, 0 to 255
OpenCV classic: 8 x 8, 0 to 255
MNN: 8 x 8, 0 to 255
antialias=1 onnxruntime: 8 x 8, 113 to 142
antialias=1 onnx reference: 8 x 8, 113 to 142
antialias=1 OpenVINO: 8 x 8, 0 to 255
antialias=1 OpenCV: 8 x 8, 0 to 255
antialias=1 OpenCV classic: 8 x 8, 0 to 255
antialias=1 MNN: 8 x 8, 0 to 255
axes=[2, 3] keep_aspect_ratio_policy=not_larger onnxruntime: 8 x 4, 0 to 255
axes=[2, 3] keep_aspect_ratio_policy=not_larger onnx reference: 8 x 4, 0 to 255
axes=[2, 3] keep_aspect_ratio_policy=not_larger OpenVINO: 8 x 8, 0 to 255
axes=[2, 3] keep_aspect_ratio_policy=not_larger OpenCV: an error
axes=[2, 3] keep_aspect_ratio_policy=not_larger OpenCV classic: an error
axes=[2, 3] keep_aspect_ratio_policy=not_larger MNN: 8 x 8, 0 to 255
T
diff expected seen
