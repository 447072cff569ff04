# SPDX-License-Identifier: LGPL-2.1-or-later
"""Frames for the kernel that makes pixels the network's input."""
import numpy as np

from host import PREPROCESS
from launch import given


class Frame:
    """Random samples in planes of which only what the tables name may be
    read, and the last row ends where its last sample does."""

    def __init__(self, host, rng, format_name, width, height, region, crop,
                 interpolation, mirror, n_channels, size):
        preprocess = PREPROCESS(
            crop_mode=host.constant(f'ALEXNET_CROP_{crop}'),
            resize_size=size * 8 // 7,
            interpolation=host.constant(
                f'ALEXNET_INTERPOLATION_{interpolation}'),
            mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225),
            channel_order=host.constant('ALEXNET_CHANNELS_RGB'),
            mirror=mirror)
        self.tables, words = host.tables(
            host.constant(f'ALEXNET_FORMAT_{format_name}'), width, height,
            region or (0, 0, width, height), preprocess, n_channels, size)
        self.words = np.frombuffer(words, np.int32)
        self.buffers = {'words': given(self.words)}
        self.strides = [0] * 4
        for plane in range(self.tables.layout.n_planes):
            self.buffers[f'plane {plane}'] = self.plane(rng, plane, width,
                                                        height)

    def components(self, plane):
        layout = self.tables.layout
        return [c for c in layout.components[:layout.n_components]
                if c.plane == plane]

    def plane(self, rng, plane, width, height):
        parts = self.components(plane)
        size = self.tables.layout.bytes
        row = max(-(-width >> c.h_shift) * c.step for c in parts) * size
        rows = max(-(-height >> c.v_shift) for c in parts)
        # Any stride, so any alignment of rows.
        stride = self.strides[plane] = row + 3
        written = np.zeros(rows * stride, bool)
        for component in parts:
            written[self.used(component, size, stride)] = True
        end = (rows - 1) * stride + row
        samples = rng.integers(0, 256, rows * stride, np.uint8)
        return given(samples[:end], written[:end], shift=1)

    def used(self, component, size, stride):
        """Positions of the bytes that the tables name."""
        columns = self.taken(self.tables.h[component.h_shift])
        rows = self.taken(self.tables.v[component.v_shift])
        samples = component.offset + component.step * columns
        inside = (samples[:, None] * size + np.arange(size)).ravel()
        return (rows[:, None] * stride + inside).ravel()

    def taken(self, taps):
        """Samples of an axis that some output has a weight for."""
        firsts = self.words[taps.first:taps.first + taps.n]
        counts = self.words[taps.count:taps.count + taps.n]
        return np.unique(np.concatenate([
            np.arange(first, first + count)
            for first, count in zip(firsts, counts)]))

    def fill(self, args, at):
        args.tables.words = at('words')
        for plane in range(self.tables.layout.n_planes):
            args.planes[plane] = at(f'plane {plane}')
            args.strides[plane] = self.strides[plane]
