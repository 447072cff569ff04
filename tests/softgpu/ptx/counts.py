# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a launch executed: instructions of warps by kind, and the bytes and
sectors of global memory by the width of an access."""
import collections

import numpy as np

from steps import WARP

SECTOR = 32  # bytes that memory moves at least

# The first that an instruction's name begins with; what it has no entry for is
# arithmetic, of floats when its name ends so, else of integers.
KINDS = (
    ('fma', ('fma.',)),
    ('special', ('ex2.', 'rcp.')),
    ('divide', ('div.', 'rem.')),
    ('convert', ('cvt.',)),
    ('move', ('mov.', 'cvta.', 'selp.')),
    ('compare', ('setp.',)),
    ('global', ('ld.global', 'st.global')),
    ('shared', ('ld.shared', 'st.shared')),
    ('local', ('ld.local', 'st.local')),
    ('param', ('ld.param',)),
    ('branch', ('bra', 'ret')),
    ('shuffle', ('shfl.',)),
    ('barrier', ('bar.',)),
)
COLUMNS = [kind for kind, _ in KINDS] + ['float', 'integer']
WIDTHS = (1, 2, 4, 8, 16)


def kind_of(opcode):
    for kind, names in KINDS:
        if opcode.startswith(names):
            return kind
    return 'float' if opcode.endswith('.f32') else 'integer'


class Traffic:
    """Of a memory.Space: (what, width) -> bytes, and sectors of each access of
    a warp."""

    def __init__(self):
        self.bytes = collections.Counter()
        self.sectors = collections.Counter()

    def add(self, what, lanes, addresses, width):
        touched = (lanes // WARP).astype(np.uint64) << np.uint64(40)
        touched = touched + addresses // np.uint64(SECTOR)
        self.bytes[what, width] += lanes.size * width
        self.sectors[what, width] += np.unique(touched).size


class Neighbours:
    """Of a memory.Space: (address, bytes to the next lane's address) of the
    reads of warps."""

    def __init__(self):
        self.steps = set()

    def add(self, what, lanes, addresses, width):
        beside = (np.diff(lanes) == 1) & (lanes[1:] % WARP != 0)
        if what == 'reads' and beside.any():
            steps = np.diff(addresses.astype(np.int64))[beside]
            self.steps |= {(int(addresses[0]), int(step))
                           for step in np.unique(steps)}


def instructions(machine):
    """{kind: how many warps executed}."""
    counts = collections.Counter()
    for block, (warps, _) in zip(machine.kernel.blocks, machine.ran):
        for instruction in block.instructions:
            counts[kind_of(instruction.opcode)] += int(warps)
    return counts


def traffic(machine):
    return machine.steps.spaces['global'].traffic


def table(launches):
    """Lines: a launch each, of (title, machine), and the columns in which
    there is anything."""
    rows = []
    for title, machine in launches:
        memory = traffic(machine)
        row = dict(instructions(machine))
        row.update({f'{what[:-1]}{width}': memory.bytes[what, width]
                    for what in ('reads', 'writes') for width in WIDTHS})
        row['sectors'] = sum(memory.sectors.values())
        row['least'] = sum(memory.bytes.values()) // SECTOR
        rows.append((title, row))
    names = COLUMNS + [name for name in rows[0][1] if name not in COLUMNS]
    names = [n for n in names if any(row.get(n) for _, row in rows)]
    yield ('Instructions of warps by kind; bytes of global memory by the width '
           'of an access;')
    yield ('sectors of 32 bytes that the accesses of warps touch, and how many '
           'these bytes are.')
    yield f'{"":13}' + ''.join(f'{name:>8}' for name in names)
    for title, row in rows:
        yield f'{title:13}' + ''.join(f'{row.get(n, 0):8}' for n in names)
