# SPDX-License-Identifier: LGPL-2.1-or-later
"""The kernels as the C compiler made them, and the structs that they take, as
engine/cudnn/kernel-args.h and engine/preprocess/arith.h lay them out."""
import ctypes
from ctypes import (POINTER, Structure, c_char_p, c_float, c_int, c_size_t,
                    c_ssize_t, c_uint, c_uint8, c_uint64, c_void_p)


def struct(name, *fields):
    return type(name, (Structure,), {'_fields_': fields})


ARRAY = struct(
    'AlexnetArray', ('data', c_uint64), ('part_stride', c_size_t),
    ('n', c_uint), ('height', c_uint), ('width', c_uint), ('channels', c_uint),
    ('parts', c_uint))
SLOT = struct(
    'AlexnetSlotArgs', ('data', c_uint64), ('block', c_uint), ('pad', c_uint),
    ('columns', c_uint), ('rows', c_uint), ('channels', c_uint))

COMPONENT = struct(
    'AlexnetComponent', ('plane', c_uint8), ('offset', c_uint8),
    ('step', c_uint8), ('h_shift', c_uint8), ('v_shift', c_uint8))
FORMAT_LAYOUT = struct(
    'AlexnetLayout', ('n_planes', c_uint8), ('n_components', c_uint8),
    ('ycbcr', c_uint8), ('bytes', c_uint8), ('bits', c_uint8),
    ('shift', c_uint8), ('components', COMPONENT * 3))
TAPS = struct(
    'AlexnetTaps', ('n', c_uint), ('n_taps', c_uint), ('first', c_uint),
    ('count', c_uint), ('weight', c_uint))
COLOR = struct(
    'AlexnetColor', ('matrix', c_float * 9), ('offset', c_float * 3),
    ('scale', c_float * 3), ('bias', c_float * 3))
TABLES = struct(
    'AlexnetTables', ('serial', c_uint), ('n_channels', c_uint),
    ('size', c_uint), ('left', c_uint), ('top', c_uint), ('width', c_uint), ('height', c_uint),
    ('pad', c_float * 3), ('layout', FORMAT_LAYOUT), ('real', c_uint),
    ('color', COLOR), ('h', TAPS * 2), ('v', TAPS * 2), ('words', c_uint64),
    ('n_words', c_size_t))
PREPROCESS = struct(
    'AlexnetPreprocess', ('crop_mode', c_uint), ('resize_size', c_uint),
    ('interpolation', c_uint), ('mean', c_float * 3), ('std', c_float * 3),
    ('channel_order', c_uint), ('crop_position', c_uint), ('mirror', c_int))

POOL = struct(
    'AlexnetPoolArgs', ('input', ARRAY), ('output', ARRAY),
    ('vector', c_uint), ('kernel', c_uint), ('stride', c_uint),
    ('padding', c_uint))
GEMV = struct(
    'AlexnetGemvArgs', ('x', c_uint64), ('w', c_uint64), ('bias', c_uint64),
    ('y', c_uint64), ('n', c_uint), ('n_in', c_uint), ('n_out', c_uint),
    ('relu', c_uint), ('scales', c_uint64))
POOLED_GEMV = struct('AlexnetPooledGemvArgs', ('gemv', GEMV), ('pool', POOL))

# What a kernel takes, by its name.
ARGS = {
    'pixels': struct(
        'AlexnetPixelsArgs', ('tables', TABLES), ('planes', c_uint64 * 4),
        ('strides', c_ssize_t * 4), ('slot', SLOT)),
    'tensor': struct(
        'AlexnetTensorArgs', ('tensor', c_uint64), ('width', c_uint),
        ('height', c_uint), ('slot', SLOT)),
    'maxpool': POOL,
    'lrn': struct(
        'AlexnetLrnArgs', ('input', ARRAY), ('output', ARRAY),
        ('vector', c_uint), ('size', c_uint), ('alpha', c_float),
        ('beta', c_float), ('k', c_float)),
    'lrn_pool': struct(
        'AlexnetLrnPoolArgs', ('input', ARRAY), ('output', ARRAY),
        ('vector', c_uint), ('kernel', c_uint), ('stride', c_uint),
        ('padding', c_uint), ('size', c_uint), ('alpha', c_float),
        ('beta', c_float), ('k', c_float), ('lrn_first', c_uint)),
    'copy': struct(
        'AlexnetCopyArgs', ('input', ARRAY), ('output', ARRAY),
        ('scale', c_uint64), ('shift', c_uint64), ('relu', c_uint)),
    'output': struct(
        'AlexnetOutputArgs', ('input', ARRAY), ('output', c_uint64)),
    'softmax': struct(
        'AlexnetSoftmaxArgs', ('input', ARRAY), ('output', c_uint64),
        ('best', c_uint64)),
    'dot': GEMV,
    'gemv': GEMV,
    'gemv_s8': GEMV,
    'pooled_gemv': POOLED_GEMV,
    'pooled_gemv_s8': POOLED_GEMV,
}


class Host:
    """The library that host.c is part of."""

    def __init__(self, path):
        self.library = ctypes.CDLL(path)
        self.library.host_constant.argtypes = [c_char_p]
        self.library.host_constant.restype = c_uint
        self.library.host_args_size.argtypes = [c_char_p]
        self.library.host_args_size.restype = c_size_t
        self.library.host_run.argtypes = [
            c_char_p, POINTER(c_uint), POINTER(c_uint), c_char_p]
        self.library.host_tables.argtypes = [
            c_uint, c_uint, c_uint, POINTER(c_uint), POINTER(PREPROCESS),
            c_uint, c_uint]
        self.library.host_tables.restype = c_void_p

    def constant(self, name):
        value = self.library.host_constant(name.encode())
        if value == 0xffffffff:
            raise KeyError(name)
        return value

    def args_size(self, kernel):
        return self.library.host_args_size(kernel.encode())

    def run(self, kernel, grid, block, args):
        pair = c_uint * 2
        if not self.library.host_run(kernel.encode(), pair(*grid),
                                     pair(*block), bytes(args)):
            raise KeyError(kernel)

    def tables(self, kind, width, height, region, preprocess, n_channels,
               size):
        """A copy of the tables of a frame, and the words that they are of."""
        found = self.library.host_tables(
            kind, width, height, (c_uint * 4)(*region), preprocess,
            n_channels, size)
        if not found:
            raise ValueError(f'no tables for {width} x {height}, {region}')
        tables = TABLES.from_buffer_copy(
            ctypes.string_at(found, ctypes.sizeof(TABLES)))
        return tables, ctypes.string_at(tables.words, 4 * tables.n_words)
