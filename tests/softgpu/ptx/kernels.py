# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is launched: of every kernel narrow and odd shapes, as rows of tables.
A kernel's function makes a Launch of one of its rows, in one type."""
import numpy as np

import checks
import frames
import samples
from host import ARGS, SLOT
from launch import F32, Launch, given, wanted


def divide_up(a, b):
    return -(-a // b)


class Shape:
    """Of an AlexnetArray: its parts lie `gap` values apart from each other,
    which nobody wrote."""

    def __init__(self, n, height, width, channels, parts, gap=0):
        self.n, self.height, self.width = n, height, width
        self.channels, self.parts = channels, parts
        self.part = n * height * width * channels // parts
        self.part_stride = self.part + gap

    def fill(self, array, data):
        for name in ('part_stride', 'n', 'height', 'width', 'channels',
                     'parts'):
            setattr(array, name, getattr(self, name))
        array.data = data

    @property
    def size(self):
        """Values from the first to the last."""
        return self.part_stride * (self.parts - 1) + self.part

    def inside(self):
        """Which values are of a part."""
        inside = np.zeros((self.parts, self.part_stride), bool)
        inside[:, :self.part] = True
        return inside.reshape(-1)[:self.size]

    def given(self, values, shift=0):
        inside = self.inside()
        spread = np.zeros(self.size, values.dtype)
        spread[inside] = values
        return given(spread, inside.repeat(values.dtype.itemsize), shift)


class Maker:
    """Makes launches; knows the constants of kernel-args.h."""

    def __init__(self, host, seed=1):
        self.host = host
        self.rng = np.random.default_rng(seed)
        self.threads = host.constant('ALEXNET_THREADS')
        self.vector_bytes = host.constant('ALEXNET_VECTOR_BYTES')

    def launches(self, kernel, real):
        """Of all rows of a kernel."""
        for row in ROWS[kernel]:
            yield getattr(self, kernel)(real, *row)

    def grid(self, n_threads):
        return (divide_up(n_threads, self.threads), 1), (self.threads, 1)

    def canvas(self, slot):
        block = (self.host.constant('ALEXNET_CANVAS_X'),
                 self.host.constant('ALEXNET_CANVAS_Y'))
        return (divide_up(slot.columns * slot.block, block[0]),
                divide_up(slot.rows * slot.block, block[1])), block

    def slot(self, width, height, channels, block, pad):
        return SLOT(block=block, pad=pad,
                    columns=divide_up(width + 2 * pad, block),
                    rows=divide_up(height + 2 * pad, block),
                    channels=channels)

    def slot_output(self, slot, real):
        return wanted(slot.columns * slot.rows * slot.block ** 2 *
                      slot.channels, real.bits)

    def vector(self, real, wide):
        return self.vector_bytes // real.size if wide else 1

    def pixels(self, real, format_name, width, height, region, crop,
               interpolation, mirror, channels, size, block, pad):
        frame = frames.Frame(self.host, self.rng, format_name, width, height,
                             region, crop, interpolation, mirror, channels,
                             size)
        slot = self.slot(size, size, channels, block, pad)
        buffers = dict(frame.buffers, output=self.slot_output(slot, real))

        def fill(at):
            slot.data = at('output')
            args = ARGS['pixels'](tables=frame.tables, slot=slot)
            frame.fill(args, at)
            return args
        return Launch(f'{format_name} {width}x{height} {crop}', 'pixels', real,
                      *self.canvas(slot), buffers, fill)

    def tensor(self, real, width, height, channels, block, pad):
        slot = self.slot(width, height, channels, block, pad)
        values = samples.hard_floats(self.rng, real, channels * width * height)

        def fill(at):
            slot.data = at('output')
            return ARGS['tensor'](tensor=at('tensor'), width=width,
                                  height=height, slot=slot)
        return Launch(
            f'{channels}x{height}x{width}', 'tensor', real, *self.canvas(slot),
            {'tensor': given(values), 'output': self.slot_output(slot, real)},
            fill)

    def between(self, name, real, source, into, values, n_threads, more={},
                **fields):
        """A kernel that reads one AlexnetArray, and more, and writes another.
        """
        shift = 0 if fields.get('vector', 1) > 1 else real.size

        def fill(at):
            args = ARGS[name](**fields, **{key: at(key) for key in more})
            source.fill(args.input, at('input'))
            into.fill(args.output, at('output'))
            return args
        return Launch(
            f'{source.n}x{source.height}x{source.width}x{source.channels}/'
            f'{source.parts}', name, real, *self.grid(n_threads),
            {'input': source.given(values, shift), **more,
             'output': wanted(into.size, real.bits, shift)}, fill)

    @staticmethod
    def pooled(side, kernel, stride, padding=0, end_padding=0):
        """Length of what is left of a side."""
        return (side + padding + end_padding - kernel) // stride + 1

    def maxpool(self, real, n, height, width, channels, parts, out_parts, wide,
                *window):
        vector = self.vector(real, wide)
        gap = 2 * vector
        source = Shape(n, height, width, channels, parts, gap)
        into = Shape(n, self.pooled(height, *window),
                     self.pooled(width, *window), channels, out_parts, gap)
        kernel, stride, padding, *_ = *window, 0
        return self.between(
            'maxpool', real, source, into,
            samples.patterns(self.rng, real, source.part * parts),
            into.part * out_parts // vector, vector=vector, kernel=kernel,
            stride=stride, padding=padding)

    def lrn(self, real, n, height, width, channels, parts, out_parts, wide,
            size, alpha, beta, k):
        vector = self.vector(real, wide)
        source = Shape(n, height, width, channels, parts, 2 * vector)
        into = Shape(n, height, width, channels, out_parts, 2 * vector)
        values = samples.any_number(self.rng, real, source.part * parts, 20.0)
        fields = dict(size=size, alpha=alpha, beta=beta, k=k)
        launch = self.between('lrn', real, source, into, values,
                              into.part * out_parts // vector, vector=vector,
                              **fields)
        plain = self.between('lrn', F32, source, into,
                             real.to_float(values).view(np.uint32),
                             into.part * out_parts, vector=1, **fields)
        launch.check = checks.near(launch, plain, into.inside(), self.host)
        return launch

    def lrn_pool(self, real, n, height, width, channels, parts, out_parts, wide,
                 window, size, alpha, beta, k, lrn_first):
        vector = self.vector(real, wide)
        source = Shape(n, height, width, channels, parts, 2 * vector)
        into = Shape(n, self.pooled(height, *window),
                     self.pooled(width, *window), channels, out_parts, 3)
        values = samples.any_number(self.rng, real, source.part * parts, 20.0)
        kernel, stride, padding, *_ = *window, 0
        fields = dict(kernel=kernel, stride=stride, padding=padding, size=size,
                      alpha=alpha, beta=beta, k=k, lrn_first=lrn_first)
        count = self.threads * n * into.height * into.width
        launch = self.between('lrn_pool', real, source, into, values, count,
                              vector=vector, **fields)
        plain = self.between('lrn_pool', F32, source, into,
                             real.to_float(values).view(np.uint32), count,
                             vector=1, **fields)
        launch.check = checks.near(launch, plain, into.inside(), self.host)
        return launch

    def copy(self, real, n, height, width, channels, parts, out_parts, relu,
             affine):
        source = Shape(n, height, width, channels, parts, 3)
        into = Shape(n, height, width, channels, out_parts, 5)
        count = source.part * parts
        numbers = {name: given(samples.any_number(self.rng, real, channels),
                               shift=real.size)
                   for name in ('scale', 'shift') if affine}
        return self.between('copy', real, source, into,
                            samples.patterns(self.rng, real, count), count,
                            numbers, relu=relu)

    def reading(self, kernel, real, source, values, n_blocks, outputs):
        """A kernel that reads an AlexnetArray and writes buffers."""
        def fill(at):
            args = ARGS[kernel](**{name: at(name) for name in outputs})
            source.fill(args.input, at('input'))
            return args
        return Launch(
            f'{source.n}x{source.height}x{source.width}x{source.channels}/'
            f'{source.parts}', kernel, real, (n_blocks, 1), (self.threads, 1),
            dict(outputs, input=source.given(values, real.size)), fill)

    def output(self, real, n, height, width, channels, parts):
        source = Shape(n, height, width, channels, parts, 3)
        count = source.part * parts
        return self.reading('output', real, source,
                            samples.patterns(self.rng, real, count),
                            divide_up(count, self.threads),
                            {'output': wanted(count, np.float32)})

    def softmax(self, real, n, height, width, channels, parts, spread,
                make=samples.tame):
        source = Shape(n, height, width, channels, parts, 3)
        pixels = n * height * width
        best = pixels * self.host.constant('ALEXNET_MAX_BEST')
        launch = self.reading(
            'softmax', real, source,
            make(self.rng, real, pixels * channels, spread), pixels,
            {'output': wanted(pixels * channels, np.float32),
             'best': wanted(2 * best, np.uint32)})
        launch.check = checks.probabilities(launch, n, channels, best // pixels)
        return launch

    def weights(self, real, n_in, n_out, make):
        return {'w': given(make(self.rng, real, n_in * n_out, 0.1))}

    def whole_weights(self, n_in, n_out):
        """Of 8 bits, any but the lowest; the scale of the first output is 0.
        """
        zero = self.host.constant('ALEXNET_S8_ZERO')
        whole = self.rng.integers(zero - 127, zero + 128, n_in * n_out)
        scales = self.rng.uniform(1e-4, 1e-2, n_out).astype(np.float32)
        scales[0] = 0
        return {'w': given(whole.astype(np.uint8)), 'scales': given(scales)}

    def streamed(self, n_out):
        rows = self.host.constant('ALEXNET_GEMV_ROWS')
        warps = self.host.constant('ALEXNET_GEMV_WARPS')
        return (divide_up(n_out, rows * warps), 1), (32 * warps, 1)

    def product(self, kernel, real, n, n_in, n_out, relu, make, weights,
                grid=None):
        rng = self.rng
        buffers = {
            'x': given(make(rng, real, n * n_in)), **weights,
            'bias': given(make(rng, real, n_out), shift=real.size),
            'y': wanted(n * n_out, real.bits, real.size)}

        def fill(at):
            return ARGS[kernel](**{name: at(name) for name in buffers}, n=n,
                                n_in=n_in, n_out=n_out, relu=relu)
        return Launch(
            f'{n}x{n_in} * {n_in}x{n_out}', kernel, real,
            *(grid or self.streamed(n_out)), buffers, fill)

    def dot(self, real, n, n_in, n_out, relu, make=samples.tame):
        return self.product('dot', real, n, n_in, n_out, relu, make,
                            self.weights(real, n_in, n_out, make),
                            self.grid(32 * n * n_out))

    def gemv(self, real, n, groups, n_out, relu, make=samples.tame):
        n_in = groups * self.vector_bytes // real.size
        return self.product('gemv', real, n, n_in, n_out, relu, make,
                            self.weights(real, n_in, n_out, make))

    def gemv_s8(self, real, n, groups, n_out, relu, make=samples.tame):
        n_in = groups * self.vector_bytes
        return self.product('gemv_s8', real, n, n_in, n_out, relu, make,
                            self.whole_weights(n_in, n_out))

    def pooled_product(self, kernel, real, source, into, n_out, relu, window,
                       make, weights):
        rows = self.host.constant('ALEXNET_GEMV_ROWS')
        warps = self.host.constant('ALEXNET_POOLED_WARPS')
        size, stride, padding, *_ = *window, 0
        rng = self.rng
        of_product = {
            **weights,
            'bias': given(make(rng, real, n_out), shift=real.size),
            'y': wanted(n_out, real.bits, real.size)}

        def fill(at):
            args = ARGS[kernel]()
            for name in of_product:
                setattr(args.gemv, name, at(name))
            args.gemv.n, args.gemv.n_in = 1, into.size
            args.gemv.n_out, args.gemv.relu = n_out, relu
            source.fill(args.pool.input, at('input'))
            into.fill(args.pool.output, 0)
            args.pool.vector, args.pool.kernel = self.vector(real, True), size
            args.pool.stride, args.pool.padding = stride, padding
            return args
        return Launch(
            f'{source.height}x{source.width}x{source.channels}/'
            f'{source.parts} to {n_out}', kernel, real,
            (divide_up(n_out, rows * warps), 1), (32 * warps, 1),
            {'input': source.given(make(rng, real, source.part *
                                        source.parts)), **of_product}, fill)

    def pooling(self, real, height, width, groups, parts, window):
        """What a pooled product reads, and what it pools that to."""
        vector = self.vector(real, True)
        return (Shape(1, height, width, groups * vector, parts, 2 * vector),
                Shape(1, self.pooled(height, *window),
                      self.pooled(width, *window), groups * vector, 1))

    def pooled_gemv(self, real, height, width, groups, parts, n_out, relu,
                    *window, make=samples.tame):
        source, into = self.pooling(real, height, width, groups, parts, window)
        return self.pooled_product(
            'pooled_gemv', real, source, into, n_out, relu, window, make,
            self.weights(real, into.size, n_out, make))

    def pooled_gemv_s8(self, real, height, width, groups, parts, n_out, relu,
                       *window, make=samples.tame):
        source, into = self.pooling(real, height, width, groups, parts, window)
        return self.pooled_product(
            'pooled_gemv_s8', real, source, into, n_out, relu, window, make,
            self.whole_weights(into.size, n_out))


WHOLE = None  # region

ROWS = {
    # format, width, height, region, crop mode, interpolation, mirror, channels
    # and size of the input, slot's block, pad
    'pixels': [
        ('RGB', 37, 23, WHOLE, 'CENTER', 'BILINEAR_ANTIALIAS', 0, 3, 21, 4, 2),
        ('BGRX', 19, 41, (3, 5, 11, 30), 'LETTERBOX', 'BILINEAR', 1, 3, 17, 1,
         0),
        ('GRAY8', 1, 1, WHOLE, 'STRETCH', 'BILINEAR_ANTIALIAS', 0, 3, 9, 2, 1),
        ('NV12', 45, 31, (7, 3, 33, 27), 'CENTER', 'BILINEAR_ANTIALIAS', 0, 3,
         13, 4, 3),
        ('I420', 33, 17, WHOLE, 'SQUASH', 'BILINEAR_ANTIALIAS', 1, 1, 16, 4,
         2),
        ('YUY2', 27, 12, WHOLE, 'STRETCH', 'BILINEAR', 0, 3, 11, 4, 2),
        ('Y42B', 14, 25, (1, 1, 12, 23), 'LETTERBOX', 'BILINEAR', 1, 1, 10, 1,
         1),
        ('I420_10LE', 9, 50, WHOLE, 'CENTER', 'BILINEAR_ANTIALIAS', 1, 3, 8, 4,
         2),
        ('P010_10LE', 21, 29, (2, 2, 17, 25), 'CENTER', 'BILINEAR_ANTIALIAS',
         0, 3, 12, 4, 1),
    ],
    # width, height, channels, slot's block, pad
    'tensor': [
        (1, 1, 3, 1, 0), (7, 5, 3, 4, 2), (33, 9, 1, 2, 1),
        (256, 256, 1, 4, 2),
    ],
    # images, height, width, channels, parts, parts of the output, in vectors,
    # kernel, stride; padding at the beginning and at the end
    'maxpool': [
        (1, 3, 3, 1, 1, 1, False, 3, 2), (2, 5, 7, 6, 2, 1, False, 2, 1),
        (1, 7, 5, 9, 1, 3, False, 3, 2), (3, 9, 7, 32, 2, 1, True, 3, 2),
        (1, 6, 4, 16, 1, 2, True, 2, 2), (2, 5, 5, 8, 1, 1, True, 1, 1),
        (2, 6, 4, 5, 1, 1, False, 3, 2, 0, 1),
        (1, 5, 8, 24, 3, 1, True, 3, 2, 1, 2),
    ],
    # ... as above, then size, alpha, beta, k
    'lrn': [
        (1, 1, 1, 1, 1, 1, False, 5, 1e-4, 0.75, 1.0),
        (2, 3, 5, 7, 1, 7, False, 5, 1e-4, 0.75, 2.0),
        (1, 5, 3, 12, 2, 3, False, 3, 0.5, 0.25, 1.5),
        (2, 3, 7, 32, 2, 1, True, 5, 1e-4, 0.75, 1.0),
        (1, 2, 5, 16, 1, 2, True, 4, 2e-2, 1.0, 0.5),
        (3, 1, 1, 8, 1, 1, True, 11, 1e-3, 0.5, 1.0),
    ],
    # as of maxpool, the window in brackets, then as of lrn, and which is first
    'lrn_pool': [
        (1, 1, 1, 1, 1, 1, False, (1, 1), 5, 1e-4, 0.75, 1.0, 1),
        (2, 5, 7, 6, 2, 1, False, (2, 1), 5, 1e-4, 0.75, 2.0, 1),
        (1, 7, 5, 9, 1, 3, False, (3, 2), 3, 0.5, 0.25, 1.5, 0),
        (1, 5, 7, 96, 1, 2, True, (3, 2), 5, 1e-4, 0.75, 1.0, 1),
        (1, 3, 3, 256, 2, 1, True, (3, 2), 5, 1e-4, 0.75, 1.0, 0),
        (2, 4, 5, 16, 2, 1, True, (3, 2, 1, 2), 4, 2e-2, 1.0, 0.5, 1),
        (1, 5, 4, 24, 3, 1, True, (3, 2, 1, 1), 11, 1e-3, 0.5, 1.0, 0),
    ],
    # images, height, width, channels, parts, parts of the output, relu, with
    # scale and shift
    'copy': [
        (1, 1, 1, 1, 1, 1, 0, 0), (2, 3, 5, 6, 2, 3, 1, 0),
        (3, 1, 7, 5, 5, 1, 0, 0), (1, 16, 16, 256, 1, 1, 1, 0),
        (1, 1, 1, 1, 1, 1, 0, 1), (2, 3, 5, 6, 2, 3, 1, 1),
        (3, 4, 7, 17, 1, 17, 0, 1),
    ],
    # images, height, width, channels, parts
    'output': [
        (1, 1, 1, 1, 1), (3, 2, 5, 6, 3), (1, 16, 16, 256, 4),
    ],
    # ... as above, spread of the inputs
    'softmax': [
        (1, 1, 1, 1, 1, 1.0), (1, 1, 1, 7, 1, 0.0), (2, 3, 1, 10, 2, 1.0),
        (1, 1, 2, 257, 1, 5.0), (2, 1, 1, 1000, 1, 3.0),
        (1, 1, 1, 2601, 3, 40.0),
    ],
    # images, inputs, outputs, relu
    'dot': [
        (1, 1, 1, 0), (3, 7, 5, 1), (16, 33, 3, 0), (2, 131, 8, 1),
        (1, 100, 9, 1, samples.any_number),
    ],
    # images, inputs in vectors, outputs, relu
    'gemv': [
        (1, 1, 1, 0), (1, 33, 9, 1), (2, 131, 7, 0), (4, 5, 17, 1),
        (8, 34, 3, 0), (4, 300, 3, 1), (1, 9, 40, 1, samples.any_number),
    ],
    # images, inputs in vectors of weights, outputs, relu
    'gemv_s8': [
        (1, 1, 1, 0), (1, 33, 9, 1), (2, 131, 7, 0), (4, 5, 17, 1),
        (8, 34, 3, 0), (1, 9, 40, 1, samples.any_number),
    ],
    # height, width, channels in vectors, parts, outputs, relu, kernel, stride;
    # padding at the beginning and at the end
    'pooled_gemv_s8': [
        (1, 1, 2, 1, 1, 0, 1, 1), (13, 13, 2, 1, 37, 1, 3, 2),
        (5, 8, 6, 2, 9, 0, 3, 2, 1, 2), (7, 4, 9, 3, 33, 1, 2, 2),
    ],
    # ... as above
    'pooled_gemv': [
        (1, 1, 1, 1, 1, 0, 1, 1), (13, 13, 2, 1, 37, 1, 3, 2),
        (5, 8, 6, 2, 9, 0, 3, 2, 1, 2), (7, 4, 9, 3, 33, 1, 2, 2),
        (6, 5, 3, 1, 5, 0, 3, 1, 0, 1),
    ],
}

# Rows that are like what networks have, to count what they execute.
COUNTED = {
    'pixels': ('NV12', 320, 180, WHOLE, 'CENTER', 'BILINEAR_ANTIALIAS', 0, 3,
               64, 4, 2),
    'tensor': (64, 64, 3, 4, 2),
    'maxpool': (1, 13, 13, 64, 1, 1, True, 3, 2),
    'lrn': (1, 13, 13, 64, 1, 1, True, 5, 1e-4, 0.75, 1.0),
    'lrn_pool': (1, 13, 13, 64, 1, 1, True, (3, 2), 5, 1e-4, 0.75, 1.0, 1),
    'copy': (1, 13, 13, 64, 2, 1, 1, 1),
    'output': (1, 6, 6, 64, 1),
    'softmax': (1, 1, 1, 1000, 1, 1.0),
    'dot': (2, 60, 17, 1),
    'gemv': (1, 128, 64, 1),
    'gemv_s8': (1, 128, 64, 1),
    'pooled_gemv': (13, 13, 4, 1, 64, 1, 3, 2),
    'pooled_gemv_s8': (13, 13, 4, 1, 64, 1, 3, 2),
}
