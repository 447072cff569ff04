# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes torch/: narrow networks in the ways in which people keep them, by the
PyTorch that runs this, and torch/expected-VERSION.json: of each file the
tensors in it and what PyTorch computes with them.

    /usr/bin/python3 generate_torch_files.py

of Debian 12 (python3-torch, python3-torchvision, python3-dill) writes those of
PyTorch 1.13; those of 2.14 come from the same line in a root of Debian forky:

    mmdebstrap --variant=apt --aptopt='Acquire::Check-Valid-Until "false"' \\
      --include=python3-torch,python3-torchvision,python3-dill forky ROOT \\
      'deb [trusted=yes] http://MIRROR/debian forky main'

Tensors are {name: [dtype, shape, digest]}: the FNV-1a-64 of the values as
little-endian floats, row-major. Logits are of the formula's input
(random_model.py), in double precision.
"""

import argparse
import collections
import functools
import inspect
import json
import pathlib
import pickle
import struct
import sys

import numpy as np
import torch
from torch import nn
from torch.optim import swa_utils

import random_model

try:
    import dill
except ImportError:
    dill = None

HERE = pathlib.Path(__file__).resolve().parent / "torch"
VERSION = ".".join(torch.__version__.split(".")[:2])
NEW = VERSION != "1.13"
WIDTHS = (2, 4, 6, 4, 4, 8, 8, 5)
LABELS = ["tench", "goldfish", "white shark", "tiger shark", "żarłacz"]
DTYPES = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16",
          torch.float64: "F64"}
if NEW:
    DTYPES[torch.float8_e4m3fn] = "F8_E4M3"
    DTYPES[torch.float8_e5m2] = "F8_E5M2"


def make(architecture="torchvision"):
    return random_model.make(architecture, WIDTHS)


def digest(tensor):
    data = tensor.detach().to(torch.float32).contiguous().numpy()
    value = 0xCBF29CE484222325
    for byte in data.astype("<f4").tobytes():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return f"{value:016x}"


def prefixed(prefix, tensors):
    return {prefix + name: tensor for name, tensor in tensors.items()}


def logits(architecture, state):
    model = make(architecture)
    model.load_state_dict({name: tensor.to(torch.float32)
                           for name, tensor in state.items()})
    x = random_model.model_input(architecture).double()
    with torch.no_grad():
        y = model.double()(x[None])[0]
    return [float(f"{value:.9g}") for value in y.tolist()]


class Net(random_model.Torchvision):
    """A user's own class, pickled as a whole."""

    def __init__(self):
        super().__init__(WIDTHS)
        self.register_buffer("n_seen", torch.zeros((), dtype=torch.int64))
        self.register_buffer("shift", torch.arange(3) / 8)
        self.classes = LABELS


class Attributes(dict):
    """As Lightning keeps hyperparameters."""


class Weights(torch.Tensor):
    """A Tensor of another type."""


def train(model):
    """One step, for an optimizer with momentum."""
    optimizer = torch.optim.SGD(model.parameters(), 0.0, momentum=0.9)
    for parameter in model.parameters():
        parameter.grad = torch.full_like(parameter, 0.125)
    optimizer.step()
    return optimizer


def momenta(optimizer):
    return {f"optimizer.state.{i}.momentum_buffer": state["momentum_buffer"]
            for i, state in optimizer.state_dict()["state"].items()}


class Files:
    """What is written, with what is expected of it."""

    def __init__(self):
        self.expected = {}

    def add(self, name, tensors, state=None, architecture="torchvision",
            **more):
        entry = {"tensors": {
            key: [DTYPES[tensor.dtype], list(tensor.shape), digest(tensor)]
            for key, tensor in tensors.items()}}
        if state:
            entry["architecture"] = architecture
            entry["logits"] = logits(architecture, state)
        entry.update(more)
        self.expected[name] = entry

    def save(self, stem, value, tensors, state=None, save=(), **more):
        name = f"{stem}-{VERSION}.pth"
        torch.save(value, HERE / name, **dict(save))
        self.add(name, tensors, state, **more)


