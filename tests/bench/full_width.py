# SPDX-License-Identifier: LGPL-2.1-or-later

"""Networks of full width with made-up weights for load.py.

    full_width.py torchvision.onnx|bvlc.onnx|bvlc.caffemodel

ONNX files keep their weights in FILE.data; Caffe's is as of 2014, in fields
that are numbered as in its caffe.proto.
"""

import math
import pathlib
import struct
import sys

import numpy as np

# kind, name, outputs, kernel, stride, padding, groups
TORCHVISION = (224, [
    ("conv", "features.0", 64, 11, 4, 2, 1), ("relu",), ("pool",),
    ("conv", "features.3", 192, 5, 1, 2, 1), ("relu",), ("pool",),
    ("conv", "features.6", 384, 3, 1, 1, 1), ("relu",),
    ("conv", "features.8", 256, 3, 1, 1, 1), ("relu",),
    ("conv", "features.10", 256, 3, 1, 1, 1), ("relu",), ("pool",),
    ("linear", "classifier.1", 4096), ("relu",),
    ("linear", "classifier.4", 4096), ("relu",),
    ("linear", "classifier.6", 1000), ("softmax",)])
BVLC = (227, [
    ("conv", "conv1", 96, 11, 4, 0, 1), ("relu",), ("lrn",), ("pool",),
    ("conv", "conv2", 256, 5, 1, 2, 2), ("relu",), ("lrn",), ("pool",),
    ("conv", "conv3", 384, 3, 1, 1, 1), ("relu",),
    ("conv", "conv4", 384, 3, 1, 1, 2), ("relu",),
    ("conv", "conv5", 256, 3, 1, 1, 2), ("relu",), ("pool",),
    ("linear", "fc6", 4096), ("relu",), ("linear", "fc7", 4096), ("relu",),
    ("linear", "fc8", 1000), ("softmax",)])


def add_weights(layers):
    """[(layer, weight, bias), ...], None where a layer has none."""
    random = np.random.default_rng(1)
    channels, side = 3, 6
    for layer in layers:
        if layer[0] not in ("conv", "linear"):
            yield layer, None, None
            continue
        if layer[0] == "conv":
            shape = (layer[2], channels // layer[6], layer[3], layer[3])
        else:
            shape = (layer[2], channels * side * side)
            side = 1
        channels = layer[2]
        scale = np.float32(math.sqrt(2 / math.prod(shape[1:])))
        yield (layer, random.standard_normal(shape, np.float32) * scale,
               np.zeros(layer[2], np.float32))


# ---- ONNX --------------------------------------------------------------------

def describe_node(layer):
    if layer[0] == "conv":
        return "Conv", {"kernel_shape": [layer[3]] * 2,
                        "strides": [layer[4]] * 2, "pads": [layer[5]] * 4,
                        "group": layer[6]}
    return {"relu": ("Relu", {}), "softmax": ("Softmax", {"axis": 1}),
            "lrn": ("LRN", {"size": 5, "alpha": 1e-4, "beta": 0.75}),
            "pool": ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2]}),
            "linear": ("Gemm", {"transB": 1})}[layer[0]]


def write_onnx(network, path):
    import onnx
    from onnx import helper, numpy_helper
    side, layers = network
    nodes, tensors, last = [], [], "input"

    def add(kind, inputs=(), **attributes):
        nonlocal last
        output = f"value{len(nodes)}"
        nodes.append(helper.make_node(kind, [last, *inputs], [output],
                                      **attributes))
        last = output

    for layer, weight, bias in add_weights(layers):
        kind, attributes = describe_node(layer)
        if kind == "Gemm" and "Gemm" not in [node.op_type for node in nodes]:
            add("Flatten")
        names = []
        if weight is not None:
            names = [f"{layer[1]}.weight", f"{layer[1]}.bias"]
            tensors += [numpy_helper.from_array(value, name)
                        for value, name in zip((weight, bias), names)]
        add(kind, names, **attributes)

    def info(name, shape):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT,
                                             shape)
    graph = helper.make_graph(nodes, "alexnet",
                              [info("input", [1, 3, side, side])],
                              [info(last, [1, 1000])], tensors)
    model = helper.make_model(graph,
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    onnx.save_model(model, path, save_as_external_data=True,
                    location=path.name + ".data")


# ---- Caffe -------------------------------------------------------------------

V1_TYPES = {"conv": 4, "linear": 14, "lrn": 15, "pool": 17, "relu": 18,
            "softmax": 20}


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, value):
    """A whole number, a float, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*fields):
    return b"".join(field(number, value) for number, value in fields)


def make_blob(array):
    shape = (1, 1, 1, *array.shape)[-4:]
    return message(*enumerate(shape, 1), (5, array.tobytes()))


def make_parameter(layer):
    if layer[0] == "conv":
        return 10, message((1, layer[2]), (3, layer[5]), (4, layer[3]),
                           (5, layer[6]), (6, layer[4]))
    return {"linear": lambda: (17, message((1, layer[2]))),
            "lrn": lambda: (18, message((1, 5), (2, 1e-4), (3, 0.75))),
            "pool": lambda: (19, message((2, 3), (3, 2))),
            }.get(layer[0], lambda: (30, b""))()


def write_caffe(network, path):
    _, layers = network
    last = b"data"
    with open(path, "wb") as file:
        for i, (layer, weight, bias) in enumerate(add_weights(layers)):
            name = (layer[1] if weight is not None
                    else f"{layer[0]}{i}").encode()
            blobs = [] if weight is None else [(6, make_blob(weight)),
                                               (6, make_blob(bias))]
            file.write(field(2, message(
                (2, last), (3, name), (4, name), (5, V1_TYPES[layer[0]]),
                make_parameter(layer), *blobs)))
            last = name


def main():
    path = pathlib.Path(sys.argv[1])
    network = {"torchvision": TORCHVISION, "bvlc": BVLC}[path.stem]
    write = {".onnx": write_onnx, ".caffemodel": write_caffe}[path.suffix]
    write(network, path)


if __name__ == "__main__":
    main()
