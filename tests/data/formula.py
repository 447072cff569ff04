# SPDX-License-Identifier: LGPL-2.1-or-later

"""Tensors that the tests in C compute as well, bit by bit
(tests/engine/support/random-model.h).

Value i of tensor NAME is (u * 2^-23 - 1) * a, where u are the upper 24 bits of
splitmix64 (FNV-1a-64 (NAME) + i), computed in doubles and rounded to float.
"""

import math

import numpy as np


def fnv1a(name):
    value = 0xCBF29CE484222325
    for byte in name.encode():
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


def values(name, shape, a):
    n = math.prod(shape)
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) + np.uint64(fnv1a(name))
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    unit = (z >> np.uint64(40)).astype(np.float64) * 2.0**-23 - 1
    return (unit * a).astype(np.float32).reshape(shape)
