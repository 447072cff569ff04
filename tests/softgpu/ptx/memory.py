# SPDX-License-Identifier: LGPL-2.1-or-later
"""Memory that knows what is wrong with an access: outside of every
allocation, misaligned, read before it was written, written though it is the
host's to write, or touched by two threads that nothing puts in order.

A space (global, shared, local, param) has allocations at addresses of its own,
with gaps between them. Shared memory is there once a block, local memory once
a thread: copies of the same addresses.
"""
import numpy as np

GAP = 1 << 12
ALIGNMENT = 256  # of what cudaMalloc gives

NOBODY, MANY = -1, -2


class Finding(Exception):
    """What a GPU would not have said: of a kind, by a thread."""

    def __init__(self, kind, lane, text):
        super().__init__(text)
        self.kind, self.lane = kind, lane


class Order:
    """Who touched which cell last, among those that nothing orders: ids are
    of threads, between two barriers of their block, or of blocks."""

    def __init__(self, size):
        self.writer = np.full(size, NOBODY, np.int32)
        self.reader = np.full(size, NOBODY, np.int32)
        self.written_in = np.zeros(size, np.int32)
        self.read_in = np.zeros(size, np.int32)

    def others(self, ids, last, last_epoch, epoch):
        return (last != NOBODY) & (last != ids) & (last_epoch == epoch)

    def read(self, cells, ids, epoch):
        """Which of the accesses race; remembers them."""
        wrong = self.others(ids, self.writer[cells], self.written_in[cells],
                            epoch)
        shared = self.others(ids, self.reader[cells], self.read_in[cells],
                             epoch)
        self.reader[cells] = ids
        shared |= self.reader[cells] != ids
        self.reader[cells[shared]] = MANY
        self.read_in[cells] = epoch
        return wrong

    def write(self, cells, ids, epoch):
        wrong = self.others(ids, self.writer[cells], self.written_in[cells],
                            epoch)
        wrong |= self.others(ids, self.reader[cells], self.read_in[cells],
                             epoch)
        self.writer[cells] = ids
        self.written_in[cells] = epoch
        return wrong | (self.writer[cells] != ids)