def write_checkpoints(files):
    model = make()
    state = model.state_dict()

    # pytorch/examples/imagenet: DataParallel around the features
    wrapped = make()
    wrapped.features = nn.DataParallel(wrapped.features)
    optimizer = train(wrapped)
    files.save("examples", {
        "epoch": 89, "arch": "alexnet", "state_dict": wrapped.state_dict(),
        "best_acc1": torch.tensor(56.52), "best": np.float64(0.5652),
        "optimizer": optimizer.state_dict()},
        {"best_acc1": torch.tensor(56.52), **momenta(optimizer),
         **prefixed("state_dict.", wrapped.state_dict())}, state,
        part="state_dict", kind="PyTorch checkpoint (zip)")

    # DataParallel around all, with what a training script has beside it
    scheduler = torch.optim.lr_scheduler.MultiStepLR(
        torch.optim.SGD(make().parameters(), 0.1), [30, 60, 60])
    files.save("trained", {
        "model": nn.DataParallel(model).state_dict(),
        "args": argparse.Namespace(lr=0.1, data=pathlib.PurePosixPath("/d"),
                                   device=torch.device("cpu"),
                                   dtype=torch.float32, sizes={1, 2}),
        "scheduler": scheduler.state_dict(), "loss": float("nan"),
        "class_to_idx": {name: i for i, name in enumerate(LABELS)}},
        prefixed("model.module.", state), state, part="model.module",
        labels=LABELS)

    files.save("pairs", list(state.items()), state, state)
    files.save("lightning", {
        "state_dict": prefixed("model.", state), "epoch": 3,
        "hyper_parameters": Attributes(lr=0.1, classes=tuple(LABELS)),
        "callbacks": {"EarlyStopping": {"best_score": torch.tensor(0.5)}},
        "pytorch-lightning_version": "2.0"},
        {**prefixed("state_dict.model.", state),
         "callbacks.EarlyStopping.best_score": torch.tensor(0.5)}, state,
        part="state_dict.model", labels=LABELS)

    averaged = swa_utils.AveragedModel(model)
    files.save("averaged", averaged.state_dict(), prefixed("module.", state),
               state, part="module")
    ema = {name: tensor / 2 for name, tensor in state.items()}
    files.save("ema", {"model": state, "ema": ema},
               {**prefixed("model.", state), **prefixed("ema.", ema)},
               parts=["model", "ema"])


def write_modules(files):
    net = random_model.fill(Net())
    state = {name: tensor for name, tensor in net.state_dict().items()
             if name not in ("n_seen", "shift")}
    floats = {**state, "shift": net.shift}
    files.save("module", net, floats, state, labels=LABELS,
               kind="PyTorch pickled module (zip)")
    files.save("legacy-module", {"net": nn.DataParallel(net)},
               prefixed("net.module.", floats), state, labels=LABELS,
               part="net.module",
               save={"_use_new_zipfile_serialization": False}.items())
    for name, script in (
            ("scripted", torch.jit.script(net)),
            ("traced", torch.jit.trace(net, torch.zeros(1, 3, 224, 224)))):
        name = f"{name}-{VERSION}.pt"
        script.save(str(HERE / name))
        labels = {"labels": LABELS} if "scripted" in name else {}
        files.add(name, floats, state, kind="PyTorch TorchScript archive",
                  **labels)
    files.save("both", {"net": net, "state_dict": net.state_dict()},
               {**prefixed("net.", floats),
                **prefixed("state_dict.", floats)}, state, labels=LABELS,
               part="state_dict")
    if dill:
        robust = {"model": prefixed("module.model.", state),
                  "run": lambda x: x + 1}
        files.save("dill", robust, prefixed("model.module.model.", state),
                   state, save={"pickle_module": dill}.items(),
                   part="model.module.model")


def write_protocols(files):
    state = make().state_dict()
    for protocol in (3, 4, 5):
        files.save(f"protocol{protocol}", {"net": state},
                   prefixed("net.", state), state, part="net",
                   save={"pickle_protocol": protocol}.items())
    files.save("legacy", {"net": state, "best": 0.5},
               prefixed("net.", state), state, part="net",
               kind="PyTorch checkpoint (before 1.6)",
               save={"_use_new_zipfile_serialization": False}.items())


def write_layouts(files):
    """Strides, one storage for all, types."""
    state = make().state_dict()
    strided = collections.OrderedDict(
        (name, tensor.contiguous(memory_format=torch.channels_last)
         if tensor.dim() == 4 else tensor.t().contiguous().t()
         if tensor.dim() == 2 else tensor)
        for name, tensor in state.items())
    files.save("strides", strided, state, state)

    flat = torch.cat([torch.zeros(3)] + [tensor.flatten()
                                         for tensor in state.values()])
    shared, at = collections.OrderedDict(), 3
    for name, tensor in state.items():
        shared[name] = flat[at:at + tensor.numel()].view(tensor.shape)
        at += tensor.numel()
    for stem, zipped in (("shared", True), ("legacy-shared", False)):
        files.save(stem, shared, state, state,
                   save={"_use_new_zipfile_serialization": zipped}.items())

    types = list(DTYPES)
    mixed = collections.OrderedDict(
        (name, tensor.to(types[i % len(types)]))
        for i, (name, tensor) in enumerate(state.items()))
    files.save("dtypes", mixed, mixed, mixed)

    odd = collections.OrderedDict(state)
    odd["features.0.weight"] = state["features.0.weight"].as_subclass(Weights)
    odd["features.0.bias"] = nn.Parameter(state["features.0.bias"])
    odd["features.0.bias"].tag = "kept with it"
    odd["features.3.bias"] = state["features.3.bias"].clone()
    odd["features.3.bias"].note = LABELS
    files.save("subclass", odd, state, state)


