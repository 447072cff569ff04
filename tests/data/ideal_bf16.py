# SPDX-License-Identifier: LGPL-2.1-or-later

"""What nothing but rounding to bf16 changes in the logits of the narrow caffe:
for every choice of convolutions that round (d) what they read, write and weigh
with, or are computed in float (w), the largest difference divided by the
largest golden logit. All sums are in double precision. Needs what
generate_models.py needs."""

import itertools

import torch
from torch.nn import functional

import random_model


def bf16(x):
    return x.float().bfloat16().double()


def convolve(model, x, ways):
    for i, way in enumerate(ways):
        layer = getattr(model, f"conv{i + 1}")
        rounded = bf16 if way == "d" else (lambda x: x)
        x = functional.conv2d(rounded(x), rounded(layer.weight), layer.bias,
                              layer.stride, layer.padding, 1, layer.groups)
        x = rounded(functional.relu(x))
        if i < 2:
            x = rounded(functional.local_response_norm(x, 5, 1e-4, 0.75, 1))
        if i in (0, 1, 4):
            x = functional.max_pool2d(x, 3, 2)
    return x


def classify(model, x, ways):
    """Weights of linear layers in fp16, as small batches have them."""
    x = bf16(torch.flatten(convolve(model, bf16(x), ways), 1))
    for layer in (model.fc6, model.fc7, model.fc8):
        weight = layer.weight.float().half().double()
        x = functional.linear(x, weight, layer.bias)
        if layer is not model.fc8:
            x = functional.relu(x)
    return x


def main():
    model = random_model.make("caffe", random_model.NARROW).double()
    x = random_model.model_input("caffe").double()[None]
    with torch.no_grad():
        golden = model(x)
        for ways in itertools.product("dw", repeat=5):
            error = (classify(model, x, ways) - golden).abs().max()
            print("".join(ways), f"{error / golden.abs().max():.4f}")


if __name__ == "__main__":
    main()
