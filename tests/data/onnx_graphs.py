# SPDX-License-Identifier: LGPL-2.1-or-later

"""The graphs of onnx/ that are put together node by node, for
generate_onnx_files.py: GRAPHS, by the names of their files."""

import math

import numpy as np

import formula

CONVS = (4, 6, 8, 8, 6)
HIDDEN = 8
CLASSES = 5
# Keeps the logits of pixels of -128..127 small enough to tell classes apart.
LAST = {224: 1, 227: 0.03}


def weight(name, shape, last=1.0):
    fan_in = math.prod(shape[1:])
    return formula.values(name, shape, last * math.sqrt(6 / fan_in))


def bias(name, n):
    return formula.values(name, (n,), 0.1)


class Graph:
    """A chain of nodes; each operator is given the one before."""

    def __init__(self, side, batch=1, channels=3):
        self.nodes, self.initializers, self.inputs = [], [], []
        self.shape = [batch, channels, side, side]
        self.last = "data_0"
        self.n = 0

    def node(self, op, *inputs, output=None, **attributes):
        """Beside the chain."""
        from onnx import helper

        self.n += 1
        output = output or f"r{self.n}"
        self.nodes.append(helper.make_node(op, list(inputs), [output],
                                           name=f"n{self.n}", **attributes))
        return output

    def then(self, op, *inputs, **attributes):
        self.last = self.node(op, self.last, *inputs, **attributes)
        return self.last

    def put(self, name, array):
        """An initialiser, its numbers as raw bytes."""
        from onnx import numpy_helper

        self.initializers.append(numpy_helper.from_array(array, name))
        return name

    def put_typed(self, name, array, data_type):
        """An initialiser, its numbers in the field of their type."""
        from onnx import helper

        self.initializers.append(
            helper.make_tensor(name, data_type, array.shape, array.ravel()))
        return name

    def model(self, opset, ir=8, old=False, metadata=None):
        from onnx import TensorProto, helper

        inputs = [helper.make_tensor_value_info(
            "data_0", TensorProto.FLOAT, self.shape)]
        if old:
            inputs += [helper.make_tensor_value_info(
                t.name, t.data_type, t.dims) for t in self.initializers]
        output = helper.make_tensor_value_info(
            self.last, TensorProto.FLOAT, [self.shape[0], CLASSES])
        graph = helper.make_graph(self.nodes, "alexnet", inputs, [output],
                                  self.initializers)
        model = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", opset)],
            producer_name="generate_onnx_files")
        model.ir_version = ir
        if metadata:
            helper.set_model_props(model, metadata)
        return model


def conv(g, i, ins, outs, kernel, stride, pad, group=1):
    w = g.put(f"conv{i}_w_0", weight(f"conv{i}", (outs, ins // group, kernel,
                                                  kernel)))
    b = g.put(f"conv{i}_b_0", bias(f"conv{i}.bias", outs))
    g.then("Conv", w, b, kernel_shape=[kernel, kernel],
           strides=[stride, stride], pads=[pad] * 4, group=group)


def lrn(g):
    g.then("LRN", size=5, alpha=1e-4, beta=0.75, bias=1.0)


def pool(g, pads=(0, 0, 0, 0), **attributes):
    g.then("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=list(pads),
           **attributes)


def gemm(g, i, ins, outs, last=1.0):
    w = g.put(f"fc{i}_w_0", weight(f"fc{i}", (outs, ins), last))
    b = g.put(f"fc{i}_b_0", bias(f"fc{i}.bias", outs))
    g.then("Gemm", w, b, transB=1)


def convolutions_of_caffe(g, first_pool_then_lrn=False, end=(0, 0, 0, 0)):
    c = CONVS
    steps = [lrn, pool]
    if first_pool_then_lrn:
        steps.reverse()
    conv(g, 1, 3, c[0], 11, 4, 0)
    g.then("Relu")
    for step in steps:
        step(g)
    conv(g, 2, c[0], c[1], 5, 1, 2, 2)
    g.then("Relu")
    for step in steps:
        step(g)
    conv(g, 3, c[1], c[2], 3, 1, 1)
    g.then("Relu")
    conv(g, 4, c[2], c[3], 3, 1, 1, 2)
    g.then("Relu")
    conv(g, 5, c[3], c[4], 3, 1, 1, 2)
    g.then("Relu")
    pool(g, end)


def two_convolutions(g, channels):
    """To 6 x 6 pixels."""
    conv(g, 1, channels, CONVS[0], 11, 4, 2)
    g.then("Relu")
    pool(g)
    conv(g, 2, CONVS[0], CONVS[1], 5, 1, 2)
    g.then("Relu")
    pool(g)
    pool(g)


