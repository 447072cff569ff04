# SPDX-License-Identifier: LGPL-2.1-or-later
"""From an instruction to a function that does it for some of the threads.

Every register is an array with one lane a thread, or with one lane where all
threads have the same; it is never changed, only replaced. Numbers of the text
lie among the registers.
"""
import numpy as np

import memory
import parse
from operations import DTYPES, OPERATIONS

UNSIGNED = {1: np.bool_, 16: np.uint16, 32: np.uint32, 64: np.uint64}
WARP = 32

# Of registers that nobody has written yet.
GARBAGE = {bits: np.array([0xdeadbeefdeadbeef], np.uint64).astype(dtype)
           for bits, dtype in UNSIGNED.items()}

MOVES = {f'mov.{kind}' for kind in ('u32', 'u64', 'b32', 'b64', 'f32')}
# Addresses of global memory are the same in the generic space.
TO_GLOBAL = 'cvta.to.global.u64'
ACCESSES = {
    f'{name}.{space}.{kind}' for name, space, kinds in (
        ('ld', 'param', 'u8 u32 u64 f32 v2.u32 v2.f32 b8 b32 b64 v2.b32'),
        ('ld', 'global',
         'u8 u16 u32 s32 f32 v4.u32 v4.f32 b8 b16 b32 v4.b32'),
        ('ld', 'shared', 'f32 u64 b32 b64 v4.u32 v4.f32 v4.b32'),
        ('ld', 'local', 'u32 f32 b32'),
        ('st', 'global', 'u16 u32 f32 v4.u32 v4.f32 b16 b32 v4.b32'),
        ('st', 'shared', 'f32 u32 u64 b32 b64 v4.u32 v4.f32 v4.b32'),
        ('st', 'local', 'u32 f32 b32'),
    ) for kind in kinds.split()}


class Lanes:
    """The threads that do something: a mask, and their numbers."""

    def __init__(self, mask):
        self.mask = mask
        self.index = np.flatnonzero(mask)
        self.full = self.index.size == mask.size


