# SPDX-License-Identifier: LGPL-2.1-or-later
"""Values that kernels are given, as bits of their type."""
import numpy as np


def any_number(rng, real, n, spread=1.0):
    """Ordinary values of a type, and some that are not."""
    values = (rng.standard_normal(n) * spread).astype(np.float32)
    odd = np.array([0, -0.0, np.inf, -np.inf, np.nan, 1e-42, 65504, 3e38],
                   np.float32)
    places = rng.integers(0, n, n // 16)
    values[places] = rng.choice(odd, places.size)
    return real.from_float(values)


def tame(rng, real, n, spread=1.0):
    return real.from_float((rng.standard_normal(n) * spread).astype(
        np.float32))


def rising(_, real, n, spread):
    """Each larger than the one before."""
    return real.from_float(np.linspace(0, spread, n, dtype=np.float32))


def peaked(_, real, n, spread):
    """The same, and the last one so large that its exponential would be
    infinite next to another."""
    values = np.linspace(0, spread, n, dtype=np.float32)
    values[-1] += 200
    return real.from_float(values)


def patterns(rng, real, n):
    """Every pattern of bits where there are n of them, else any."""
    if real.size == 2 and n >= 1 << 16:
        return np.resize(np.arange(1 << 16).astype(np.uint16), n)
    return rng.integers(0, 1 << 8 * real.size, n, np.uint64).astype(real.bits)


def hard_floats(rng, real, n):
    """Floats that are hard to round to a type: a third lie half way between
    two of its values, a third next to that, a third anywhere."""
    bits = rng.integers(0, 1 << 32, n, np.uint64).astype(np.uint32)
    if real.size == 2:
        values = np.resize(np.arange(1 << 16).astype(np.uint16), n)
        here = real.to_float(values).astype(np.float64)
        after = real.to_float(values + np.uint16(1)).astype(np.float64)
        with np.errstate(all='ignore'):
            middle = ((here + after) / 2).astype(np.float32).view(np.uint32)
        kind = np.arange(n) % 3
        bits = np.where(kind == 0, middle, np.where(
            kind == 1, middle + np.uint32(1), bits))
    return bits.view(np.float32)
