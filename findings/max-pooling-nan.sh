#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What becomes of a NaN in a window of ONNX's MaxPool depends on who computes it,
# on where in the window it lies, and on whether the node says how far windows are
# apart, even where there is only one:
#     sh findings/max-pooling-nan.sh
# - onnxruntime 1.32.0 keeps a NaN in one place of the window or in none;
# - the reference evaluator of onnx 1.23.2 keeps it in the first place if the node
#   has strides; if not it keeps none, and NaN alone is an exception;
# - OpenVINO 2026.4.0 keeps none: a window of NaN alone becomes -3.4028235e+38, the
#   lowest float.
# That is also what becomes of -infinity alone, in OpenVINO always and in
# onnxruntime in three of the four pools below. numpy's maximum is NaN wherever
# the NaN lies, and -infinity where there is nothing else.
# So a network that went wrong can show in one engine and look sane in another.
# Installs those versions into a temporary folder; needs python3 with venv, on
# x86-64. Prints what it sees, and fails when that is something else.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.0 numpy==2.4.6

cat >pool.py <<'P'
import numpy as np
import onnx
import onnxruntime
import openvino
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator


def make_pool(side, **attributes):
    node = helper.make_node("MaxPool", ["x"], ["y"], kernel_shape=[side, side],
                            **attributes)
    graph = helper.make_graph(
        [node], "pool",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT,
                                       [1, 1, side, side])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 1, 1, 1])])
    model = helper.make_model(graph, ir_version=8,
                              opset_imports=[helper.make_opsetid("", 13)])
    onnx.checker.check_model(model)
    return model


def engines_of(model):
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    core = openvino.Core()
    compiled = core.compile_model(core.read_model(model.SerializeToString()),
                                  "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    reference = ReferenceEvaluator(model)
    return {"onnxruntime": lambda x: session.run(None, {"x": x})[0],
            "onnx reference": lambda x: reference.run(None, {"x": x})[0],
            "OpenVINO": lambda x: compiled(x)[0],
            "numpy": lambda x: x.max()}


def kept_places(engine, side):
    kept = []
    for place in range(side * side):
        x = np.arange(side * side, dtype=np.float32)
        x[place] = np.nan
        if np.isnan(np.asarray(engine(x.reshape(1, 1, side, side))).item()):
            kept.append(place)
    return kept


def describe(engine, window):
    try:
        return f"{np.asarray(engine(window)).item():.8g}"
    except ValueError:
        return "an error"


for side in 2, 3:
    for title, attributes in (("", {}), (", strides", {"strides": [side, side]})):
        for name, engine in engines_of(make_pool(side, **attributes)).items():
            nan, least = (describe(engine, np.full((1, 1, side, side), value,
                                                   np.float32))
                          for value in (np.nan, -np.inf))
            print(f"{side} x {side}{title}, {name}: kept at "
                  f"{kept_places(engine, side)}; of NaN alone {nan}, "
                  f"of -inf alone {least}")
P
venv/bin/python pool.py | tee seen
cat >expected <<'T'
2 x 2, onnxruntime: kept at [3]; of NaN alone nan, of -inf alone -3.4028235e+38
2 x 2, onnx reference: kept at []; of NaN alone an error, of -inf alone -inf
2 x 2, OpenVINO: kept at []; of NaN alone -3.4028235e+38, of -inf alone -3.4028235e+38
2 x 2, numpy: kept at [0, 1, 2, 3]; of NaN alone nan, of -inf alone -inf
2 x 2, strides, onnxruntime: kept at [1]; of NaN alone nan, of -inf alone -inf
2 x 2, strides, onnx reference: kept at [0]; of NaN alone nan, of -inf alone -inf
2 x 2, strides, OpenVINO: kept at []; of NaN alone -3.4028235e+38, of -inf alone -3.4028235e+38
2 x 2, strides, numpy: kept at [0, 1, 2, 3]; of NaN alone nan, of -inf alone -inf
3 x 3, onnxruntime: kept at [7]; of NaN alone nan, of -inf alone -3.4028235e+38
3 x 3, onnx reference: kept at []; of NaN alone an error, of -inf alone -inf
3 x 3, OpenVINO: kept at []; of NaN alone -3.4028235e+38, of -inf alone -3.4028235e+38
3 x 3, numpy: kept at [0, 1, 2, 3, 4, 5, 6, 7, 8]; of NaN alone nan, of -inf alone -inf
3 x 3, strides, onnxruntime: kept at []; of NaN alone -3.4028235e+38, of -inf alone -3.4028235e+38
3 x 3, strides, onnx reference: kept at [0]; of NaN alone nan, of -inf alone -inf
3 x 3, strides, OpenVINO: kept at []; of NaN alone -3.4028235e+38, of -inf alone -3.4028235e+38
3 x 3, strides, numpy: kept at [0, 1, 2, 3, 4, 5, 6, 7, 8]; of NaN alone nan, of -inf alone -inf
T
diff expected seen
