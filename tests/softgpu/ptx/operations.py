# SPDX-License-Identifier: LGPL-2.1-or-later
"""What instructions compute from registers: those that nvcc 13.0 and 13.5
write for this project's kernels, by their whole names, and no others."""
import dataclasses

import numpy as np

import arithmetic

DTYPES = {
    'pred': np.bool_, 'u8': np.uint8, 'b8': np.uint8,
    'u16': np.uint16, 's16': np.int16, 'b16': np.uint16, 'f16': np.uint16,
    'bf16': np.uint16,
    'u32': np.uint32, 's32': np.int32, 'b32': np.uint32, 'f32': np.float32,
    'u64': np.uint64, 's64': np.int64, 'b64': np.uint64,
}


@dataclasses.dataclass(frozen=True)
class Operation:
    """Computes a `result` from `sources`, which are PTX types. The last source
    of one that `divides` must not be 0."""
    compute: object
    result: str
    sources: tuple
    divides: bool = False


OPERATIONS = {}


def enter(name, compute, result, *sources, **flags):
    OPERATIONS[name] = Operation(compute, result, sources, **flags)


def same(name, types, n, compute, **flags):
    """Of n sources of the type of the result."""
    for kind in types.split():
        enter(f'{name}.{kind}', compute, kind, *[kind] * n, **flags)


def rounded(name, n, compute):
    """A float, with the one NaN that PTX makes."""
    same(name, 'f32', n, lambda *values: arithmetic.canonical(compute(*values)))


def compare(name, types, compute):
    for kind in types.split():
        enter(f'setp.{name}.{kind}', compute, 'pred', kind, kind)


def select(types):
    for kind in types.split():
        enter(f'selp.{kind}', lambda a, b, p: np.where(p, a, b), kind, kind,
              kind, 'pred')


def shift(name, types, compute):
    """By an amount of 32 bits."""
    for kind in types.split():
        enter(f'{name}.{kind}', compute, kind, kind, 'u32')


def as_type(kind):
    return lambda values: values.astype(DTYPES[kind])


def convert(names, compute=None):
    """Without a function, by NumPy, which rounds to the nearest."""
    for name in names.split():
        result, source = name.split('.')[-2:]
        enter(f'cvt.{name}', compute or as_type(result), result, source)


def unordered(a, b):
    return np.isnan(a) | np.isnan(b)


def divide(a, b):
    return a // np.maximum(b, 1).astype(b.dtype)


def remainder(a, b):
    return a % np.maximum(b, 1).astype(b.dtype)


def wide(kind):
    cast = as_type(kind)
    return lambda a, b: cast(a) * cast(b)


same('add', 's16 s32 s64 u64', 2, np.add)
same('sub', 's32', 2, np.subtract)
same('mul.lo', 's32 s64', 2, np.multiply)
same('mad.lo', 's32 s64', 3, lambda a, b, c: a * b + c)
enter('mul.wide.u16', wide('u32'), 'u32', 'u16', 'u16')
enter('mul.wide.u32', wide('u64'), 'u64', 'u32', 'u32')
same('div', 'u32', 2, divide, divides=True)
same('rem', 'u32', 2, remainder, divides=True)
same('max', 'u32 u64', 2, np.maximum)
same('min', 'u32', 2, np.minimum)
same('neg', 's32', 1, np.negative)

same('and', 'pred b16 b32', 2, np.bitwise_and)
same('or', 'pred b32 b64', 2, np.bitwise_or)
same('xor', 'b32', 2, np.bitwise_xor)
same('not', 'pred b32', 1, np.invert)
shift('shl', 'b32 b64', arithmetic.shifted_left)
shift('shr', 'u32 u64 s32', arithmetic.shifted_right)
same('prmt', 'b32', 3, arithmetic.permuted)
enter('bfi.b64', arithmetic.inserted, 'b64', 'b64', 'b64', 'u32', 'u32')

rounded('add.rn', 2, np.add)
rounded('sub.rn', 2, np.subtract)
rounded('mul.rn', 2, np.multiply)
rounded('div.rn', 2, np.divide)
same('fma.rn', 'f32', 3, arithmetic.fma_nearest)
same('fma.rm', 'f32', 3, arithmetic.fma_down)
rounded('abs', 1, np.abs)
rounded('neg', 1, np.negative)
same('ex2.approx.ftz', 'f32', 1, arithmetic.exp2_approximate)
same('rcp.approx.ftz', 'f32', 1, arithmetic.reciprocal_approximate)

compare('eq', 's16 b16 s32 b32 s64 b64 f32', np.equal)
compare('ne', 's32 b32', np.not_equal)
compare('lt', 's32 u32 u64 f32', np.less)
compare('le', 'f32', np.less_equal)
compare('gt', 's32 u32 u64 f32', np.greater)
compare('ge', 'u32 f32', np.greater_equal)
compare('neu', 'f32', np.not_equal)
compare('ltu', 'f32', lambda a, b: ~(a >= b))
compare('gtu', 'f32', lambda a, b: ~(a <= b))
compare('geu', 'f32', lambda a, b: ~(a < b))
compare('nan', 'f32', unordered)
compare('num', 'f32', lambda a, b: ~unordered(a, b))
select('b16 b32 u32 b64 f32')

convert('u64.u32 s64.s32 u32.u64 u16.u32 u32.u16')
convert('rn.f32.u16 rn.f32.u32 rn.f32.s32')
convert('rzi.s32.f32', arithmetic.float_to_int)
convert('rzi.f32.f32', lambda a: arithmetic.canonical(np.trunc(a)))
convert('rni.f32.f32', lambda a: arithmetic.canonical(np.rint(a)))
convert('rmi.f32.f32', lambda a: arithmetic.canonical(np.floor(a)))
convert('sat.f32.f32', arithmetic.saturated)
convert('f32.f16', arithmetic.half_to_float)
convert('f32.bf16', arithmetic.bfloat_to_float)
convert('rn.f16.f32', arithmetic.float_to_half)
convert('rn.bf16.f32', arithmetic.float_to_bfloat)
