# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes detector/: a detector of objects that GStreamer's onnxinference
computes, and the modelinfo that 1.28 wants beside it.

    python3 -m venv VENV && VENV/bin/pip install numpy onnx
    VENV/bin/python generate_detector.py

An object is whatever fills a box on a background of pure green. Boxes are
those of SIDE x SIDE pixels at each STRIDE pixels, laid out as YOLO 8 does:
centre, size and the score of one class. A box scores 1 when all of its pixels
are of another colour and 0 from an eighth of green on, so one that is a stride
beside an object finds nothing. Channels are last: of a picture in bytes with
channels first onnxinference 1.28.8 makes something else.
"""

import pathlib

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

HERE = pathlib.Path(__file__).resolve().parent / "detector"
WIDTH, HEIGHT, SIDE, STRIDE = 160, 96, 32, 8
COLUMNS, ROWS = (WIDTH - SIDE) // STRIDE + 1, (HEIGHT - SIDE) // STRIDE + 1
N = COLUMNS * ROWS
MODELINFO = f"""[modelinfo]
version=1.0
group-id=yolo-v8-out

[picture]
dir=input
type=uint8
dims=1,{HEIGHT},{WIDTH},3
ranges=0,255;0,255;0,255

[boxes]
id=yolo-v8-out
dir=output
type=float32
dims=1,5,{N}
dims-order=col-major
"""


def boxes():
    """Centre and size of each, a row of numbers for each of the four."""
    y, x = np.mgrid[:ROWS, :COLUMNS].reshape(2, -1) * STRIDE + SIDE / 2
    return np.float32([[x, y, np.full(N, SIDE), np.full(N, SIDE)]])


def model():
    constants = {
        "green": np.float32([0, 255, 0]),
        "zero": np.float32(0), "one": np.float32(1),
        "slope": np.float32(8), "offset": np.float32(7),
        "plane": np.int64([1, 1, HEIGHT, WIDTH]), "row": np.int64([1, 1, N]), "places": boxes(),
    }
    window = {"kernel_shape": [SIDE, SIDE], "strides": [STRIDE, STRIDE]}
    nodes = [helper.make_node(op, names.split(), [output], **attributes)
             for op, names, output, attributes in (
        ("Cast", "picture", "pixels", {"to": TensorProto.FLOAT}),
        ("Sub", "pixels green", "difference", {}),
        ("Abs", "difference", "distances", {}),
        ("ReduceMax", "distances", "distance", {"axes": [3]}),
        ("Reshape", "distance plane", "far", {}),
        ("Clip", "far zero one", "other", {}),
        ("AveragePool", "other", "covered", window),
        ("Mul", "covered slope", "steep", {}),
        ("Sub", "steep offset", "shifted", {}),
        ("Relu", "shifted", "scores", {}),
        ("Reshape", "scores row", "score", {}),
        ("Concat", "places score", "boxes", {"axis": 1}))]
    graph = helper.make_graph(
        nodes, "detector",
        [helper.make_tensor_value_info("picture", TensorProto.UINT8,
                                       [1, HEIGHT, WIDTH, 3])],
        [helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 5, N])],
        [numpy_helper.from_array(array, name)
         for name, array in constants.items()])
    made = helper.make_model(graph, producer_name="generate_detector",
                             opset_imports=[helper.make_opsetid("", 13)])
    made.ir_version = 8
    checker.check_model(made, full_check=True)
    return made


def main():
    HERE.mkdir(exist_ok=True)
    path = HERE / "detector.onnx"
    path.write_bytes(model().SerializeToString())
    path.with_name(path.name + ".modelinfo").write_text(MODELINFO,
                                                        encoding="ascii")


if __name__ == "__main__":
    main()
