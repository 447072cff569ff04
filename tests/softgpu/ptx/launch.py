# SPDX-License-Identifier: LGPL-2.1-or-later
"""A launch of a kernel: what it is given, on the interpreter and on the host,
and whether both gave the same."""
import ctypes
import dataclasses

import numpy as np

import arithmetic
import memory
from machine import LONGEST, Machine

UNTOUCHED = 0xa5


@dataclasses.dataclass(frozen=True)
class Real:
    """A type that values of a network are stored in."""
    name: str
    bits: object
    to_float: object
    from_float: object

    @property
    def size(self):
        return np.dtype(self.bits).itemsize


REALS = (
    Real('f16', np.uint16, arithmetic.half_to_float, arithmetic.float_to_half),
    Real('bf16', np.uint16, arithmetic.bfloat_to_float,
         arithmetic.float_to_bfloat),
    Real('f32', np.uint32, lambda bits: bits.view(np.float32),
         lambda values: values.view(np.uint32)),
)
F32 = REALS[2]

# Kernels that are there for some types only.
ONLY = {'gemv_s8': REALS[:1], 'pooled_gemv_s8': REALS[:1]}


def reals_of(kernel):
    return ONLY.get(kernel, REALS)


@dataclasses.dataclass
class Buffer:
    """Global memory. Only what is `written` may be read; a kernel may write to
    what it is given as an `output`, values of `grain` bytes. It is handed the
    address `shift` bytes behind an aligned one."""
    data: np.ndarray
    written: np.ndarray
    output: bool = False
    grain: int = 1
    shift: int = 0


def given(values, written=None, shift=0):
    """A Buffer of values that the host wrote, all or what `written` says."""
    data = np.frombuffer(values.tobytes(), np.uint8)
    mask = np.ones(data.size, bool) if written is None else written
    front = np.zeros(shift, np.uint8)
    return Buffer(np.concatenate([front, data]),
                  np.concatenate([front.astype(bool), mask]), shift=shift)


def wanted(n, dtype, shift=0):
    """A Buffer for n values of the kernel's."""
    grain = np.dtype(dtype).itemsize
    size = n * grain + shift
    return Buffer(np.full(size, UNTOUCHED, np.uint8), np.zeros(size, bool),
                  True, grain, shift)


@dataclasses.dataclass
class Launch:
    """`fill` makes the kernel's struct, given a function from a buffer's name
    to its address. `check` says what is wrong with the outputs, given those of
    the interpreter and of the host; without it they are equal bit by bit."""
    title: str
    kernel: str
    real: Real
    grid: tuple
    block: tuple
    buffers: dict
    fill: object
    check: object = None

    @property
    def name(self):
        return f'alexnet_{self.kernel}_{self.real.name}'

    def outputs(self, data_of):
        return {name: data_of(name)[buffer.shift:]
                for name, buffer in self.buffers.items() if buffer.output}

    def interpret(self, kernels, traffic=None, longest=LONGEST):
        """(outputs by name, Machine). Accesses to global memory are added to
        the counts.Traffic."""
        layout = memory.Layout()
        allocations = {
            name: memory.Allocation(
                name, layout.place(b.data.size), b.data, b.written,
                writable=b.output, shared=True, grain=b.grain)
            for name, b in self.buffers.items()}
        args = self.fill(lambda name: allocations[name].base +
                         self.buffers[name].shift)
        machine = Machine(kernels[self.name], self.grid, self.block,
                          bytes(args), list(allocations.values()), traffic)
        machine.run(longest)
        return self.outputs(
            lambda name: allocations[name].contents()), machine

    def run_on_host(self, host):
        """Outputs by name, of the body that the C compiler made."""
        align = memory.ALIGNMENT
        raw, starts = {}, {}
        for name, buffer in self.buffers.items():
            raw[name] = np.zeros(buffer.data.size + align, np.uint8)
            starts[name] = -raw[name].ctypes.data % align
            raw[name][starts[name]:][:buffer.data.size] = buffer.data
        args = self.fill(lambda name: raw[name].ctypes.data + starts[name] +
                         self.buffers[name].shift)
        host.run(self.name, self.grid, self.block, args)
        return self.outputs(lambda name: raw[name][starts[name]:][
            :self.buffers[name].data.size])

    def compare(self, got, expected):
        """What is wrong with the outputs, or None."""
        if self.check:
            return self.check(got, expected)
        for name, values in got.items():
            wrong = differences(values, expected[name],
                                F32 if self.buffers[name].grain == 4 else
                                self.real)
            if wrong:
                return f'{self.title}: {name}{wrong}'
        return None


def differences(got, expected, real):
    """Of bytes that are values of that type: their bits, but for NaN."""
    a, b = got.view(real.bits), expected.view(real.bits)
    wrong = (a != b) & ~(np.isnan(real.to_float(a)) &
                         np.isnan(real.to_float(b)))
    if not wrong.any():
        return None
    i = np.flatnonzero(wrong)[0]
    return f'[{i}] is {a[i]:#x}, not {b[i]:#x}; {wrong.sum()} differ'


def check_sizes(host, structs, args, kernels):
    """What is wrong with the size of a struct: here, in C and, if a kernel
    takes it, in PTX."""
    found = {struct.__name__: {host.constant(f'sizeof {struct.__name__}'),
                               ctypes.sizeof(struct)} for struct in structs}
    for name, struct in args.items():
        sizes = found.setdefault(struct.__name__, {ctypes.sizeof(struct)})
        for real in reals_of(name):
            kernel = f'alexnet_{name}_{real.name}'
            sizes |= {host.args_size(kernel), kernels[kernel].param.size}
    wrong = [f'{name}: {sizes}' for name, sizes in found.items()
             if len(sizes) > 1]
    return ', '.join(wrong)
