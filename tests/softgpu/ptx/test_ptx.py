#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What nvcc made of the kernels computes what the C compiler made of them.
Prints TAP: test_ptx.py LIBRARY PTX..."""
import fractions
import pathlib
import sys

import numpy as np

import arithmetic
import counts
import faults
import host
import kernels
import memory
import parse
from launch import F32, REALS, check_sizes, reals_of
from machine import Machine


class Tap:
    def __init__(self):
        self.n = 0

    def say(self, name, wrong=None):
        self.n += 1
        print(f'{"not " if wrong else ""}ok {self.n} {name}')
        for line in [wrong] if wrong else []:
            print(f'# {line}')
        sys.stdout.flush()


class Module:
    """What nvcc made for one device."""

    def __init__(self, path):
        self.name = pathlib.Path(path).stem
        self.capability = int(self.name.split('_')[1])
        self.text = pathlib.Path(path).read_text(encoding='utf-8')
        self.kernels = parse.parse(self.text)


def exact_fma(a, b, c, down):
    """By fractions: a * b + c to the nearest float, or the one below."""
    exact = fractions.Fraction(float(a)) * fractions.Fraction(
        float(b)) + fractions.Fraction(float(c))
    near = np.float32(float(exact))
    candidates = sorted({float(value) for value in (
        near, np.nextafter(near, np.float32(-np.inf)),
        np.nextafter(near, np.float32(np.inf)))})
    if down:
        return np.float32(max(v for v in candidates if v <= exact))
    return np.float32(min(candidates, key=lambda v: (
        abs(fractions.Fraction(v) - exact),
        int(np.float32(v).view(np.uint32)) & 1)))


def test_fma():
    """Sums that a second rounding would get wrong are among them."""
    rng = np.random.default_rng(2)
    a, b = (rng.integers(1 << 23, 1 << 24, (2, 3000)) *
            2.0 ** rng.integers(-40, -20, (2, 3000))).astype(np.float32)
    c = (a.astype(np.float64) * b * 2.0 ** rng.integers(-3, 27, 3000)
         ).astype(np.float32) * rng.choice([-1, 1], 3000).astype(np.float32)
    a[:500] *= np.float32(2.0 ** -120)
    c[:500] = np.nextafter(np.float32(0), np.float32(1))
    for name, compute, down in (
            ('nearest', arithmetic.fma_nearest, False),
            ('down', arithmetic.fma_down, True)):
        got = compute(a, b, c)
        for i, value in enumerate(got):
            exact = exact_fma(a[i], b[i], c[i], down)
            if value.view(np.uint32) != exact.view(np.uint32):
                return f'{name}: {a[i]!r} * {b[i]!r} + {c[i]!r} is {value!r}'
    return None


def test_known(module):
    """Every instruction is, on whatever way the launches below go."""
    for kernel in module.kernels.values():
        machine = Machine(kernel, (1, 1), (32, 1), bytes(kernel.param.size),
                          [])
        try:
            for at in range(len(kernel.blocks)):
                machine.decode(at)
        except parse.Refusal as refusal:
            return str(refusal)
    return None


def test_launches(module, library, name, real):
    for launch in kernels.Maker(library).launches(name, real):
        try:
            got, _ = launch.interpret(module.kernels)
        except memory.Finding as finding:
            return f'{launch.title}: {finding.kind}: {finding}'
        except parse.Refusal as refusal:
            return f'{launch.title}: {refusal}'
        wrong = launch.compare(got, launch.run_on_host(library))
        if wrong:
            return wrong
    return None


def count(module, library):
    """(title, launch, machine) of the rows that are counted."""
    for name, row in kernels.COUNTED.items():
        for real in reals_of(name):
            launch = getattr(kernels.Maker(library), name)(real, *row)
            _, machine = launch.interpret(module.kernels, counts.Traffic())
            yield f'{name} {real.name}', launch, machine


# What of a kernel's memory may be touched by less than 16 bytes at once.
NARROW = {'maxpool': (), 'lrn_pool': ('output',), 'gemv': ('bias', 'y'),
          'gemv_s8': ('bias', 'y', 'scales'), 'pooled_gemv': ('bias', 'y'),
          'pooled_gemv_s8': ('bias', 'y', 'scales')}


def test_traffic(counted):
    """Weights and activations travel in the widest accesses there are, and
    those of a warp fill their sectors."""
    for title, launch, machine in counted:
        if launch.kernel not in NARROW:
            continue
        moved = counts.traffic(machine)
        narrow = sum(size for (_, width), size in moved.bytes.items()
                     if width < 16)
        buffers = [launch.buffers[name] for name in NARROW[launch.kernel]]
        if narrow > sum(b.data.size - b.shift for b in buffers):
            return f'{title}: {narrow} bytes move in narrow accesses'
        for what in 'reads', 'writes':
            key = what, 16
            if moved.sectors[key] * counts.SECTOR > moved.bytes[key]:
                return f'{title}: sectors of wide {what} are not full'
    return None


# Bytes from a pixel's sample to the next one's.
STEPS = {
    'GRAY8': {'plane 0': 1},
    'RGB': {'plane 0': 3},
    'NV12': {'plane 0': 1, 'plane 1': 2},
    'I420': {'plane 0': 1, 'plane 1': 1, 'plane 2': 1},
}


def test_rows(module, library, format_name, narrow=False):
    """Neighbouring threads read neighbouring samples, or the same, of a frame
    that keeps its size, and neighbouring entries of the tables: not where a
    block is `narrow`."""
    width, height = 64, 40
    launch = kernels.Maker(library).pixels(
        F32, format_name, width, height, kernels.WHOLE, 'STRETCH', 'BILINEAR',
        0, 3, width, 4, 2)
    if narrow:
        launch.grid, launch.block = (launch.grid[0], 1), launch.block[::-1]
    neighbours = counts.Neighbours()
    _, machine = launch.interpret(module.kernels, neighbours)
    space = machine.steps.spaces['global']
    steps = dict(STEPS[format_name], words=4)
    for address, step in sorted(neighbours.steps):
        at = np.searchsorted(space.bases, address, 'right') - 1
        name = space.allocations[at].name
        if step not in (0, steps[name]):
            return (f'{format_name}: {step} bytes of {name} lie between '
                    f'neighbours, not {steps[name]}')
    return None


def run(library, modules, tap):
    tap.say('a product and a sum are rounded once', test_fma())
    for module in modules:
        tap.say(f'{module.name}: structs are as large as in C',
                check_sizes(library, (host.TABLES, host.PREPROCESS), host.ARGS,
                            module.kernels))
        tap.say(f'{module.name}: every instruction is known',
                test_known(module))
    for module in modules:
        for name in kernels.ROWS:
            for real in reals_of(name):
                tap.say(f'{module.name}: {name} {real.name}',
                        test_launches(module, library, name, real))
    for i, fault in enumerate(faults.FAULTS):
        fitting = [m for m in modules if m.capability >= fault.since]
        module = fitting[i % len(fitting)]
        launch = getattr(kernels.Maker(library), fault.kernel)(
            {real.name: real for real in REALS}[fault.real], *fault.row)
        wrong, n = faults.missed(fault, module.text, launch, library)
        tap.say(f'{module.name}: {fault.name} is seen, {n} of it', wrong)
    for module in modules:
        for name in STEPS:
            tap.say(f'{module.name}: rows of {name}',
                    test_rows(module, library, name))
    apart = test_rows(modules[0], library, 'GRAY8', narrow=True)
    tap.say('neighbours that read different rows are seen',
            None if apart else 'they are not')
    for module in modules:
        counted = list(count(module, library))
        tap.say(f'{module.name}: wide accesses', test_traffic(counted))
        for line in counts.table([(t, machine) for t, _, machine in counted]):
            print('#', line)


def main():
    library, *paths = sys.argv[1:]
    tap = Tap()
    if paths:
        run(host.Host(library), [Module(path) for path in paths], tap)
        print(f'1..{tap.n}')
    else:
        print('1..0 # SKIP nvcc knows none of these devices')


if __name__ == '__main__':
    main()
