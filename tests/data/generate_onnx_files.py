# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes onnx/: narrow AlexNets in the ways in which ONNX files are written,
and expected.txt, what onnxruntime makes of the formula's input.

    python3 -m venv VENV && VENV/bin/pip install numpy onnx onnxruntime
    python3 generate_onnx_files.py torch
    VENV/bin/python generate_onnx_files.py

The first one of the last two lines writes what PyTorch's exporter makes, which
is another one since 2.9. It was run twice: by Debian 12's python3-torch, and by
that of forky in the root of generate_torch_files.py, with the packages onnx,
onnxscript and onnx_ir in PYTHONPATH. torch-2.15-norms.onnx is what
export_norms() alone writes with PyPI's torch and onnxscript. The second one
needs only the environment and takes up what is there. light_bvlc_alexnet.onnx
is of the package onnx (Apache-2.0): the graph of ONNX Model Zoo's BVLC AlexNet,
all of whose weights are constants.
"""

import pathlib
import sys

import numpy as np

import formula
from onnx_graphs import (CLASSES, CONVS, GRAPHS, HIDDEN, bvlc_224,
                         caffenet_227)

HERE = pathlib.Path(__file__).resolve().parent / "onnx"
# Of the values of an input, by its side.
RANGES = {224: 1, 227: 128}
# Graphs of 224 whose input has the range of Caffe's.
CAFFE_BORN = ("bvlc-224", "external-unaligned")
# Graphs that make scale * x + shift of their input before the first layer, for
# each channel: the formula's values are of that.
MEAN, STD = np.array((0.485, 0.456, 0.406)), np.array((0.229, 0.224, 0.225))
NORMALISED = {"keras": (1 / 127.5, -1),
              "keras-relu-first": (1 / 255, 0),
              "torch-1.13-sizes-8": (1 / 255 / STD, -MEAN / STD),
              "torch-1.13-sizes-14": (1 / 255 / STD, -MEAN / STD)}


# ---- what PyTorch writes -----------------------------------------------------


def make_torchvision(flatten):
    from torch import nn

    import random_model

    class AlexNet(random_model.Torchvision):
        """torchvision's, narrow, with all of its modules."""

        def __init__(self):
            super().__init__((*CONVS, HIDDEN, HIDDEN, CLASSES))
            self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
            self.classifier[0] = nn.Dropout()
            self.classifier[3] = nn.Dropout()

        def forward(self, x):
            x = self.avgpool(self.features(x))
            return self.classifier(flatten(x))

    return random_model.fill(AlexNet())


def make_with_norms():
    """Two convolutions, LocalResponseNorm of a picture that is not small."""
    from torch import nn

    import random_model

    def norm(size, beta):
        return nn.LocalResponseNorm(size, alpha=0.5, beta=beta, k=1.5)

    c = CONVS
    return random_model.fill(nn.Sequential(
        nn.Conv2d(3, c[0], 11, 4, 2), nn.ReLU(), norm(5, 0.75),
        nn.MaxPool2d(3, 2), nn.Conv2d(c[0], c[1], 5, padding=2), nn.ReLU(),
        norm(3, 0.6), nn.MaxPool2d(3, 2), nn.MaxPool2d(3, 2), nn.Flatten(),
        nn.Linear(36 * c[1], CLASSES)))


def export_norms(version, **options):
    """What has no operator of its own in PyTorch's ONNX."""
    import onnx
    import torch

    path = HERE / f"torch-{version}-norms.onnx"
    torch.onnx.export(make_with_norms(), (torch.zeros(1, 3, 224, 224),), path,
                      **options)
    model = onnx.load(path)
    for node in model.graph.node:  # files and lines of whoever exports
        node.ClearField("metadata_props")
    onnx.save(model, path)


