# SPDX-License-Identifier: LGPL-2.1-or-later
"""What stands first in results over time, in little memory."""
import dataclasses

N_COLUMNS = 400
FIRST_WIDTH = 10_000_000  # ns, of a column
MAX_LANES = 8
SECOND = 1_000_000_000


@dataclasses.dataclass
class Run:
    """Results in a row that have the same class; times in ns. picture: when its
    first result was."""
    label: str | None
    start: int
    end: int
    picture: int
    confidence: float  # mean
    n: int


@dataclasses.dataclass
class Cell:
    """Results of a class in a column."""
    first: int
    n: int = 0
    confidence: float = 0

    def add(self, other):
        self.first = min(self.first, other.first)
        self.n += other.n
        self.confidence += other.confidence


class Lane:
    """A region: the whole frame, a named one, or a tracked object. Time is cut
    into columns that become twice as wide whenever there are too many.

    n        results
    changes  of class, all of them
    """

    def __init__(self, name):
        self.name, self.n, self.changes = name, 0, 0
        self.width, self.columns, self.end = FIRST_WIDTH, {}, 0
        self.last = None

    def add(self, time, duration, label, confidence):
        self.changes += self.n > 0 and label != self.last
        self.last = label
        self.n += 1
        self.end = max(self.end, time + duration)
        while time // self.width >= N_COLUMNS:
            self.widen()
        cells = self.columns.setdefault(time // self.width, {})
        cells.setdefault(label, Cell(time)).add(Cell(time, 1, confidence))

    def widen(self):
        columns, self.columns = self.columns, {}
        self.width *= 2
        for i, cells in columns.items():
            wide = self.columns.setdefault(i // 2, {})
            for label, cell in cells.items():
                wide.setdefault(label, Cell(cell.first)).add(cell)

    def runs(self):
        """A class lasts until another one has most results of a column; where
        there are none, it lasts."""
        found = []
        for i in sorted(self.columns):
            cells = self.columns[i]
            label = max(cells, key=lambda label: cells[label].n)
            cell = cells[label]
            if found and found[-1].label == label:
                run = found[-1]
                run.confidence = (run.confidence * run.n + cell.confidence) \
                    / (run.n + cell.n)
                run.n += cell.n
                continue
            start = cell.first if found else min(
                cell.first for cell in cells.values())
            if found:
                found[-1].end = start
            found.append(Run(label, start, start, cell.first,
                             cell.confidence / cell.n, cell.n))
        if found:
            found[-1].end = max(self.end, found[-1].start)
        return found


def name_region(region):
    """What its lane is called."""
    kind = region.get('region')
    if kind in (None, 'full-frame'):
        return 'whole frame'
    if region.get('region_name') is not None:
        return region['region_name']
    if region.get('tracking_id') is not None:
        return f'object {region["tracking_id"]}'
    return 'detections, the first of each frame'


class Timeline:
    """Lanes in the order in which they came.

    n        results, of all regions
    undrawn  those of further lanes, or without a time
    """

    def __init__(self):
        self.lanes = {}
        self.n = self.undrawn = 0

    def add(self, line):
        time, seen = line.get('stream_time'), set()
        for region in line['regions']:
            name = name_region(region)
            self.n += 1
            if time is None or name in seen or (
                    name not in self.lanes and len(self.lanes) == MAX_LANES):
                self.undrawn += 1
                continue
            seen.add(name)
            best = next(iter(region['classes']), {})
            self.lanes.setdefault(name, Lane(name)).add(
                time, line.get('duration') or 0, best.get('label'),
                best.get('confidence') or 0)

    @property
    def end(self):
        return max((lane.end for lane in self.lanes.values()), default=0)
