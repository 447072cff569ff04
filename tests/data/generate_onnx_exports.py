# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes the files of onnx/ that exporters and optimisers other than PyTorch's
own make, narrow, with the formula's weights. Each line wants an environment of
its own:

    pip install tensorflow-cpu==2.21.0 tf2onnx==1.17.0; ... keras
    pip install paddlepaddle==3.3.1 paddle2onnx==2.1.0; ... paddle
    pip install onnxruntime==1.32.0; ... onnxruntime
    /usr/bin/python3 of Debian 12 (python3-torch); ... torch
    pip install onnx==1.23.2 onnxsim==0.8.1; ... onnxsim

the last one after torch. generate_onnx_files.py then writes what they compute.
"""

import math
import pathlib
import sys
import tempfile

import formula

HERE = pathlib.Path(__file__).resolve().parent / "onnx"
CONVS = (2, 4, 4, 4, 4)
HIDDEN = 8
CLASSES = 5


def values(name, shape, fan_in):
    if len(shape) > 1:
        return formula.values(name, shape, math.sqrt(6 / fan_in))
    return formula.values(name, shape, 0.1)


# ---- Keras by tf2onnx --------------------------------------------------------


def make_keras():
    """[N,H,W,C], values of 0..255, batch normalisation before Relu."""
    import keras
    from keras import layers

    def convolve(x, n, side, stride=1, padding="same"):
        x = layers.Conv2D(n, side, stride, padding)(x)
        return layers.ReLU()(layers.BatchNormalization()(x))

    c = CONVS
    given = layers.Input((227, 227, 3))
    x = layers.Rescaling(1 / 127.5, -1)(given)
    x = layers.MaxPooling2D(3, 2)(convolve(x, c[0], 11, 4, "valid"))
    x = layers.MaxPooling2D(3, 2)(convolve(x, c[1], 5))
    for n in c[2:]:
        x = convolve(x, n, 3)
    x = layers.Flatten()(layers.MaxPooling2D(3, 2, "same")(x))
    x = layers.Dense(HIDDEN)(x)
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.5)(x)
    x = layers.Dense(CLASSES, activation="softmax")(x)
    return keras.Model(given, x)


def make_keras_relu_first():
    """As most tutorials have it: batch normalisation behind activations, pools
    and Flatten, of which some turn the order around."""
    import keras
    from keras import layers

    def convolve(n, side, stride=1, padding="same"):
        return layers.Conv2D(n, side, stride, padding, activation="relu")

    c = CONVS
    norm, pool = layers.BatchNormalization, layers.MaxPooling2D
    return keras.Sequential([
        layers.Input((227, 227, 3)), layers.Rescaling(1 / 255),
        convolve(c[0], 11, 4, "valid"), norm(), pool(3, 2),
        convolve(c[1], 5), pool(3, 2), norm(),
        convolve(c[2], 3), norm(), convolve(c[3], 3, 1, "valid"), norm(),
        convolve(c[4], 3), norm(name="turning"), pool(3, 2),
        layers.Flatten(), norm(),
        layers.Dense(HIDDEN, activation="relu"), layers.Dropout(0.5), norm(),
        layers.Dense(HIDDEN, activation="relu"), norm(), layers.Dropout(0.5),
        layers.Dense(CLASSES, activation="softmax")])


def fill_keras(model):
    for i, variable in enumerate(model.weights):
        shape = tuple(variable.shape)
        array = values(f"{variable.name}.{i}", shape, math.prod(shape[:-1]))
        if variable.name in ("gamma", "moving_variance"):
            array += 1
        if variable.path.endswith("turning/gamma"):
            array[0] = -array[0]
        variable.assign(array)


def export_keras(model, name):
    import tensorflow as tf
    import tf2onnx

    fill_keras(model)
    signature = [tf.TensorSpec((None, *model.input_shape[1:]), tf.float32,
                               name="input")]
    function = tf.function(lambda x: model(x, training=False),
                           input_signature=signature)
    tf2onnx.convert.from_function(function, signature, opset=15,
                                  output_path=str(HERE / f"{name}.onnx"))


def keras():
    export_keras(make_keras(), "keras")
    export_keras(make_keras_relu_first(), "keras-relu-first")


# ---- PaddlePaddle ------------------------------------------------------------


def paddle():
    """Its AlexNet's Dropout halves what it gets when it is not trained."""
    import paddle
    import paddle2onnx
    from paddle import nn

    c = CONVS
    layers = []
    for i, (n, side, stride, padding) in enumerate((
            (c[0], 11, 4, 2), (c[1], 5, 1, 2), (c[2], 3, 1, 1),
            (c[3], 3, 1, 1), (c[4], 3, 1, 1))):
        layers += [nn.Conv2D((3, *c)[i], n, side, stride, padding), nn.ReLU()]
        if i in (0, 1, 4):
            layers.append(nn.MaxPool2D(3, 2))
    dropout = {"p": 0.5, "mode": "downscale_in_infer"}
    model = nn.Sequential(
        *layers, nn.Flatten(), nn.Dropout(**dropout),
        nn.Linear(36 * c[4], HIDDEN), nn.ReLU(), nn.Dropout(**dropout),
        nn.Linear(HIDDEN, CLASSES), nn.Softmax())
    for name, parameter in model.named_parameters():
        shape = tuple(parameter.shape)
        fan_in = shape[0] if len(shape) == 2 else math.prod(shape[1:])
        parameter.set_value(values(name, shape, fan_in))
    model.eval()
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/model"
        paddle.jit.save(model, path, input_spec=[paddle.static.InputSpec(
            [-1, 3, 224, 224], "float32", "x")])
        paddle2onnx.export(f"{path}.json", f"{path}.pdiparams",
                           str(HERE / "paddle.onnx"), opset_version=16)