def linears(g, last):
    gemm(g, 6, 36 * CONVS[4], HIDDEN)
    g.then("Relu")
    g.then("Dropout")
    gemm(g, 7, HIDDEN, HIDDEN)
    g.then("Relu")
    g.then("Dropout")
    gemm(g, 8, HIDDEN, CLASSES, last)


def bvlc_224():
    """As ONNX Model Zoo's bvlcalexnet-9: 224, pool5 padded at its end,
    initialisers among the inputs."""
    g = Graph(224)
    convolutions_of_caffe(g, end=(0, 0, 1, 1))
    g.then("Reshape", g.put("OC2_DUMMY_1",
                            np.array([1, 36 * CONVS[4]], np.int64)))
    linears(g, LAST[227])
    g.then("Softmax", output="prob_1")
    return g.model(9, ir=3, old=True)


def caffenet_227():
    """Pool before LRN, no softmax, any batch, metadata."""
    g = Graph(227, batch=None)
    convolutions_of_caffe(g, first_pool_then_lrn=True)
    g.then("Flatten")
    linears(g, LAST[227])
    return g.model(13, metadata={"author": "generate_onnx_files"})


def float_types():
    """Weights of every type, raw and typed, cast when the graph runs."""
    from onnx import TensorProto as T

    g = Graph(224)
    c = CONVS
    conv_kinds = ((T.FLOAT16, True), (T.FLOAT16, False), (T.BFLOAT16, True),
                  (T.BFLOAT16, False), (T.DOUBLE, False))
    shapes = ((c[0], 3, 11, 4, 2), (c[1], c[0], 5, 1, 2),
              (c[2], c[1], 3, 1, 1), (c[3], c[2], 3, 1, 1),
              (c[4], c[3], 3, 1, 1))
    for i, (kind, shape) in enumerate(zip(conv_kinds, shapes), 1):
        outs, ins, kernel, stride, pad = shape
        w = cast(g, f"conv{i}.weight",
                 weight(f"conv{i}", (outs, ins, kernel, kernel)), *kind)
        b = g.put_typed(f"conv{i}.bias", bias(f"conv{i}.bias", outs), T.FLOAT)
        g.then("Conv", w, b, strides=[stride, stride], pads=[pad] * 4)
        g.then("Relu")
        if i in (1, 2, 5):
            pool(g)
    g.then("Flatten")
    linear_kinds = ((T.DOUBLE, True), (T.FLOAT8E4M3FN, True),
                    (T.FLOAT8E5M2, False))
    sizes = ((36 * c[4], HIDDEN), (HIDDEN, HIDDEN), (HIDDEN, CLASSES))
    for i, (kind, (ins, outs)) in enumerate(zip(linear_kinds, sizes), 6):
        w = cast(g, f"fc{i}.weight", weight(f"fc{i}", (outs, ins)), *kind)
        b = g.put(f"fc{i}.bias", bias(f"fc{i}.bias", outs))
        g.then("Gemm", w, b, transB=1)
        if i < 8:
            g.then("Relu")
    return g.model(19, ir=9)


def cast(g, name, array, data_type, raw):
    from onnx import TensorProto, helper, numpy_helper

    dtype = helper.tensor_dtype_to_np_dtype(data_type)
    if raw:
        g.initializers.append(
            numpy_helper.from_array(array.astype(dtype), name))
    else:
        g.put_typed(name, array, data_type)
    return g.node("Cast", name, to=TensorProto.FLOAT)


def constants():
    """Weights as constants, through identities, filled, turned."""
    from onnx import numpy_helper

    def constant(name, array):
        return g.node("Constant", output=name,
                      value=numpy_helper.from_array(array))

    g = Graph(224)
    c = CONVS
    g.then("Identity")
    w = constant("features.0.weight", weight("conv1", (c[0], 3, 11, 11)))
    g.then("Conv", g.node("Identity", w), constant(
        "features.0.bias", bias("conv1.bias", c[0])),
           strides=[4, 4], pads=[2] * 4)
    g.then("Relu")
    pool(g)
    conv(g, 2, c[0], c[1], 5, 1, 2)
    g.then("Relu")
    pool(g)
    shape = g.put("shape", np.array([c[2], c[1], 3, 3], np.int64))
    fill = numpy_helper.from_array(np.array([0.02], np.float32))
    g.then("Conv", g.node("ConstantOfShape", shape, value=fill),
           g.node("ConstantOfShape", g.put("n", np.array([c[2]], np.int64))),
           pads=[1] * 4)
    g.then("Relu")
    conv(g, 4, c[2], c[3], 3, 1, 1)
    g.then("Relu")
    conv(g, 5, c[3], c[4], 3, 1, 1)
    g.then("Relu")
    pool(g)
    g.then("AveragePool", kernel_shape=[1, 1])
    g.then("Reshape", g.node("Constant", value_ints=[-1, 36 * c[4]]))
    never = g.node("Constant", value=numpy_helper.from_array(np.array(False)))
    ratio = g.node("Constant", value=numpy_helper.from_array(
        np.array(0.5, np.float32)))
    g.then("Dropout", ratio, never)
    linears(g, LAST[224])
    g.then("Softmax", axis=1)
    return g.model(13)


