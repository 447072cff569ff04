# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes caffe/: narrow AlexNets as Caffe saves them, mean images, and
expected.txt, what the formula's input becomes.

    python3 -m venv VENV && VENV/bin/pip install numpy protobuf
    VENV/bin/python generate_caffe_files.py

Caffe itself is gone from the distributions. protobuf writes the bytes, from
the numbers and types of the fields below; what the layers compute is written
here once more, after Caffe's documentation, in doubles. OpenCV 4.12 computes the
same of those with batch norms.
"""

import math
import pathlib

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

import formula

HERE = pathlib.Path(__file__).resolve().parent / "caffe"
CONVS = (4, 6, 8, 8, 6)
HIDDEN = 8
CLASSES = 5
RANGE = 128
LAST = 0.03

# ---- messages ----------------------------------------------------------------

# message: {field: (number, type)}; a type in brackets is repeated, one with a
# star is packed, one with a capital letter is a message.
MESSAGES = {
    "BlobShape": {"dim": (1, "[int64*]")},
    "BlobProto": {
        "num": (1, "int32"), "channels": (2, "int32"), "height": (3, "int32"),
        "width": (4, "int32"), "data": (5, "[float*]"),
        "diff": (6, "[float*]"), "shape": (7, "BlobShape"),
        "double_data": (8, "[double*]")},
    "UnpackedBlob": {"shape": (7, "BlobShape"), "data": (5, "[float]")},
    "ConvolutionParameter": {
        "num_output": (1, "uint32"), "bias_term": (2, "bool"),
        "pad": (3, "[uint32]"), "kernel_size": (4, "[uint32]"),
        "group": (5, "uint32"), "stride": (6, "[uint32]"),
        "pad_h": (9, "uint32"), "pad_w": (10, "uint32"),
        "kernel_h": (11, "uint32"), "kernel_w": (12, "uint32"),
        "stride_h": (13, "uint32"), "stride_w": (14, "uint32")},
    "InnerProductParameter": {
        "num_output": (1, "uint32"), "bias_term": (2, "bool"),
        "transpose": (6, "bool")},
    "LRNParameter": {
        "local_size": (1, "uint32"), "alpha": (2, "float"),
        "beta": (3, "float"), "norm_region": (4, "int32"), "k": (5, "float")},
    "PoolingParameter": {
        "pool": (1, "int32"), "kernel_size": (2, "uint32"),
        "stride": (3, "uint32"), "pad": (4, "uint32"),
        "kernel_h": (5, "uint32"), "kernel_w": (6, "uint32"),
        "stride_h": (7, "uint32"), "stride_w": (8, "uint32"),
        "round_mode": (13, "int32")},
    "ReLUParameter": {"negative_slope": (1, "float")},
    "DropoutParameter": {"dropout_ratio": (1, "float")},
    "BatchNormParameter": {
        "use_global_stats": (1, "bool"),
        "moving_average_fraction": (2, "float"), "eps": (3, "float")},
    "ScaleParameter": {
        "axis": (1, "int32"), "num_axes": (2, "int32"),
        "bias_term": (4, "bool")},
    "InputParameter": {"shape": (1, "[BlobShape]")},
    "TransformationParameter": {
        "scale": (1, "float"), "mirror": (2, "bool"),
        "crop_size": (3, "uint32"), "mean_file": (4, "string"),
        "mean_value": (5, "[float]")},
    "DataParameter": {
        "source": (1, "string"), "scale": (2, "float"),
        "mean_file": (3, "string"), "batch_size": (4, "uint32"),
        "crop_size": (5, "uint32")},
    "V0LayerParameter": {"name": (1, "string"), "type": (2, "string")},
    "V1LayerParameter": {
        "layer": (1, "V0LayerParameter"), "bottom": (2, "[string]"),
        "top": (3, "[string]"), "name": (4, "string"), "type": (5, "int32"),
        "blobs": (6, "[BlobProto]"), "blobs_lr": (7, "[float]"),
        "convolution_param": (10, "ConvolutionParameter"),
        "data_param": (11, "DataParameter"),
        "dropout_param": (12, "DropoutParameter"),
        "inner_product_param": (17, "InnerProductParameter"),
        "lrn_param": (18, "LRNParameter"),
        "pooling_param": (19, "PoolingParameter"),
        "relu_param": (30, "ReLUParameter"),
        "transform_param": (36, "TransformationParameter")},
    "LayerParameter": {
        "name": (1, "string"), "type": (2, "string"),
        "bottom": (3, "[string]"), "top": (4, "[string]"),
        "blobs": (7, "[BlobProto]"), "phase": (10, "int32"),
        "transform_param": (100, "TransformationParameter"),
        "convolution_param": (106, "ConvolutionParameter"),
        "data_param": (107, "DataParameter"),
        "dropout_param": (108, "DropoutParameter"),
        "inner_product_param": (117, "InnerProductParameter"),
        "lrn_param": (118, "LRNParameter"),
        "pooling_param": (121, "PoolingParameter"),
        "relu_param": (123, "ReLUParameter"),
        "batch_norm_param": (139, "BatchNormParameter"),
        "scale_param": (142, "ScaleParameter"),
        "input_param": (143, "InputParameter")},
    "NetParameter": {
        "name": (1, "string"), "layers": (2, "[V1LayerParameter]"),
        "input": (3, "[string]"), "input_dim": (4, "[int32]"),
        "input_shape": (8, "[BlobShape]"),
        "layer": (100, "[LayerParameter]")},
}

V1_TYPES = {"Accuracy": 1, "Convolution": 4, "Data": 5, "Dropout": 6,
            "InnerProduct": 14, "LRN": 15, "Pooling": 17, "ReLU": 18,
            "Softmax": 20, "SoftmaxWithLoss": 21, "Split": 22}
PARAMETERS = {"Convolution": "convolution_param", "Data": "transform_param",
              "InnerProduct": "inner_product_param", "LRN": "lrn_param",
              "Pooling": "pooling_param", "ReLU": "relu_param",
              "Dropout": "dropout_param", "Input": "input_param",
              "BatchNorm": "batch_norm_param", "Scale": "scale_param"}


def make_classes():
    file = descriptor_pb2.FileDescriptorProto(
        name="subset.proto", package="subset", syntax="proto2")
    kinds = descriptor_pb2.FieldDescriptorProto
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for field, (number, kind) in fields.items():
            added = message.field.add(name=field, number=number)
            bare = kind.strip("[]*")
            added.label = (kinds.LABEL_REPEATED if kind[0] == "["
                           else kinds.LABEL_OPTIONAL)
            if bare[0].isupper():
                added.type = kinds.TYPE_MESSAGE
                added.type_name = f".subset.{bare}"
            else:
                added.type = getattr(kinds, f"TYPE_{bare.upper()}")
            if "*" in kind:
                added.options.packed = True
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {name: message_factory.GetMessageClass(
        pool.FindMessageTypeByName(f"subset.{name}")) for name in MESSAGES}


CLASS = make_classes()

# ---- what Caffe computes -----------------------------------------------------


def convolve(x, w, b, stride, pad, group):
    outs, ins, kernel, _ = w.shape
    x = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    windows = np.lib.stride_tricks.sliding_window_view(
        x, (kernel, kernel), axis=(1, 2))[:, ::stride, ::stride]
    parts = [np.einsum("chwij,ocij->ohw", part, weights) for part, weights
             in zip(np.split(windows, group), np.split(w, group))]
    return np.concatenate(parts) + b[:, None, None]


def normalise(x, size, alpha, beta, k):
    half = size // 2
    squares = np.pad(x * x, ((half, half), (0, 0), (0, 0)))
    sums = sum(squares[i:i + len(x)] for i in range(size))
    return x / (k + alpha / size * sums) ** beta


def pool_max(x, kernel, stride, pad, round_up):
    side = x.shape[1]
    steps = (side + 2 * pad - kernel) / stride
    n = int(math.ceil(steps) if round_up else math.floor(steps)) + 1
    if pad and (n - 1) * stride >= side + pad:
        n -= 1
    out = np.empty((len(x), n, n))
    for p in range(n):
        for q in range(n):
            y, z = p * stride - pad, q * stride - pad
            out[:, p, q] = x[:, max(y, 0):y + kernel,
                             max(z, 0):z + kernel].max(axis=(1, 2))
    return out


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


# ---- nets --------------------------------------------------------------------


class Net:
    """Layers in order, and what comes out of them for the formula's input."""

    def __init__(self, side, channels=3):
        self.layers = []
        self.x = formula.values("input", (channels, side, side),
                                RANGE).astype(np.float64)
        self.top = "data"

    def add(self, kind, name, bottom=None, top=None, blobs=(), **parameters):
        bottom = [self.top] if bottom is None else bottom
        self.layers.append((kind, name, bottom, top or [name], blobs,
                            parameters))
        if kind not in ("Data", "Input", "Split", "Accuracy",
                        "SoftmaxWithLoss"):
            self.top = (top or [name])[0]

    def conv(self, name, outs, kernel, stride=1, pad=0, group=1, bias=True,
             square=True):
        ins = len(self.x)
        w = formula.values(name, (outs, ins // group, kernel, kernel),
                           math.sqrt(6 / (ins // group * kernel * kernel)))
        b = formula.values(name + ".bias", (outs,), 0.1 if bias else 0)
        sizes = {"kernel": kernel, "stride": stride, "pad": pad}
        if square:
            sizes = {"kernel_size": [kernel], "stride": [stride],
                     "pad": [pad]}
        else:
            sizes = {f"{what}_{axis}": size for what, size in sizes.items()
                     for axis in "hw"}
        if not bias:
            sizes["bias_term"] = False
        self.add("Convolution", name, blobs=[w, b] if bias else [w],
                 num_output=outs, group=group, **sizes)
        self.x = convolve(self.x, w, b, stride, pad, group)

    def relu(self):
        """In place, as all published nets have it."""
        self.add("ReLU", "relu_" + self.top, top=[self.top])
        self.x = np.maximum(self.x, 0)

    def lrn(self, name, size=5, alpha=1e-4, beta=0.75, k=None):
        parameters = {} if k is None else {"k": k}
        self.add("LRN", name, local_size=size, alpha=alpha, beta=beta,
                 **parameters)
        self.x = normalise(self.x, size, alpha, beta, k or 1)

    def pool(self, name, kernel=3, stride=2, pad=0, round_up=True, hw=False):
        sizes = {"kernel_size": kernel, "stride": stride}
        if hw:
            sizes = {"kernel_h": kernel, "kernel_w": kernel,
                     "stride_h": stride, "stride_w": stride}
        if pad:
            sizes["pad"] = pad
        if not round_up:
            sizes["round_mode"] = 1
        self.add("Pooling", name, pool=0, **sizes)
        self.x = pool_max(self.x, kernel, stride, pad, round_up)

    def linear(self, name, outs, bias=True, transpose=False, last=1.0):
        x = self.x.ravel()
        w = formula.values(name, (outs, len(x)),
                           last * math.sqrt(6 / len(x)))
        b = formula.values(name + ".bias", (outs,), 0.1 if bias else 0)
        parameters = {} if bias else {"bias_term": False}
        stored = w
        if transpose:
            parameters["transpose"] = True
            stored = np.ascontiguousarray(w.T)
        self.add("InnerProduct", name,
                 blobs=[stored, b] if bias else [stored], num_output=outs,
                 **parameters)
        self.x = w.astype(np.float64) @ x + b

    def each_channel(self, numbers):
        return numbers.astype(np.float64).reshape(
            (-1,) + (1,) * (self.x.ndim - 1))

    def batch_norm(self, name, count=4, in_place=False, **parameters):
        """Caffe keeps sums of what `count` batches had, about."""
        axes = tuple(range(1, self.x.ndim))
        spread = max(1, float(np.abs(self.x).mean()))
        outs = len(self.x)
        mean = (count * (self.x.mean(axis=axes) + formula.values(
            name, (outs,), spread / 4))).astype(np.float32)
        variance = (count * spread ** 2 * (1 + formula.values(
            name + ".variance", (outs,), 0.5))).astype(np.float32)
        self.add("BatchNorm", name, top=[self.top] if in_place else None,
                 blobs=[mean, variance, np.float32([count])], **parameters)
        factor = 1 / count if count else 0
        self.x = (self.x - self.each_channel(mean) * factor) / np.sqrt(
            self.each_channel(variance) * factor
            + np.float32(parameters.get("eps", 1e-5)))

    def scale(self, name, bias=True, signs=False):
        outs = len(self.x)
        scale = 1 + formula.values(name, (outs,), 0.5)
        if signs:
            scale[::2] *= -1
        shift = formula.values(name + ".bias", (outs,), 0.5 if bias else 0)
        self.add("Scale", name, blobs=[scale, shift] if bias else [scale],
                 **({"bias_term": True} if bias else {}))
        self.x = self.x * self.each_channel(scale) + self.each_channel(shift)

    def dropout(self):
        self.add("Dropout", "drop_" + self.top, top=[self.top],
                 dropout_ratio=0.5)


def alexnet(side=227, caffenet=False, channels=3):
    net = Net(side, channels)
    steps = (lambda i: net.lrn(f"norm{i}"), lambda i: net.pool(f"pool{i}"))
    for i, (outs, kernel, stride, pad, group) in enumerate((
            (CONVS[0], 11, 4, 0, 1), (CONVS[1], 5, 1, 2, 2),
            (CONVS[2], 3, 1, 1, 1), (CONVS[3], 3, 1, 1, 2),
            (CONVS[4], 3, 1, 1, 2)), 1):
        net.conv(f"conv{i}", outs, kernel, stride, pad, group)
        net.relu()
        if i < 3:
            for step in reversed(steps) if caffenet else steps:
                step(i)
    net.pool("pool5")
    for name in ("fc6", "fc7"):
        net.linear(name, HIDDEN)
        net.relu()
        net.dropout()
    net.linear("fc8", CLASSES, last=LAST)
    return net


def fill(message, parameters):
    for name, value in parameters.items():
        if isinstance(value, list):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)


def put_blob(blob, array, v1, double=False):
    if v1:
        shape = (1,) * (4 - array.ndim) + array.shape
        blob.num, blob.channels, blob.height, blob.width = shape
    else:
        blob.shape.dim.extend(array.shape)
    if double:
        blob.double_data.extend(array.ravel().tolist())
    else:
        blob.data.extend(array.ravel().tolist())


def write_layers(message, net, v1=False, double=False, diff=False):
    for kind, name, bottom, top, blobs, parameters in net.layers:
        layer = (message.layers if v1 else message.layer).add()
        layer.name = name
        layer.type = V1_TYPES[kind] if v1 else kind
        layer.bottom.extend(bottom)
        layer.top.extend(top)
        for array in blobs:
            put_blob(layer.blobs.add(), array, v1, double)
            if diff:
                layer.blobs[-1].diff.extend([0.5] * array.size)
        if kind == "Input":
            layer.input_param.shape.add().dim.extend(parameters["shape"])
        elif kind == "Data" and "old" in parameters:
            fill(layer.data_param, parameters["old"])
        elif parameters:
            fill(getattr(layer, PARAMETERS[kind]), parameters)
    return message


def feed(net, **parameters):
    """A data layer in front and what judges the net behind, as while it is
    trained."""
    body, last = net.layers, net.top
    net.layers = []
    net.add("Data", "data", bottom=[], top=["data", "label"], **parameters)
    net.add("Split", "label_data_1_split", bottom=["label"],
            top=["label_data_1_split_0", "label_data_1_split_1"])
    net.layers += body
    net.add("Split", f"{last}_{last}_0_split", bottom=[last],
            top=[f"{last}_0", f"{last}_1"])
    net.add("Accuracy", "accuracy", bottom=[f"{last}_0",
                                            "label_data_1_split_0"])
    net.add("SoftmaxWithLoss", "loss", bottom=[f"{last}_1",
                                               "label_data_1_split_1"])
    return net


# ---- files -------------------------------------------------------------------


def alexnet_v1_train():
    """As bvlc_alexnet.caffemodel: V1, four dimensions, the net of training."""
    net = feed(alexnet(), crop_size=227, mirror=True,
               mean_file="data/ilsvrc12/imagenet_mean.binaryproto")
    return net, write_layers(CLASS["NetParameter"](name="AlexNet"), net,
                             v1=True)


def caffenet_deploy():
    """As Places365's: pool before norm, input_dim, a softmax at the end."""
    net = alexnet(caffenet=True)
    net.add("Softmax", "prob")
    message = CLASS["NetParameter"](name="CaffeNet", input=["data"],
                                    input_dim=[10, 3, 227, 227])
    return net, write_layers(message, net, diff=True)


def digits_train():
    """As DIGITS': today's layers, mean values and a scale."""
    net = feed(alexnet(), crop_size=227, scale=0.5,
               mean_value=[104.0, 117.0, 123.0])
    return net, write_layers(CLASS["NetParameter"](name="AlexNet"), net)


def old_data():
    """V1 with what a data layer said before there was a transformation; one
    channel."""
    net = feed(alexnet(199, channels=1), old={"source": "db", "crop_size": 199,
                                  "scale": 0.25})
    return net, write_layers(CLASS["NetParameter"](name="AlexNet"), net,
                             v1=True)


def own_sizes():
    """Input layer, one channel, no biases, transposed weights, sizes by
    direction, pools that round up and down, another LRN, doubles."""
    net = Net(203, channels=1)
    net.add("Input", "data", bottom=[], shape=[1, 1, 203, 203])
    net.conv("first", 4, 7, 4, 3, square=False, bias=False)
    net.relu()
    net.pool("up", hw=True)
    net.lrn("norm", size=3, alpha=5e-3, beta=0.5, k=2.0)
    net.pool("padded", kernel=3, stride=2, pad=1)
    net.conv("second", 6, 3, 1, 0, 2)
    net.relu()
    net.pool("down", kernel=2, stride=2, round_up=False)
    net.pool("more", kernel=3, stride=3, pad=2)
    net.linear("third", HIDDEN, bias=False)
    net.relu()
    net.linear("fourth", CLASSES, transpose=True, last=LAST)
    net.add("Softmax", "prob")
    return net, write_layers(CLASS["NetParameter"](
        name="own", input_shape=[], input=[]), net, double=True)


def batch_norms():
    """As AlexNet_cvgj.caffemodel: one in front of all instead of a mean, one
    behind each layer with weights."""
    net = Net(67)
    net.add("Input", "input", bottom=[], top=["data"], shape=[10, 3, 67, 67])
    net.batch_norm("data/bn", moving_average_fraction=0.9)
    net.scale("data/scale")
    for i, (outs, kernel, stride, pad, group) in enumerate((
            (4, 11, 4, 0, 1), (6, 5, 1, 2, 2), (8, 3, 1, 1, 1)), 1):
        net.conv(f"conv{i}", outs, kernel, stride, pad, group)
        net.batch_norm(f"conv{i}/bn", moving_average_fraction=0.9)
        net.relu()
        net.pool(f"pool{i}")
    net.linear("fc6", HIDDEN, bias=False)
    net.batch_norm("fc6/bn", count=998.5, in_place=True, eps=0.01)
    net.scale("fc6/scale", bias=False)
    net.relu()
    net.linear("fc8", CLASSES, last=2.0)
    net.add("Softmax", "prob")
    return net, write_layers(CLASS["NetParameter"](), net)


def late_batch_norms():
    """Behind what no weights are right before."""
    net = Net(99)
    net.add("Input", "data", bottom=[], shape=[1, 3, 99, 99])
    net.conv("conv1", 4, 11, 4)
    net.relu()
    net.batch_norm("bn1", use_global_stats=False)
    net.scale("scale1", signs=True)
    net.pool("pool1")
    net.conv("conv2", 6, 5, 1, 2, 2)
    net.relu()
    net.batch_norm("bn2")
    net.scale("scale2")
    net.pool("pool2")
    net.conv("conv3", 8, 3, 1, 0, 2)
    net.relu()
    net.pool("pool3", kernel=2, stride=1)
    net.batch_norm("bn3")
    net.linear("fc6", HIDDEN)
    net.relu()
    net.batch_norm("bn6")
    net.scale("scale6", bias=False)
    net.dropout()
    net.linear("fc8", CLASSES, last=2.0)
    net.batch_norm("bn8", in_place=True)
    return net, write_layers(CLASS["NetParameter"](), net)


def respelled():
    """The same message as protobuf allows it too: numbers one by one, or in
    several runs; fields out of order."""
    net = alexnet()
    message = CLASS["NetParameter"]()
    body = b""
    for number, layer in enumerate(write_layers(message, net).layer):
        blobs = [respell(blob, number) for blob in layer.blobs]
        del layer.blobs[:]
        data = b"".join(field(7, blob) for blob in blobs)
        body += field(100, data + layer.SerializeToString())
    shape = CLASS["BlobShape"](dim=[1, 3, 227, 227]).SerializeToString()
    return net, body + field(3, b"data") + field(8, shape) + field(1, b"late")


def respell(blob, number):
    if number % 2:
        unpacked = CLASS["UnpackedBlob"](shape=blob.shape, data=blob.data)
        return unpacked.SerializeToString()
    raw = np.asarray(blob.data, np.float32).tobytes()
    cut = len(raw) // 12 * 4
    return (field(5, raw[:cut]) + field(5, b"") + field(5, raw[cut:])
            + field(7, blob.shape.SerializeToString()))


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def v0():
    message = CLASS["NetParameter"](name="old")
    message.layers.add().layer.name = "conv1"
    return message


NETS = {"alexnet-v1-train": alexnet_v1_train, "batch-norms": batch_norms,
        "caffenet-deploy": caffenet_deploy, "digits-train": digits_train,
        "late-batch-norms": late_batch_norms, "old-data": old_data,
        "own-sizes": own_sizes, "respelled": respelled}


def write_mean(name, shape, v1):
    """Means of B, G, R over all of the image are 104, 117, 123; over its
    centre they are others."""
    image = formula.values(name, shape, 20).astype(np.float64)
    image -= image.mean(axis=(1, 2), keepdims=True)
    image[:, :2] += 30
    image += (np.array([104, 117, 123])[-shape[0]:, None, None]
              - image.mean(axis=(1, 2), keepdims=True))
    blob = CLASS["BlobProto"]()
    put_blob(blob, image.astype(np.float32), v1)
    (HERE / name).write_bytes(blob.SerializeToString())


def main():
    HERE.mkdir(exist_ok=True)
    lines = ["# FILE, the input's range, probabilities; computed by "
             "generate_caffe_files.py"]
    for name, make in NETS.items():
        net, message = make()
        data = (message if isinstance(message, bytes)
                else message.SerializeToString())
        (HERE / f"{name}.caffemodel").write_bytes(data)
        lines.append(f"{name}.caffemodel {RANGE} " + " ".join(
            f"{p:.7g}" for p in softmax(net.x.ravel())))
    (HERE / "v0.caffemodel").write_bytes(v0().SerializeToString())
    (HERE / "expected.txt").write_text("\n".join(lines) + "\n")
    write_mean("mean.binaryproto", (3, 32, 32), True)
    write_mean("mean-grey.binaryproto", (1, 16, 16), False)


if __name__ == "__main__":
    main()