# ---- onnxruntime's own -------------------------------------------------------


def onnxruntime():
    """What it computes after it has optimised the graph."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    options.graph_optimization_level = (
        ort.GraphOptimizationLevel.ORT_ENABLE_EXTENDED)
    options.optimized_model_filepath = str(HERE / "onnxruntime-extended.onnx")
    ort.InferenceSession(HERE / "torch-1.13.onnx", options,
                         providers=["CPUExecutionProvider"])


# ---- PyTorch, what people write around their network -------------------------


def make_torch():
    import torch
    from torch import nn

    import random_model

    class Sizes(random_model.Torchvision):
        """Normalises, and computes the size for view() as tutorials do."""

        def __init__(self):
            super().__init__((*CONVS, HIDDEN, HIDDEN, CLASSES))
            self.register_buffer("mean", torch.tensor([0.485, 0.456, 0.406]))
            self.register_buffer("std", torch.tensor([0.229, 0.224, 0.225]))

        def forward(self, x):
            x = x / 255
            x = (x - self.mean.view(1, 3, 1, 1)) / self.std.view(1, 3, 1, 1)
            x = self.features(x)
            n = 1
            for size in x.size()[1:]:
                n *= size
            return self.classifier(x.view(-1, n))

    norm = nn.LocalResponseNorm(3, alpha=0.5, k=1.5)
    norms = nn.Sequential(
        nn.Conv2d(3, CONVS[0], 11, 4, 2), nn.ReLU(), norm, nn.MaxPool2d(3, 2),
        nn.Conv2d(CONVS[0], CONVS[1], 5, padding=2), nn.ReLU(), norm,
        nn.MaxPool2d(3, 2), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(36 * CONVS[1], CLASSES))
    return {"sizes": random_model.fill(Sizes()),
            "norms": random_model.fill(norms)}


def torch():
    import torch

    for name, model in make_torch().items():
        for opset in (8, 14) if name == "sizes" else (14,):
            torch.onnx.export(
                model, torch.zeros(1, 3, 224, 224),
                HERE / f"torch-1.13-{name}-{opset}.onnx", opset_version=opset,
                input_names=["x"], dynamic_axes={"x": {0: "batch"}})


def onnxsim():
    """PyTorch's LRN as it was exported before dynamo, of any batch."""
    import onnx
    import onnxsim as simplifier

    model, _ = simplifier.simplify(onnx.load(HERE / "torch-1.13-norms-14.onnx"))
    onnx.save(model, HERE / "onnxsim-norms.onnx")


if __name__ == "__main__":
    globals()[sys.argv[1]]()
