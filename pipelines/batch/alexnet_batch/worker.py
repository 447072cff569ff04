# SPDX-License-Identifier: LGPL-2.1-or-later
"""Takes one input after the other, on as many threads as there are jobs."""
import collections
import dataclasses
import os
import re
import threading
import time
import traceback
from urllib.parse import urlsplit

from .errors import Busy, Failure, Stopped, UsageError, to_text
from .pipeline import Pipeline

FIRST_PAUSE = 1  # s, before the second attempt; twice as long each time
BUSY_PAUSE = 0.5  # s, between looks at what another process has
MAX_BUSY = 1000
SERVED = re.compile('(http|rtsp)s?://', re.IGNORECASE)


@dataclasses.dataclass
class Counts:
    """done and failed in this run; skipped: earlier, of these known_failed with
    a failure."""
    done: int = 0
    failed: int = 0
    passing: int = 0
    skipped: int = 0
    known_failed: int = 0
    frames: int = 0
    warned: int = 0

    @property
    def handled(self):
        return self.done + self.failed + self.skipped


class Worker:
    """run() is for the main thread, stop() for any, also in a signal handler.

    check_files  an OSError ends it: results would not be what keys say
    broken       why it ended early, or None
    """

    def __init__(self, inputs, store, classifier, options, check_files):
        self.inputs, self.store = inputs, store
        self.classifier, self.options = classifier, options
        self.check_files = check_files
        self.counts = Counts()
        self.broken = None
        self.stopping = threading.Event()
        self.lock = threading.Lock()  # of counts
        self.taking = threading.Lock()  # may last: what writes a list may wait
        self.busy = collections.deque()  # others have them, to be looked at last

    def run(self):
        """Until all is done or it is to stop."""
        items = iter(self.inputs)
        threads = [threading.Thread(target=self.work, args=(items,),
                                    daemon=True)
                   for _ in range(self.options.jobs)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def stop(self):
        self.stopping.set()

    def count(self, **more):
        with self.lock:
            for name, n in more.items():
                setattr(self.counts, name, getattr(self.counts, name) + n)

    def work(self, items):
        """Takes from `items` what no other thread has."""
        try:
            while not self.stopping.is_set():
                item, wait = self.take(items)
                if item is None:
                    return
                self.handle(item, wait)
        except Exception as error:  # whatever it is, the others shall end
            if not isinstance(error, (OSError, UsageError)):
                traceback.print_exc()
            self.broken = self.broken or error
            self.stop()

    def take(self, items):
        """An input or None, and whether to wait for who has it."""
        with self.taking:
            item = None
            if len(self.busy) < MAX_BUSY:
                item = next(items, None)
            if item is None and self.busy:
                return self.busy.popleft(), True
            return item, False

    def handle(self, item, wait):
        """Another process may be at it, or a thread if it is listed twice."""
        place = self.store.place(item)
        while not self.stopping.is_set():
            try:
                self.complete(item, place)
                return
            except Busy:
                if not wait:
                    self.busy.append(item)
                    return
            self.stopping.wait(BUSY_PAUSE)

    def complete(self, item, place):
        state = find_state(self.store, place, self.options)
        if state:
            self.store.take_away(place)
        else:
            with place.claim():
                # Whoever had it may have done it.
                state = find_state(self.store, place, self.options)
                if not state:
                    self.attempt(item, place)
        if state:
            self.count(skipped=1, known_failed=state == 'failed')

    def attempt(self, item, place):
        for attempt in range(1, self.options.attempts + 1):
            try:
                self.classify(item, place)
                return
            except Stopped:
                return
            except Failure as failure:
                self.check_files()
                if failure.stage == 'write':
                    raise OSError(str(failure)) from None
                if not failure.passing or failure.hangs or \
                        attempt == self.options.attempts:
                    self.store.fail(place, failure, attempt)
                    self.count(failed=1, passing=failure.passing)
                    return
            self.stopping.wait(FIRST_PAUSE * 2 ** (attempt - 1))
            if self.stopping.is_set():
                return

    def classify(self, item, place):
        (check_file if item.path else check_uri)(item)
        self.check_files()
        begun = time.monotonic()
        facts = self.open(item, place).play()
        self.check_files()
        facts['seconds'] = round(time.monotonic() - begun, 3)
        self.store.finish(place, facts)
        self.count(done=1, warned=bool(facts['warnings']))

    def open(self, item, place):
        """It looks into the file, which a bad disk may not give."""
        try:
            return Pipeline(
                item, self.classifier, place.raw,
                lambda n: self.count(frames=n), self.stopping,
                self.options.stall_timeout)
        except OSError as error:
            raise Failure('open', error.strerror) from None


def find_state(store, place, options):
    """'done', 'failed' or None: it is to be done."""
    state = None if options.overwrite else store.find(place)
    return None if state == 'failed' and options.retry_failed else state


def check_uri(item):
    """GStreamer does not tell one that names no server from one whose server does
    not answer."""
    if not SERVED.match(item.uri):
        return
    try:
        parts = urlsplit(item.uri)
        if parts.port == 0 or not re.fullmatch(r'\S+', parts.hostname or ''):
            raise ValueError('no host and port in this URI')
    except ValueError as error:
        raise Failure('open', str(error)) from None


def check_file(item):
    try:
        if item.path.is_dir():
            os.scandir(item.path).close()
        if not item.path.is_file():
            kind = 'no regular file' if item.path.exists() else 'no file'
            raise Failure('open', f'{kind} {to_text(str(item.path))}')
        with open(item.path, 'rb') as file:
            if not file.read(1):
                raise Failure('open', 'the file is empty')
    except OSError as error:
        raise Failure('open', error.strerror) from None