def export_by_torch():
    import torch

    x = torch.zeros(1, 3, 224, 224)
    flat = make_torchvision(lambda x: torch.flatten(x, 1))
    view = make_torchvision(lambda x: x.view(x.size(0), 216))
    version = ".".join(torch.__version__.split(".")[:2])
    if "dynamo" not in torch.onnx.export.__code__.co_varnames:
        export_norms(version, opset_version=9)
        torch.onnx.export(flat, x, HERE / f"torch-{version}.onnx")
        torch.onnx.export(flat, x, HERE / f"torch-{version}-opset-9.onnx",
                          opset_version=9, keep_initializers_as_inputs=True)
        torch.onnx.export(view, x, HERE / f"torch-{version}-view.onnx",
                          input_names=["input"],
                          dynamic_axes={"input": {0: "batch"}})
        return
    export_norms(version, dynamo=True, external_data=False)
    torch.onnx.export(flat, (x,), HERE / f"torch-{version}.onnx", dynamo=True)
    batch = torch.export.Dim("batch")
    torch.onnx.export(view, (x.repeat(2, 1, 1, 1),),
                      HERE / f"torch-{version}-view.onnx", dynamo=True,
                      external_data=False,
                      dynamic_shapes={"x": {0: batch}})


# ---- files beside ------------------------------------------------------------


def external(model, name, **options):
    """As PyTorch writes since 2.9: large tensors in a file beside, one behind
    the other."""
    import onnx

    for suffix in (".onnx", ".onnx.data"):
        (HERE / (name + suffix)).unlink(missing_ok=True)
    onnx.save_model(model, HERE / f"{name}.onnx", save_as_external_data=True,
                    location=f"{name}.onnx.data", convert_attribute=True,
                    **options)
    (HERE / f"{name}.onnx.data").chmod(0o644)


def shifted(path, n):
    """Moves all external data by n bytes: offsets need not be aligned."""
    import onnx

    model = onnx.load(path, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "offset":
                entry.value = str(int(entry.value) + n)
    path.write_bytes(model.SerializeToString())
    data = path.with_suffix(".onnx.data")
    data.write_bytes(b"\xff" * n + data.read_bytes())


# ---- what onnxruntime makes of them ------------------------------------------


def softmax(x):
    e = np.exp(x.astype(np.float64) - x.max())
    return e / e.sum()


def run(path):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        path, options, providers=["CPUExecutionProvider"])
    info = session.get_inputs()[0]
    shape = [n if isinstance(n, int) else 1 for n in info.shape]
    last = shape[3] == 3
    if last:
        shape.insert(1, shape.pop())
    normalised = path.stem in NORMALISED
    a = (128 if path.stem in CAFFE_BORN
         else 1 if normalised else RANGES.get(shape[2], 1))
    x = formula.values("input", tuple(shape), a)
    if normalised:
        scale, shift = (np.reshape(v, (-1, 1, 1))
                        for v in NORMALISED[path.stem])
        x = ((x - shift) / scale).astype(np.float32)
    if last:
        x = np.moveaxis(x, 1, 3)
    out = session.run(None, {info.name: x})[0].ravel()
    if abs(out.sum() - 1) > 1e-4 or out.min() < 0:
        out = softmax(out)
    return a, out


def write_expected():
    import onnxruntime

    lines = ["# FILE, the input's range, probabilities; by onnxruntime "
             + onnxruntime.__version__]
    for path in sorted(HERE.glob("*.onnx")):
        a, out = run(path)
        lines.append(f"{path.name} {a} "
                     + " ".join(f"{p:.7g}" for p in out.tolist()))
    (HERE / "expected.txt").write_text("\n".join(lines) + "\n")


def take_light_alexnet():
    import onnx

    light = (pathlib.Path(onnx.__file__).parent
             / "backend/test/data/light/light_bvlc_alexnet.onnx")
    (HERE / light.name).write_bytes(light.read_bytes())


def main():
    HERE.mkdir(exist_ok=True)
    if sys.argv[1:] == ["torch"]:
        export_by_torch()
        return
    import onnx

    for name, make in GRAPHS.items():
        model = make()
        onnx.checker.check_model(model, full_check=name != "float-types")
        (HERE / f"{name}.onnx").write_bytes(model.SerializeToString())
    external(caffenet_227(), "external", size_threshold=200)
    external(bvlc_224(), "external-unaligned", size_threshold=50)
    shifted(HERE / "external-unaligned.onnx", 7)
    take_light_alexnet()
    write_expected()


if __name__ == "__main__":
    main()