def products():
    """Every way to write a linear layer."""
    g = Graph(224)
    c = CONVS
    two_convolutions(g, 3)
    g.then("Flatten", axis=-3)
    n = c[1] * 36
    w = weight("fc6", (HIDDEN, n))
    g.then("Gemm", g.put("fc6_w", np.ascontiguousarray(w.T)),
           g.put("fc6_b", bias("fc6.bias", HIDDEN)))
    g.then("Relu")
    w = weight("a", (HIDDEN, HIDDEN))
    g.then("MatMul", g.put("a", np.ascontiguousarray(w.T)))
    g.then("Add", g.put("a.bias", bias("a.bias", HIDDEN)))
    g.then("Relu")
    w = g.put("b", weight("b", (HIDDEN, HIDDEN)))
    g.then("MatMul", g.node("Transpose", w, perm=[1, 0]))
    b = g.put("b.bias", bias("b.bias", HIDDEN).reshape(1, HIDDEN))
    g.last = g.node("Add", b, g.last)
    g.then("Relu")
    w = g.put("c", weight("c", (HIDDEN, HIDDEN)))
    g.then("Gemm", w, g.put("c.bias", bias("c.bias", HIDDEN)), transB=1,
           alpha=0.5, beta=2.0)
    g.then("Relu")
    g.then("Gemm", g.put("d", weight("d", (HIDDEN, HIDDEN))),
           g.put("d.bias", np.array([0.25], np.float32)))
    g.then("Relu")
    g.then("Gemm", g.put("e", weight("e", (CLASSES, HIDDEN))), transB=1)
    return g.model(13)


def normalise(g, name, n, scale=2):
    arrays = [weight(name + ".scale", (n, 1)).ravel() + scale,
              bias(name + ".shift", n), bias(name + ".mean", n),
              formula.values(name + ".var", (n,), 0.5) + 1]
    g.then("BatchNormalization",
           *[g.put(f"{name}.{i}", a.astype(np.float32))
             for i, a in enumerate(arrays)], epsilon=1e-3)


def batch_norms():
    """After convolutions with and without bias, after a linear layer."""
    g = Graph(224)
    c = CONVS
    w = g.put("conv1.weight", weight("conv1", (c[0], 3, 11, 11)))
    g.then("Conv", w, strides=[4, 4], pads=[2] * 4)
    normalise(g, "bn1", c[0])
    g.then("Relu")
    pool(g)
    conv(g, 2, c[0], c[1], 5, 1, 2)
    normalise(g, "bn2", c[1])
    g.then("Relu")
    pool(g)
    w = g.put("conv3.weight", weight("conv3", (c[4], c[1], 3, 3)))
    g.then("Conv", w, pads=[1] * 4)
    b = bias("conv3.bias", c[4]).reshape(1, c[4], 1, 1)
    g.then("Add", g.put("conv3.bias", b))
    g.then("Relu")
    pool(g)
    g.then("Flatten")
    gemm(g, 6, 36 * c[4], HIDDEN)
    normalise(g, "bn6", HIDDEN)
    g.then("Relu")
    gemm(g, 8, HIDDEN, CLASSES, 0.02)
    return g.model(15)


def late_batch_norms():
    """Behind activations: before pools that keep and that turn their order,
    before convolutions with and without padding, of groups, before an LRN and
    linear layers; constants among them."""
    g = Graph(224)
    c = CONVS

    def number(values):
        return g.put(f"number{g.n}", np.array(values, np.float32))

    conv(g, 1, 3, c[0], 11, 4, 2)
    g.then("Relu")
    normalise(g, "bn1", c[0])
    pool(g)
    conv(g, 2, c[0], c[1], 5, 1, 2, 2)
    g.then("Relu")
    normalise(g, "bn2", c[1], 0)
    pool(g)
    g.then("Sub", number(bias("sub", c[1]).reshape(1, c[1], 1, 1)))
    conv(g, 3, c[1], c[2], 3, 1, 0, 2)
    g.then("Relu")
    g.last = g.node("Mul", number(1.5), g.last)
    conv(g, 4, c[2], c[3], 3, 1, 1)
    g.then("Relu")
    g.then("Div", number(weight("div", (c[3], 1, 1)) + 2))
    g.then("Add", number(0.25))
    lrn(g)
    conv(g, 5, c[3], c[4], 3, 1, 1)
    g.then("Relu")
    normalise(g, "bn5", c[4])
    g.then("Flatten")
    normalise(g, "bn6", 121 * c[4])
    gemm(g, 6, 121 * c[4], HIDDEN, 0.2)
    g.then("Relu")
    normalise(g, "bn7", HIDDEN)
    g.then("Dropout")
    g.then("Add", number(0.125))
    gemm(g, 8, HIDDEN, CLASSES, 0.1)
    return g.model(15)