class Allocation:
    """`size` bytes at `base`, `copies` of them. What `written` says may be
    read. Accesses are put in order by cells of `grain` bytes."""

    def __init__(self, name, base, data, written, copies=1, writable=True,
                 shared=False, grain=1):
        self.name, self.base, self.size = name, base, data.size
        self.stride = -(-data.size // 16) * 16
        self.writable, self.grain = writable, grain
        self.data = self.spread(data, copies)
        self.written = self.spread(written, copies)
        self.orders = []
        if shared and writable:
            cells = self.data.size // grain
            self.orders = [Order(cells), Order(cells)]

    def spread(self, values, copies):
        rows = np.zeros((copies, self.stride), values.dtype)
        rows[:, :self.size] = values
        return rows.reshape(-1)

    def contents(self):
        return self.data[:self.size]


class Layout:
    """Gives addresses to allocations, in any order."""

    def __init__(self):
        self.next = GAP

    def place(self, size, align=ALIGNMENT):
        base = -(-self.next // align) * align
        self.next = base + size + GAP
        return base


class Space:
    """`copy_of` says which copy a lane has, `ids` the orders' ids of lanes
    and how far they are: what machine.Threads says."""

    def __init__(self, name, allocations, copy_of=None, threads=None):
        self.name = name
        self.allocations = sorted(allocations, key=lambda a: a.base)
        self.bases = np.array([a.base for a in self.allocations], np.uint64)
        self.copy_of, self.threads = copy_of, threads
        self.traffic = None  # what counts accesses, if anything does

    def describe(self, address, width):
        """The address in terms of what lies next to it."""
        best = min(self.allocations, default=None, key=lambda a: max(
            a.base - address, address + width - a.base - a.size, 0))
        if best is None:
            return f'{address:#x} of {self.name} memory'
        offset = address - best.base
        return f'{best.name}{offset:+d}, which has {best.size} bytes'

    def groups(self, addresses):
        """(allocation, which of the accesses) of the allocations at or below
        the addresses."""
        at = np.searchsorted(self.bases, addresses, 'right') - 1
        if at.size and (at == at[0]).all():
            return [(at[0], slice(None))]
        return [(i, np.flatnonzero(at == i)) for i in np.unique(at)]

    def find(self, kind, lanes, addresses, width, wrong, what):
        first = np.flatnonzero(wrong)[0]
        place = self.describe(int(addresses[first]), width)
        raise Finding(kind, int(lanes[first]), f'{what} {width} bytes at '
                      f'{place}')

    def locate(self, lanes, addresses, width, what):
        """(allocation, which, positions in its data), or a finding."""
        wrong = addresses % np.uint64(width) != 0
        if wrong.any():
            self.find('misaligned', lanes, addresses, width, wrong, what)
        if self.traffic:
            self.traffic.add(what, lanes, addresses, width)
        for i, which in self.groups(addresses):
            inside = addresses[which]
            allocation = self.allocations[max(i, 0)]
            last = allocation.base + allocation.size - width
            wrong = (inside < allocation.base) | (inside > max(last, 0))
            if wrong.any() or last < allocation.base:
                self.find('outside', lanes[which], inside, width,
                          wrong | (last < allocation.base), what)
            positions = inside.astype(np.int64) - allocation.base
            if self.copy_of is not None:
                positions += self.copy_of[lanes[which]] * allocation.stride
            yield allocation, which, positions

    def check_order(self, allocation, lanes, positions, width, write):
        """Races between the threads of a block, then between blocks."""
        n_cells = max(width // allocation.grain, 1)
        cells = (positions // allocation.grain)[:, None] + np.arange(n_cells)
        threads = self.threads
        blocks = threads.block_of[lanes]
        zero = np.zeros(lanes.size, np.int32)
        for order, ids, epoch in zip(
                allocation.orders, (blocks, lanes.astype(np.int32)),
                (zero, threads.epochs[blocks])):
            touch = order.write if write else order.read
            wrong = touch(cells.ravel(), ids.repeat(n_cells),
                          epoch.repeat(n_cells))
            if wrong.any():
                k = np.flatnonzero(wrong)[0] // n_cells
                offset = int(positions[k]) % allocation.stride
                raise Finding(
                    'race', int(lanes[k]),
                    f'{"writes" if write else "reads"} {width} bytes at '
                    f'{allocation.name}+{offset}, which another thread '
                    f'{"has" if write else "wrote"} with nothing between')

    def load(self, lanes, addresses, dtype, count):
        """An array [lane][count]."""
        width = np.dtype(dtype).itemsize * count
        result = np.zeros((lanes.size, count), dtype)
        for allocation, which, positions in self.locate(
                lanes, addresses, width, 'reads'):
            rows = positions // width
            unwritten = ~allocation.written.reshape(-1, width)[rows].all(1)
            if unwritten.any():
                self.find('unwritten', lanes[which], addresses[which], width,
                          unwritten, 'reads, before they are written,')
            if allocation.orders:
                self.check_order(allocation, lanes[which], positions, width,
                                 write=False)
            result[which] = allocation.data.view(dtype).reshape(
                -1, count)[rows]
        return result

    def store(self, lanes, addresses, values):
        width = values.dtype.itemsize * values.shape[1]
        for allocation, which, positions in self.locate(
                lanes, addresses, width, 'writes'):
            if not allocation.writable:
                self.find('read-only', lanes[which], addresses[which], width,
                          np.ones(positions.size, bool), 'writes')
            if allocation.orders:
                self.check_order(allocation, lanes[which], positions, width,
                                 write=True)
            rows = positions // width
            allocation.written.reshape(-1, width)[rows] = True
            allocation.data.view(values.dtype).reshape(
                -1, values.shape[1])[rows] = values[which]
