# SPDX-License-Identifier: LGPL-2.1-or-later
"""How far it is: a bar on a terminal, a line a minute elsewhere, or JSON."""
import contextlib
import json
import shutil
import sys
import threading
import time

WIDTH = 24  # of the bar, or less where the line has no room
SECONDS_TO_COUNT = 1  # at the end
INTERVALS = {'bar': 0.5, 'lines': 60, 'json': 1}


def choose(kind):
    if kind != 'auto':
        return kind
    return 'bar' if sys.stderr.isatty() else 'lines'


def clock(seconds):
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f'{hours}:{minutes:02}:{seconds:02}' if hours else \
        f'{minutes}:{seconds:02}'


class Progress:
    """Writes to standard error until it is left.

    count_all  how many inputs there are, or None where that cannot be known;
               called on a thread of its own
    """

    def __init__(self, kind, counts, count_all):
        self.kind, self.counts = choose(kind), counts
        self.total = None
        self.begun = time.monotonic()
        self.ended = threading.Event()
        self.counting = threading.Thread(
            target=self.learn_total, args=(count_all,), daemon=True)
        self.counting.start()

    def learn_total(self, count_all):
        if count_all and self.kind != 'none':
            self.total = count_all()

    def __enter__(self):
        if self.kind != 'none':
            self.thread = threading.Thread(target=self.show, daemon=True)
            self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        if self.kind != 'none':
            self.thread.join()
            self.counting.join(SECONDS_TO_COUNT)
            self.write(self.describe())
            if self.kind == 'bar':
                with contextlib.suppress(OSError):
                    print(file=sys.stderr)

    def show(self):
        while not self.ended.wait(INTERVALS[self.kind]):
            self.write(self.describe())

    def measure(self):
        counts = self.counts
        seconds = time.monotonic() - self.begun
        worked = counts.done + counts.failed
        left = None
        if self.total is not None and worked:
            left = (self.total - counts.handled) * seconds / worked
        return {'handled': counts.handled, 'done': counts.done,
                'skipped': counts.skipped,
                'failed': counts.failed + counts.known_failed,
                'warned': counts.warned,
                'total': self.total, 'frames': counts.frames,
                'frames_per_second': round(counts.frames / seconds, 1),
                'seconds': round(seconds, 1),
                'seconds_left': left if left is None else round(left, 1)}

    def describe(self):
        now = self.measure()
        if self.kind == 'json':
            return json.dumps(now)
        handled = self.counts.handled
        text = f'{handled}' if self.total is None else \
            f'{handled} of {self.total}'
        text += f' inputs, {now["failed"]} failed,' \
            f' {now["frames_per_second"]:.1f} frames/s'
        if self.counts.warned:
            text += f', {self.counts.warned} with warnings'
        if now['seconds_left'] is not None:
            text += f', {clock(now["seconds_left"])} left'
        return self.draw(text) if self.kind == 'bar' else text

    def draw(self, text):
        """A bar in front of it, and no more than a line."""
        columns = shutil.get_terminal_size().columns - 1
        width = min(WIDTH, columns - len(text) - len('[] '))
        if self.total and width > 0:
            filled = width * min(self.counts.handled, self.total) // self.total
            text = '[' + '#' * filled + '.' * (width - filled) + '] ' + text
        return text[:columns]

    def write(self, text):
        """The bar stays where it is. That nobody reads it any more is no reason
        to end."""
        with contextlib.suppress(OSError):
            if self.kind == 'bar':
                print(f'\r{text}\033[K', end='', file=sys.stderr, flush=True)
            else:
                print(text, file=sys.stderr, flush=True)