class Steps:
    """`threads` says how many there are and their special registers, `spaces`
    are the memory.Space by name, `addresses` those of variables by name."""

    def __init__(self, kernel, threads, spaces, addresses):
        self.kernel, self.threads = kernel, threads
        self.spaces, self.addresses = spaces, addresses
        self.values = {name: GARBAGE[bits]
                       for name, bits in kernel.registers.items()}

    def refuse(self, instruction, why):
        raise parse.Refusal(f'{self.kernel.name}, line {instruction.line}: '
                            f'{why} in {instruction.text}')

    def constant(self, value, dtype):
        """The name of a number of that type."""
        name = (value, dtype)
        bits = np.dtype(dtype).itemsize * 8
        self.values[name] = np.array([value & (1 << bits) - 1],
                                     np.uint64).astype(dtype)
        return name

    def source(self, instruction, operand, bits):
        """The name of what an operand says, `bits` wide."""
        unsigned = UNSIGNED[bits]
        if isinstance(operand, parse.Register) and operand.bits == bits:
            return operand.name
        if isinstance(operand, parse.Number) and bits > 1 and (
                not operand.is_float or bits == 32):
            return self.constant(operand.value, unsigned)
        if isinstance(operand, parse.Variable) and bits >= 32:
            return self.constant(self.addresses[operand.name], unsigned)
        if isinstance(operand, parse.Special) and bits == 32:
            self.values[operand.name] = self.threads.special[operand.name]
            return operand.name
        return self.refuse(instruction, f'{operand} of {bits} bits')

    def target(self, instruction, operand, bits):
        if isinstance(operand, parse.Register) and operand.bits == bits:
            return operand.name
        return self.refuse(instruction, f'{operand} for {bits} bits')

    def put(self, name, value, lanes):
        if not lanes.full:
            value = np.where(lanes.mask, value, self.values[name])
        self.values[name] = value

    def spread(self, name):
        """All lanes of a value."""
        return np.broadcast_to(self.values[name], self.threads.n)

    def step(self, instruction):
        """A function of Lanes."""
        opcode = instruction.opcode
        if opcode in OPERATIONS:
            step = self.compute(instruction, OPERATIONS[opcode])
        elif opcode in MOVES:
            step = self.move(instruction)
        elif opcode == TO_GLOBAL:
            step = self.copy(instruction, *instruction.operands, 64)
        elif opcode in ACCESSES:
            step = self.access(instruction)
        elif opcode == 'shfl.sync.bfly.b32':
            step = self.shuffle(instruction)
        elif opcode == 'bar.sync':
            step = self.barrier(instruction)
        else:
            step = self.refuse(instruction, f'no instruction {opcode}')
        return self.guarded(instruction, step) if instruction.guard else step

    def guarded(self, instruction, step):
        name, negated = instruction.guard.name, instruction.negated
        if instruction.opcode.startswith(parse.MEETINGS):
            self.refuse(instruction, 'a predicate')

        def run(lanes):
            mask = lanes.mask & (self.values[name] ^ negated)
            if mask.any():
                step(Lanes(mask))
        return run

    def compute(self, instruction, operation):
        if len(instruction.operands) != 1 + len(operation.sources):
            self.refuse(instruction, 'another number of operands')
        into, *operands = instruction.operands
        result = np.dtype(DTYPES[operation.result])
        bits = 1 if result == np.bool_ else result.itemsize * 8
        into = self.target(instruction, into, bits)
        sources = []
        for kind, operand in zip(operation.sources, operands):
            dtype = np.dtype(DTYPES[kind])
            width = 1 if dtype == np.bool_ else dtype.itemsize * 8
            sources.append((self.source(instruction, operand, width), dtype))
        values, compute = self.values, operation.compute
        unsigned = np.dtype(UNSIGNED[bits])

        def run(lanes):
            arguments = [values[name].view(dtype) for name, dtype in sources]
            if operation.divides:
                self.check_divisor(lanes, arguments[-1])
            self.put(into, compute(*arguments).view(unsigned), lanes)
        return run

    def check_divisor(self, lanes, divisor):
        zero = lanes.mask & (divisor == 0)
        if zero.any():
            raise memory.Finding('division', int(np.flatnonzero(zero)[0]),
                                 'divides by zero')

    def copy(self, instruction, into, operand, bits):
        into = self.target(instruction, into, bits)
        source = self.source(instruction, operand, bits)

        def run(lanes):
            self.put(into, self.values[source], lanes)
        return run

    def move(self, instruction):
        """Also between one register and two of half its width."""
        into, operand = instruction.operands
        bits = int(instruction.opcode[-2:])
        unsigned, half = UNSIGNED[bits], UNSIGNED[bits // 2]
        if isinstance(into, list):
            return self.unpack(instruction, into, operand, bits)
        if not isinstance(operand, list):
            return self.copy(instruction, into, operand, bits)
        into = self.target(instruction, into, bits)
        low, high = [self.source(instruction, part, bits // 2)
                     for part in operand]

        def run(lanes):
            value = (self.values[high].astype(unsigned) << half(bits // 2) |
                     self.values[low])
            self.put(into, value, lanes)
        return run

    def unpack(self, instruction, into, operand, bits):
        half = UNSIGNED[bits // 2]
        parts = [(self.target(instruction, part, bits // 2),
                  UNSIGNED[bits](i * bits // 2))
                 for i, part in enumerate(into) if part is not None]
        source = self.source(instruction, operand, bits)

        def run(lanes):
            value = self.values[source]
            for register, shift in parts:
                self.put(register, (value >> shift).astype(half), lanes)
        return run

    def address(self, instruction, address):
        """A function that gives addresses, of 64 bits."""
        if not isinstance(address, parse.Address):
            self.refuse(instruction, f'{address} as an address')
        bits = getattr(address.base, 'bits', 64)
        base = self.source(instruction, address.base, bits)
        offset = np.uint64(address.offset & (1 << 64) - 1)
        return lambda: self.values[base].astype(np.uint64) + offset

    def access(self, instruction):
        name, space, *vector, kind = instruction.opcode.split('.')
        space = self.spaces[space]
        dtype = np.dtype(DTYPES[kind])
        registers, address = instruction.operands[:: 1 if name == 'ld' else -1]
        registers = registers if vector else [registers]
        if len(registers) != int(vector[0][1:] if vector else 1):
            self.refuse(instruction, 'another number of registers')
        address = self.address(instruction, address)
        if name == 'ld':
            return self.load(instruction, space, dtype, registers, address)
        return self.store(instruction, space, dtype, registers, address)

    def load(self, instruction, space, dtype, registers, address):
        into = []
        for i, register in enumerate(registers):
            bits = getattr(register, 'bits', 0)
            # An integer that is narrower than its register fills it.
            if bits >= dtype.itemsize * 8:
                into.append((i, register.name, UNSIGNED[bits],
                             np.dtype(f'{dtype.kind}{bits // 8}')))
            elif register is not None:
                self.refuse(instruction, f'{register} for {dtype}')

        def run(lanes):
            addresses, index = address(), lanes.index
            alike = addresses.size == 1 and space.name == 'param'
            if alike:
                index = index[:1]
            elif addresses.size == 1:
                addresses = np.repeat(addresses, index.size)
            else:
                addresses = addresses[index]
            loaded = space.load(index, addresses, dtype, len(registers))
            for i, register, unsigned, cast in into:
                value = loaded[:, i].astype(cast).view(unsigned)
                if not alike and not lanes.full:
                    some = np.zeros(self.threads.n, value.dtype)
                    some[index] = value
                    value = some
                self.put(register, value, lanes)
        return run

    def store(self, instruction, space, dtype, registers, address):
        # A register may be wider than what is stored of it.
        bits, cast = dtype.itemsize * 8, UNSIGNED[dtype.itemsize * 8]
        sources = [self.source(instruction, register,
                               max(bits, getattr(register, 'bits', 0)))
                   for register in registers]

        def run(lanes):
            index = lanes.index
            addresses = np.broadcast_to(address(), self.threads.n)[index]
            values = np.stack([self.spread(name)[index].astype(cast)
                               for name in sources], axis=1)
            space.store(index, addresses, values)
        return run

    def shuffle(self, instruction):
        """Every thread gets what the one whose number in the warp differs in
        these bits has. All threads of a warp take part."""
        into, value, bits, clamp, members = instruction.operands
        into = into[0] if isinstance(into, list) else into
        into = self.target(instruction, into, 32)
        value, bits, clamp, members = [
            self.source(instruction, operand, 32)
            for operand in (value, bits, clamp, members)]
        numbers = np.arange(self.threads.n)

        def run(lanes):
            part = (self.values[clamp] != WARP - 1) | (
                self.values[members] != 0xffffffff)
            if (part & lanes.mask).any():
                self.refuse(instruction, 'a part of a warp')
            sources = numbers ^ (self.spread(bits) & np.uint32(WARP - 1))
            absent = lanes.mask & ~lanes.mask[sources]
            if absent.any():
                raise memory.Finding(
                    'shuffle', int(np.flatnonzero(absent)[0]),
                    'takes the value of a thread that has returned')
            self.put(into, self.spread(value)[sources], lanes)
        return run

    def barrier(self, instruction):
        if instruction.operands != [parse.Number(0, False)]:
            self.refuse(instruction, 'another barrier than 0')
        epochs, block_of = self.threads.epochs, self.threads.block_of

        def run(lanes):
            epochs[np.unique(block_of[lanes.index])] += 1
        return run
