# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes models/ (narrow networks in every format) and golden/ (what PyTorch
makes of the formula's input, computed in double precision). Run with
/usr/bin/python3 of Debian: python3-torch, python3-torchvision."""

import functools
import json
import pathlib
import struct

import torch
import torchvision

import random_model

HERE = pathlib.Path(__file__).resolve().parent
DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
          torch.int64: "I64"}


def save_safetensors(path, tensors, metadata=None):
    header, blobs, offset = {}, [], 0
    if metadata:
        header["__metadata__"] = metadata
    for name, tensor in tensors.items():
        view = tensor.contiguous().flatten()
        blob = (view.view(torch.int16) if view.element_size() == 2
                else view).numpy().tobytes()
        header[name] = {"dtype": DTYPES[tensor.dtype],
                        "shape": list(tensor.shape),
                        "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def describe(architecture):
    preprocess = {"crop_mode": "letterbox", "resize": 256,
                  "mean": [0.5, 0.25, 0.125], "std": [0.5, 1, 2],
                  "interpolation": "bilinear",
                  "crop": random_model.INPUT_SIZE[architecture],
                  "channels": "RGB"}
    return {"architecture": architecture, "source": "random",
            "labels": json.dumps([f"class {i}" for i in range(10)]),
            "preprocess": json.dumps(preprocess)}


def save_models(architecture):
    directory = HERE / "models"
    make = functools.partial(random_model.make, architecture,
                             random_model.NARROW)
    state = make().state_dict()
    half = make().half().state_dict()
    name = f"{architecture}-narrow"
    save_safetensors(directory / f"{name}.safetensors", state)
    save_safetensors(directory / f"{name}-f16.safetensors", half,
                     describe(architecture))
    save_safetensors(directory / f"{name}-bf16.safetensors",
                     make().bfloat16().state_dict())
    torch.save(state, directory / f"{name}.pth")
    torch.save(half, directory / f"{name}-legacy.pth",
               _use_new_zipfile_serialization=False)


def save_grey(directory):
    """A network of one channel, with a mean and a deviation of its own."""
    model = random_model.fill(random_model.Torchvision(random_model.NARROW, 1))
    save_safetensors(directory / "torchvision-narrow-grey.safetensors",
                     model.state_dict(),
                     {"preprocess": json.dumps({"mean": 0.5, "std": [0.25],
                                                "channels": "L"})})


def decimals(values):
    return [float(f"{v:.9g}") for v in values.tolist()]


def save_golden(name, architecture, model):
    """Each layer's weights are floats, so only the sums are in double."""
    x = random_model.model_input(architecture)
    linears = [m for m in model.modules() if isinstance(m, torch.nn.Linear)]
    read = []
    linears[-1].register_forward_pre_hook(lambda _, args: read.extend(args))
    with torch.no_grad():
        logits = model.double()(x.double()[None])
    golden = {"architecture": architecture,
              "torch": torch.__version__,
              "logits": decimals(logits[0]),
              "embedding": decimals(read[0][0])}
    path = HERE / "golden" / f"{name}.json"
    path.write_text(json.dumps(golden, indent=0) + "\n")


def main():
    for directory in ("models", "golden"):
        (HERE / directory).mkdir(exist_ok=True)
    for architecture in ("torchvision", "caffe"):
        save_models(architecture)
        narrow = random_model.make(architecture, random_model.NARROW)
        save_golden(f"{architecture}-narrow", architecture, narrow)
    save_grey(HERE / "models")
    save_golden("caffenet-narrow", "caffenet",
                random_model.make("caffenet", random_model.NARROW))
    full = random_model.fill(torchvision.models.alexnet())
    save_golden("torchvision-full", "torchvision", full)


if __name__ == "__main__":
    main()
