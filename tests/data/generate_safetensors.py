# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes what generate_models.py cannot: models/torchvision-narrow-*.safetensors
of the types that PyTorch 1.13 lacks or nobody saves by default, and
models/torchvision-narrow-sharded/, split as Hugging Face's libraries do it.
The weights are those of models/torchvision-narrow.safetensors. Needs torch,
numpy, ml_dtypes, safetensors and huggingface_hub; 0.5.4, 0.8.0 and 2.4.0 of the
last three wrote what is here."""

import pathlib

import huggingface_hub
import ml_dtypes
import numpy as np
import safetensors
import safetensors.numpy
import torch

HERE = pathlib.Path(__file__).resolve().parent / "models"
NAME = "torchvision-narrow"
DTYPES = {"f64": (np.float64, "float64"),
          "f8-e4m3": (ml_dtypes.float8_e4m3fn, "float8_e4m3fn"),
          "f8-e5m2": (ml_dtypes.float8_e5m2, "float8_e5m2")}


def main():
    (HERE / f"{NAME}-sharded").mkdir(exist_ok=True)
    state = safetensors.numpy.load_file(HERE / f"{NAME}.safetensors")
    for suffix, (dtype, name) in DTYPES.items():
        values = {key: value.astype(dtype) for key, value in state.items()}
        safetensors.serialize_file(
            {key: safetensors.TensorSpec(
                dtype=name, shape=value.shape, data_ptr=value.ctypes.data,
                data_len=value.nbytes) for key, value in values.items()},
            HERE / f"{NAME}-{suffix}.safetensors")
    huggingface_hub.save_torch_state_dict(
        {key: torch.from_numpy(value) for key, value in state.items()},
        HERE / f"{NAME}-sharded", max_shard_size=40000)


if __name__ == "__main__":
    main()
