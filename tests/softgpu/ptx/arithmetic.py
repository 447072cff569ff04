# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arithmetic of PTX that NumPy has not. Arrays in, arrays out, of the types
that PTX names: a half or bfloat is an array of uint16.
"""
import numpy as np

# What every instruction gives that makes a NaN (PTX ISA 9.7.3).
NAN = np.array(0x7fffffff, np.uint32).view(np.float32)

NORMAL = np.float32(2.0) ** -126


def canonical(values):
    nans = np.isnan(values)
    return np.where(nans, NAN, values) if nans.any() else values


def flushed(values):
    """What .ftz makes of a float: a zero of its sign, if it is subnormal."""
    return np.where(np.abs(values) < NORMAL, np.copysign(np.float32(0), values),
                    values)


def half_to_float(halves):
    return canonical(halves.view(np.float16).astype(np.float32))


def float_to_half(values):
    with np.errstate(over='ignore'):
        halves = values.astype(np.float16).view(np.uint16)
    return np.where(np.isnan(values), np.uint16(0x7fff), halves)


def bfloat_to_float(bfloats):
    return canonical((bfloats.astype(np.uint32) << np.uint32(16))
                     .view(np.float32))


def float_to_bfloat(values):
    """The last 16 bits are rounded off, ties to even."""
    bits = values.view(np.uint32)
    odd = bits >> np.uint32(16) & np.uint32(1)
    rounded = bits + np.uint32(0x7fff) + odd >> np.uint32(16)
    return np.where(np.isnan(values), np.uint16(0x7fff),
                    rounded.astype(np.uint16))


def to_odd(total, rest):
    """Doubles whose last bit says whether the exact value, total + rest, is
    none: rounded once more, to any shorter type, they give what the exact
    value gives (Boldo, Melquiond 2008: Emulation of FMA and correctly rounded
    sums). `total` is the nearest double.
    """
    bits = total.view(np.int64)
    move = (rest != 0) & (bits & 1 == 0) & np.isfinite(total)
    towards = np.where((rest > 0) == (total > 0), 1, -1)
    return (bits + move * towards).view(np.float64)


def product_and_sum(a, b, c):
    """The double nearest to a * b + c and what is missing: a product of two
    floats is a double, and of a sum of two the error is one (Knuth)."""
    product = a.astype(np.float64) * b.astype(np.float64)
    c = c.astype(np.float64)
    total = product + c
    part = total - product
    rest = (product - (total - part)) + (c - part)
    return total, rest


def fma_nearest(a, b, c):
    total, rest = product_and_sum(a, b, c)
    # The second rounding can only go wrong half way between two floats.
    middle = total.view(np.int64) & 0x1fffffff == 0x10000000
    if middle.any() or (np.abs(total) < NORMAL).any():
        total = to_odd(total, rest)
    return canonical(total.astype(np.float32))


def fma_down(a, b, c):
    """Rounded towards minus infinity; a sum of zero is then -0."""
    total, rest = product_and_sum(a, b, c)
    total = to_odd(total, rest)
    nearest = total.astype(np.float32)
    down = np.nextafter(nearest, np.float32(-np.inf))
    values = np.where(nearest > total, down, nearest)
    cancelled = (total == 0) & (np.signbit(c) | np.signbit(a) ^ np.signbit(b))
    return canonical(np.where(cancelled, np.float32(-0.0), values))


def float_to_int(values):
    """Rounded towards zero, saturated; NaN is 0 (PTX ISA 9.7.9.21)."""
    whole = np.trunc(np.nan_to_num(values.astype(np.float64)))
    return np.clip(whole, -2.0 ** 31, 2.0 ** 31 - 1).astype(np.int32)


def saturated(values):
    """Clipped to 0..1; NaN is 0."""
    return np.clip(np.where(np.isnan(values), np.float32(0), values),
                   np.float32(0), np.float32(1))


def drifted(values, arguments, ulps):
    """Moved by up to `ulps` units of the last place, as the argument's bits
    hashed say: nothing may count on more than what is documented. What is not
    finite or not normal stays.
    """
    bits = arguments.view(np.uint32)
    steps = (bits * np.uint32(2654435761) >> np.uint32(8)) % np.uint32(
        2 * ulps + 1)
    moved = (values.view(np.int32) + steps.astype(np.int32) - ulps).view(
        np.float32)
    stays = ~(np.isfinite(values) & (np.abs(values) > 2 * NORMAL))
    return canonical(np.where(stays, values, moved))


def exp2_approximate(values):
    """At most 2 ulp from the correctly rounded result; 2^0 is 1 (PTX ISA
    9.7.3.21, ex2)."""
    exact = np.exp2(values.astype(np.float64)).astype(np.float32)
    near = drifted(exact, values, 2)
    return flushed(np.where(flushed(values) == 0, np.float32(1), near))


def reciprocal_approximate(values):
    """At most 1 ulp from the correctly rounded result (PTX ISA 9.7.3.13,
    rcp)."""
    values = flushed(values)
    return flushed(drifted(np.float32(1) / values, values, 1))


def permuted(a, b, selection):
    """prmt in its default mode: each byte is one of the eight of b:a, or, with
    the fourth bit, eight times that one's sign."""
    source = b.astype(np.uint64) << np.uint64(32) | a
    result = np.zeros(1, np.uint32)
    for i in range(4):
        choice = selection >> np.uint32(4 * i) & np.uint32(15)
        shift = (choice & np.uint32(7)).astype(np.uint64) * np.uint64(8)
        byte = (source >> shift & np.uint64(255)).astype(np.uint32)
        sign = np.where(byte & np.uint32(128), np.uint32(255), np.uint32(0))
        byte = np.where(choice & np.uint32(8), sign, byte)
        result = result | byte << np.uint32(8 * i)
    return result


def inserted(a, b, position, length):
    """bfi of 64 bits: the first `length` bits of a, at `position` of b."""
    position, length = position & 255, length & 255
    ones = np.uint64(0xffffffffffffffff)
    mask = np.where(length < 64, ~(ones << np.minimum(length, 63)), ones)
    where = np.minimum(position, 63).astype(np.uint64)
    mask = np.where(position < 64, mask.astype(np.uint64) << where,
                    np.uint64(0))
    return b & ~mask | a << where & mask


def shifted_left(values, amount):
    """All bits are gone when the amount is the width or more."""
    width = values.dtype.itemsize * 8
    inside = np.minimum(amount, width - 1).astype(values.dtype)
    return np.where(amount < width, values << inside, values.dtype.type(0))


def shifted_right(values, amount):
    """The same; bits of a negative value are ones from the left."""
    width = values.dtype.itemsize * 8
    inside = np.minimum(amount, width - 1).astype(values.dtype)
    gone = values >> values.dtype.type(width - 1)
    if values.dtype.kind == 'u':
        gone = values.dtype.type(0)
    return np.where(amount < width, values >> inside, gone)