def pools():
    """Padding at the beginning, at the end, on both; rounding up."""
    g = Graph(200)
    c = CONVS
    conv(g, 1, 3, c[0], 11, 4, 2)
    g.then("Relu")
    pool(g, (1, 1, 1, 1))
    conv(g, 2, c[0], c[1], 5, 1, 2)
    g.then("Relu")
    pool(g, (1, 1, 0, 0))
    g.then("MaxPool", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    g.then("MaxPool", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],
           ceil_mode=1)
    g.then("MaxPool", kernel_shape=[2, 2])
    g.then("Flatten")
    gemm(g, 6, c[1] * 9, HIDDEN)
    g.then("Relu")
    gemm(g, 8, HIDDEN, CLASSES)
    return g.model(13)


def grey():
    """One channel, a fully convolutional end."""
    g = Graph(224, channels=1)
    c = CONVS
    two_convolutions(g, 1)
    w = g.put("conv6_w", weight("conv6", (HIDDEN, c[1], 6, 6)))
    g.then("Conv", w, g.put("conv6_b", bias("conv6.bias", HIDDEN)))
    g.then("Relu")
    w = g.put("conv7_w", weight("conv7", (CLASSES, HIDDEN, 1, 1), 0.1))
    g.then("Conv", w, g.put("conv7_b", bias("conv7.bias", CLASSES)))
    g.then("GlobalAveragePool")
    g.then("Flatten")
    g.then("Softmax")
    return g.model(13)


def log_softmax():
    """Ends as nn.LogSoftmax or F.log_softmax, for nn.NLLLoss."""
    g = Graph(224)
    two_convolutions(g, 3)
    g.then("Flatten")
    gemm(g, 8, 36 * CONVS[1], CLASSES)
    g.then("LogSoftmax", axis=1)
    return g.model(13)


def norms():
    """The LRN of torch-VERSION-norms in parts: as PyTorch writes it below
    opset 11, and as it was written before PyTorch had one."""
    g = Graph(224)
    c = CONVS

    def number(value):
        return g.put(f"number{g.n}", np.array(value, np.float32))

    def shape(*sizes):
        return g.put(f"shape{g.n}", np.array(sizes, np.int64))

    def divide(mean, alpha, k, beta):
        y = g.node("Mul", number(alpha), mean)
        y = g.node("Add", y, number(k))
        g.last = g.node("Div", g.last, g.node("Pow", y, number(beta)))

    conv(g, 1, 3, c[0], 11, 4, 2)
    g.then("Relu")
    y = g.node("Mul", g.last, g.last)
    y = g.node("Reshape", y, shape(1, 1, c[0], 55, -1))
    y = g.node("Pad", y, pads=[0, 0, 2, 0, 0, 0, 0, 2, 0, 0])
    y = g.node("Pad", y, mode="constant", pads=[0] * 10, value=0.0)
    y = g.node("AveragePool", y, kernel_shape=[5, 1, 1], strides=[1, 1, 1])
    y = g.node("Reshape", g.node("Squeeze", y, axes=[1]),
               shape(1, c[0], 55, 55))
    divide(y, 0.5, 1.5, 0.75)
    pool(g)
    conv(g, 2, c[0], c[1], 5, 1, 2)
    g.then("Relu")
    y = g.node("Unsqueeze", g.node("Pow", g.last, number(2)), axes=[1])
    y = g.node("AveragePool", y, kernel_shape=[3, 1, 1], count_include_pad=1,
               pads=[1, 0, 0, 1, 0, 0])
    divide(g.node("Squeeze", y, axes=[1]), 0.5, 1.5, 0.6)
    pool(g)
    pool(g)
    g.then("Flatten")
    gemm(g, 8, 36 * c[1], CLASSES)
    return g.model(9)


GRAPHS = {"bvlc-224": bvlc_224, "caffenet-227": caffenet_227,
          "float-types": float_types, "constants": constants,
          "products": products, "batch-norms": batch_norms,
          "late-batch-norms": late_batch_norms, "pools": pools,
          "grey": grey, "log-softmax": log_softmax, "norms": norms}
