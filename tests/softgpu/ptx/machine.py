# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a kernel: all threads of a grid at once, each instruction for those of
them that are at its block of code.

Threads that went different ways wait for their turn, block by block, in the
order of order.py. They are independent of each other, as on every GPU since
Volta: the order has no influence on what they compute, or else there is a race
and memory.py finds it. At a barrier a thread waits for its whole block, at a
shuffle for those of its warp that have not returned.
"""
import numpy as np

import memory
from order import weak_topological
from steps import WARP, Lanes, Steps

LONGEST = 1 << 14  # blocks of code that a launch may run, about 300 here


class Threads:
    """Of a grid: number of a thread = block * threads of a block + thread.
    epochs counts the barriers that a block is through."""

    def __init__(self, grid, block):
        self.per_block = block[0] * block[1]
        self.n_blocks = grid[0] * grid[1]
        self.n = self.n_blocks * self.per_block
        numbers = np.arange(self.n)
        self.block_of = numbers // self.per_block
        inside = numbers % self.per_block
        self.epochs = np.ones(self.n_blocks, np.int32)
        self.special = {
            name: values.astype(np.uint32) for name, values in {
                '%tid.x': inside % block[0], '%tid.y': inside // block[0],
                '%ctaid.x': self.block_of % grid[0],
                '%ctaid.y': self.block_of // grid[0]}.items()}

    def describe(self, lane):
        return (f'thread {lane % self.per_block} of block '
                f'{lane // self.per_block}')


class Machine:
    """One launch of a kernel. `args` are the bytes of its parameter,
    `allocations` those of global memory."""

    def __init__(self, kernel, grid, block, args, allocations,
                 traffic=None):
        self.kernel = kernel
        self.threads = Threads(grid, block)
        self.alive = np.ones(self.threads.n, bool)
        # Of each block of code: how often warps ran it, and threads.
        self.ran = np.zeros((len(kernel.blocks), 2), np.int64)
        self.steps = Steps(kernel, self.threads,
                           *self.make_spaces(args, allocations))
        self.steps.spaces['global'].traffic = traffic
        self.code = [None] * len(kernel.blocks)
        order = weak_topological([
            [i for i in (block.next, block.target) if i >= 0]
            for block in kernel.blocks])
        self.rank = {block: i for i, block in enumerate(order)}
        self.pending = {}

    def decode(self, at):
        """(instruction, step) of a block of code."""
        if self.code[at] is None:
            self.code[at] = [
                (instruction, self.steps.step(instruction))
                for instruction in self.kernel.blocks[at].instructions
                if not self.leaves(instruction)]
        return self.code[at]

    @staticmethod
    def leaves(instruction):
        return instruction.opcode in ('bra', 'bra.uni', 'ret')

    def make_spaces(self, args, allocations):
        """Spaces by name, addresses of variables by name."""
        kernel, threads = self.kernel, self.threads
        if len(args) != kernel.param.size:
            raise ValueError(f'{kernel.name} takes {kernel.param.size} bytes, '
                             f'not {len(args)}')
        layout = memory.Layout()
        addresses = {}
        own = {'shared': [], 'local': []}
        copies = {'shared': threads.n_blocks, 'local': threads.n}
        for v in [kernel.param] + kernel.variables:
            addresses[v.name] = layout.place(v.size, max(v.align, 16))
        for v in kernel.variables:
            own[v.space].append(memory.Allocation(
                v.name, addresses[v.name], np.zeros(v.size, np.uint8),
                np.zeros(v.size, bool), copies[v.space],
                shared=v.space == 'shared', grain=4))
        param = memory.Allocation(
            kernel.param.name, addresses[kernel.param.name],
            np.frombuffer(args, np.uint8), np.ones(len(args), bool),
            writable=False)
        return {
            'param': memory.Space('param', [param]),
            'global': memory.Space('global', allocations, None, threads),
            'shared': memory.Space('shared', own['shared'], threads.block_of,
                                   threads),
            'local': memory.Space('local', own['local'],
                                  np.arange(threads.n)),
        }, addresses

    def run(self, longest=LONGEST):
        """To the end, or to a Finding, which then says where."""
        self.go(0, Lanes(self.alive.copy()))
        with np.errstate(all='ignore'):
            for _ in range(longest):
                if not self.pending:
                    return
                self.advance(*self.choose())
        raise memory.Finding('endless', 0, f'{self.kernel.name} does not end')

    def advance(self, at, lanes):
        warps = lanes.mask.reshape(-1, WARP).any(1)
        self.ran[at] += np.count_nonzero(warps), lanes.index.size
        for instruction, step in self.decode(at):
            try:
                step(lanes)
            except memory.Finding as finding:
                raise memory.Finding(
                    finding.kind, finding.lane,
                    f'{self.kernel.name}, line {instruction.line}, '
                    f'{instruction.text}: '
                    f'{self.threads.describe(finding.lane)} {finding}'
                ) from None
        self.leave(self.kernel.blocks[at], lanes)

    def leave(self, block, lanes):
        last = block.instructions[-1]
        if last.opcode == 'ret' and not last.guard:
            self.alive &= ~lanes.mask
            return
        if not last.guard or not self.leaves(last):
            self.go(block.target if block.target >= 0 else block.next, lanes)
            return
        taken = self.steps.values[last.guard.name] ^ last.negated
        if taken.size == 1:
            self.go(block.target if taken[0] else block.next, lanes)
            return
        self.go(block.target, Lanes(lanes.mask & taken))
        self.go(block.next, Lanes(lanes.mask & ~taken))

    def go(self, at, lanes):
        """Threads come to the block of code `at`."""
        if lanes.index.size == 0:
            return
        rank = self.rank[at]
        if rank in self.pending:
            lanes = Lanes(lanes.mask | self.pending[rank][1].mask)
        self.pending[rank] = at, lanes

    def choose(self):
        """(block of code, Lanes) that go on now."""
        for rank in sorted(self.pending):
            at, lanes = self.pending[rank]
            ready = self.ready(at, lanes)
            if ready is lanes:
                del self.pending[rank]
                return at, lanes
            if ready.any():
                self.pending[rank] = at, Lanes(lanes.mask & ~ready)
                return at, Lanes(ready)
        return self.stuck()

    def ready(self, at, lanes):
        """`lanes` when all of them can go on, else a mask of those."""
        first = self.kernel.blocks[at].instructions[0].opcode
        if first == 'bar.sync':
            size, absent = self.threads.per_block, ~lanes.mask
        elif first.startswith('shfl.sync'):
            size, absent = WARP, self.alive & ~lanes.mask
        else:
            return lanes
        waits = absent.reshape(-1, size).any(1)
        if not waits.any():
            return lanes
        mask = lanes.mask & ~waits.repeat(size)
        return lanes if (mask == lanes.mask).all() else mask

    def stuck(self):
        """Nobody can go on: some wait for others that never come."""
        at, lanes = self.pending[min(self.pending)]
        instruction = self.kernel.blocks[at].instructions[0]
        lane = int(lanes.index[0])
        meets = instruction.opcode == 'bar.sync'
        size = self.threads.per_block if meets else WARP
        first = lane // size * size
        here = lanes.mask[first:first + size]
        missing = ~here if meets else ~here & self.alive[first:first + size]
        other = first + int(np.flatnonzero(missing)[0])
        where = 'has returned'
        for elsewhere, others in self.pending.values():
            if others.mask[other]:
                line = self.kernel.blocks[elsewhere].instructions[0].line
                where = f'waits at line {line}'
        raise memory.Finding(
            'barrier' if meets else 'shuffle', lane,
            f'{self.kernel.name}, line {instruction.line}, {instruction.text}: '
            f'{np.count_nonzero(here)} of {size} threads wait, but '
            f'{self.threads.describe(other)} {where}')
