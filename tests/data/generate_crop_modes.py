#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes golden/crop-modes.txt: what the demonstration model gives for one
picture in each crop mode, and what models/torchvision-narrow-grey.safetensors
gives for its luma, computed by Pillow, torchvision and PyTorch.

Run it with Debian's python3-pil, python3-numpy and python3-torchvision:

    /usr/bin/python3 tests/data/generate_crop_modes.py

The picture is the part BOX of cifar10-test-500.png. A line is a crop mode, an
interpolation (for luma: "luma") and the probabilities of the classes.
"""

import itertools
import json
import pathlib
import struct

import numpy as np
import torch
from PIL import Image
from torchvision.transforms import functional as F

import random_model

HERE = pathlib.Path(__file__).resolve().parent
GREY = HERE / "models/torchvision-narrow-grey.safetensors"
MODEL = HERE.parents[1] / "pipelines/models/alexnet-cifar10.safetensors"
BOX = (0, 128, 448, 384)
RESIZE, SIZE = 256, 224
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


DTYPES = {"F16": "<f2", "F32": "<f4"}


def load_model(path):
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    tensors, start = json.loads(data[8:8 + length]), 8 + length
    state = {}
    for name, entry in tensors.items():
        if name == "__metadata__":
            continue
        first, end = (start + i for i in entry["data_offsets"])
        values = np.frombuffer(data[first:end], dtype=DTYPES[entry["dtype"]])
        state[name] = torch.from_numpy(
            values.astype(np.float64).reshape(entry["shape"]))
    widths = [state[name].shape[0] for name in state if name.endswith("bias")]
    channels = state["features.0.weight"].shape[1]
    model = random_model.Torchvision(widths, channels).double()
    model.load_state_dict(state)
    return model.eval()


def letterbox(image):
    """On the mean, which is nothing after normalisation."""
    width, height = image.size
    short = SIZE * height // width
    top = (SIZE - short) // 2
    x = F.normalize(F.to_tensor(F.resize(image, [short, SIZE])), MEAN, STD)
    return F.pad(x, [0, top, 0, SIZE - short - top])


def prepare(image, sides):
    x = F.to_tensor(F.center_crop(F.resize(image, sides), SIZE))
    return F.normalize(x, MEAN, STD)


def prepare_plain(image, sides):
    """Resized as a tensor, without antialias."""
    x = F.resize(F.to_tensor(image), sides, antialias=False)
    return F.normalize(F.center_crop(x, SIZE), MEAN, STD)


def prepare_luma(image):
    x = F.to_tensor(F.center_crop(F.resize(image.convert("L"), RESIZE), SIZE))
    return F.normalize(x, [0.5], [0.25])


def compute(model, x):
    with torch.no_grad():
        return model(x.double()[None])[0].softmax(0).numpy()


def main():
    sheet = Image.open(HERE / "cifar10-test-500.png").convert("RGB")
    image = sheet.crop(BOX)
    inputs = {
        "center-crop bilinear-antialias": prepare(image, RESIZE),
        "squash bilinear-antialias": prepare(image, [RESIZE, RESIZE]),
        "stretch bilinear-antialias": prepare(image, [SIZE, SIZE]),
        "letterbox bilinear-antialias": letterbox(image),
        "squash bilinear": prepare_plain(image, [RESIZE, RESIZE]),
    }
    model = load_model(MODEL)
    results = {name: compute(model, x) for name, x in inputs.items()}
    for a, b in itertools.combinations(results.values(), 2):
        assert np.abs(a - b).max() > 0.01, "too much alike to tell"
    results["center-crop luma"] = compute(load_model(GREY),
                                          prepare_luma(image))
    (HERE / "golden" / "crop-modes.txt").write_text("".join(
        name + "".join(f" {p:.8f}" for p in result) + "\n"
        for name, result in results.items()))


if __name__ == "__main__":
    main()