def write_exports(files):
    if not NEW:
        return
    model = make()
    model.features = model.features.to(memory_format=torch.channels_last)
    state = model.state_dict()
    # the archive keeps the sample, of which this has one value
    sample = torch.zeros(1, 1, 1, 1).expand(1, 3, 224, 224)
    program = torch.export.export(model, (sample,))
    name = f"exported-{VERSION}.pt2"
    torch.export.save(program, str(HERE / name))
    files.add(name, state, state, kind="PyTorch export archive (.pt2)")

    compiled = torch.compile(make())
    files.save("compiled", compiled.state_dict(),
               prefixed("_orig_mod.", state), state, part="_orig_mod")


class Python2Pickler(pickle._Pickler):
    """Strings and bytes as Python 2 writes them."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        data = value.encode() if isinstance(value, str) else value
        if len(data) < 256:
            self.write(b"U" + struct.pack("<B", len(data)) + data)
        else:
            self.write(b"T" + struct.pack("<I", len(data)) + data)
        self.memoize(value)

    dispatch[str] = dispatch[bytes] = save_string


def save_npy(path, value, dump):
    """As numpy.save() writes an object."""
    array = np.array(value, dtype=object)
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(
            file, np.lib.format.header_data_from_array_1_0(array))
        dump(array, file)


def tensorflow_order(state):
    """What caffe-tensorflow makes of a state_dict with Caffe's names."""
    layers, channels = {}, 0
    for name in sorted({key.split(".")[0] for key in state}):
        weights = state[name + ".weight"].numpy()
        if weights.ndim == 4:
            channels = len(weights)
            weights = weights.transpose(2, 3, 1, 0)
        elif channels:
            side = int((weights.shape[1] // channels) ** 0.5)
            weights = weights.reshape(-1, channels, side, side)
            weights = weights.transpose(2, 3, 1, 0).reshape(-1, len(weights))
            channels = 0
        else:
            weights = weights.T
        layers[name] = [np.ascontiguousarray(weights),
                        state[name + ".bias"].numpy()]
    return layers


def write_arrays(files):
    state = make("caffe").state_dict()
    layers = tensorflow_order(state)
    # a dict of Python 2 has no order
    layers = {name: layers[name] for name in sorted(layers, reverse=True)}
    ways = {"python2": lambda value, file: Python2Pickler(file, 2).dump(value)}
    for protocol in (2, 5):
        ways[f"protocol{protocol}"] = functools.partial(
            pickle.dump, protocol=protocol)
    for stem, dump in ways.items():
        name = f"arrays-{stem}-{VERSION}.npy"
        save_npy(HERE / name, layers, dump)
        expected = dict(state)
        expected["fc6.weight"] = state["fc6.weight"].reshape(
            WIDTHS[5], WIDTHS[4], 6, 6)
        files.add(name, expected, state, "caffe",
                  kind="numpy dict of arrays (.npy)")

    fortran = {key: np.asfortranarray(value) for key, value in state.items()}
    name = f"arrays-{VERSION}.npy"
    np.save(HERE / name, {"net": fortran, "labels": None, "classes": LABELS},
            allow_pickle=True)
    files.add(name, prefixed("net.", state), state, "caffe", part="net",
              labels=LABELS)


def main():
    # What classes of this file are called elsewhere.
    sys.modules["generate_torch_files"] = sys.modules["__main__"]
    for name, value in inspect.getmembers(sys.modules["__main__"],
                                          inspect.isclass):
        if value.__module__ == "__main__":
            value.__module__ = "generate_torch_files"
    HERE.mkdir(exist_ok=True)
    for path in HERE.glob(f"*-{VERSION}.*"):
        path.unlink()
    files = Files()
    for write in (write_checkpoints, write_modules, write_protocols,
                  write_layouts, write_exports, write_arrays):
        write(files)
    text = json.dumps({"torch": torch.__version__, "files": files.expected},
                      indent=0, sort_keys=True, ensure_ascii=False)
    (HERE / f"expected-{VERSION}.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
