# SPDX-License-Identifier: LGPL-2.1-or-later
"""One input through GStreamer, on the thread that asks for it."""
import threading
import time

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstBase', '1.0')
gi.require_version('GstVideo', '1.0')
from gi.repository import GLib, Gst, GstBase, GstVideo  # noqa: E402

from . import settings as element_settings  # noqa: E402
from .errors import Failure, NotNow, Stopped, UsageError  # noqa: E402
from .pictures import is_picture, read_picture  # noqa: E402

POLL = Gst.SECOND // 5
SECONDS_TO_STOP = 3
SECONDS_OF_ERRORS = 0.5  # in which further ones come
SECONDS_TO_BEGIN = 2  # of a source in which nothing runs
MAX_WARNINGS = 20
ASSUMED_RATE = 25  # by alexnetclassify, of frames that have no times

STREAM_ERROR = GLib.quark_to_string(Gst.StreamError.quark())
RESOURCE_ERROR = GLib.quark_to_string(Gst.ResourceError.quark())
# Errors of resources that come again at another time, by the stage. What the
# element does not find is a device: its files have been looked at before.
LASTING = {
    'open': (Gst.ResourceError.NOT_FOUND, Gst.ResourceError.NOT_AUTHORIZED),
    'infer': (Gst.ResourceError.SETTINGS,),
}
# Those of the element's start that do not: of a device, and of memory.
PASSING = Gst.ResourceError.FAILED, Gst.ResourceError.NO_SPACE_LEFT


def init():
    Gst.init(None)


def quote(value):
    return '"' + value.replace('\\', '\\\\').replace('"', '\\"') + '"'


def in_time(function, seconds=SECONDS_TO_STOP):
    """Whether it ended: what hangs goes on hanging on a thread of its own."""
    thread = threading.Thread(target=function, daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()


def explain(message):
    """An error or warning of the bus as a sentence, with its reason."""
    error, details = message.parse_error() \
        if message.type == Gst.MessageType.ERROR else message.parse_warning()
    reason = (details or '').partition(':\n')[2].splitlines()
    return f'{error.message} ({reason[0]})' if reason else error.message


def is_of_source(message):
    """What opens and reads tells it, in one of two ways: souphttpsrc calls a
    refused connection an error of the stream."""
    factory = message.src.get_factory() \
        if isinstance(message.src, Gst.Element) else None
    return (factory is not None and 'Source' in factory.get_metadata('klass')) \
        or message.parse_error()[0].domain == RESOURCE_ERROR


def is_at_rest(source):
    """Whether all threads of the pads in it have ended, of which there are some.
    """
    states = {pad.get_task_state() for element in source.iterate_recurse()
              for pad in element.iterate_pads()}
    return Gst.TaskState.PAUSED in states and \
        Gst.TaskState.STARTED not in states


def is_lasting(stage, error):
    return error.domain == RESOURCE_ERROR and error.code in LASTING[stage]


def find_reason(message):
    """Why the element does not start."""
    if not message:
        return UsageError('alexnetclassify does not start')
    error = message.parse_error()[0]
    passing = error.domain == RESOURCE_ERROR and error.code in PASSING
    return (NotNow if passing else UsageError)(explain(message))


class Classifier:
    """The element as all pipelines have it; one of it is kept in PAUSED and with
    it the engine, which they share.

    settings  property: value, as text
    """

    def __init__(self, settings):
        words = ' '.join(f'{name}={quote(value)}'
                         for name, value in settings.items())
        self.description = f'alexnetclassify {words}'
        element = Gst.ElementFactory.make('alexnetclassify')
        if element:
            element_settings.check(element, settings)
        try:
            self.kept = Gst.parse_launch(self.description)
        except GLib.Error as error:
            raise UsageError(error.message) from None
        self.bus = Gst.Bus()
        self.kept.set_bus(self.bus)
        plugin = self.kept.get_factory().get_plugin()
        self.version = plugin.get_version()

    def open(self):
        if self.kept.set_state(Gst.State.PAUSED) == \
                Gst.StateChangeReturn.FAILURE:
            message = self.bus.timed_pop_filtered(0, Gst.MessageType.ERROR)
            self.close()
            raise find_reason(message)
        self.model = self.kept.get_property('active-model')

    def close(self):
        self.kept.set_state(Gst.State.NULL)


class Pipeline:
    """Plays an input to its end; `location` gets classificationjson's lines.

    on_frames(n) is called with how many more frames have passed. `stopping` is
    an Event. Failure, or Stopped.
    """

    def __init__(self, item, classifier, location, on_frames, stopping,
                 stall_timeout):
        self.item, self.on_frames, self.stopping = item, on_frames, stopping
        self.stall_timeout = stall_timeout
        self.warnings, self.frames = [], 0
        self.held = []
        picture = item.path and is_picture(item.path)
        self.pipeline = Gst.parse_launch(
            ('appsrc name=source format=time' if picture else
             'uridecodebin name=source') + '  videoconvert name=convert'
            ' ! videoflip video-direction=auto !'
            f' {classifier.description} name=classifier'
            ' ! classificationjson name=json ! fakesink name=sink sync=false')
        self.source = self.pipeline.get_by_name('source')
        self.classifier = self.pipeline.get_by_name('classifier')
        self.json = self.pipeline.get_by_name('json')
        self.json.set_property('location', str(location))
        (self.add_picture if picture else self.add_video)()

    def add_video(self):
        sink = self.pipeline.get_by_name('convert').get_static_pad('sink')
        self.source.set_property('uri', self.item.uri)
        self.source.connect('deep-element-added', self.hold_parser)
        self.source.connect('pad-added', self.link_video, sink)
        self.source.connect('no-more-pads', self.require_video, sink)

    def add_picture(self):
        caps, buffer, warnings = read_picture(self.item.path, self.is_taken)
        self.warnings += warnings
        self.source.set_property('caps', caps)
        self.source.link(self.pipeline.get_by_name('convert'))
        self.source.emit('push-buffer', buffer)
        self.source.emit('end-of-stream')

    def is_taken(self, width, height):
        caps = Gst.Caps.from_string(
            f'video/x-raw,width={width},height={height}')
        taken = self.classifier.get_static_pad('sink').get_pad_template_caps()
        return caps.can_intersect(taken)

    # On streaming threads.

    def hold_parser(self, source, bin_, element):
        """What parses pictures on a thread of its own may push some before
        decodebin has linked what is behind it."""
        pad = element.get_static_pad('src')
        if isinstance(element, GstBase.BaseParse) and pad and \
                pad.get_pad_template_caps().to_string().startswith('video/x-raw'):
            probe = pad.add_probe(
                Gst.PadProbeType.BLOCK | Gst.PadProbeType.BUFFER,
                lambda *_: Gst.PadProbeReturn.OK)
            self.held.append((pad, probe))

    def link_video(self, source, pad, sink):
        """Plays the first picture and leaves sound alone."""
        while self.held:
            held, probe = self.held.pop()
            held.remove_probe(probe)
        name = pad.query_caps(None).to_string()
        if name.startswith('video/') and not sink.is_linked():
            pad.link(sink)

    def require_video(self, source, sink):
        if not sink.is_linked():
            error = GLib.Error.new_literal(
                Gst.StreamError.quark(), 'no picture in it',
                Gst.StreamError.WRONG_TYPE)
            source.post_message(Gst.Message.new_error(source, error, ''))

    # On the thread that runs it.

    def play(self):
        """Facts for the marker."""
        try:
            if not in_time(lambda: self.pipeline.set_state(Gst.State.PLAYING),
                           self.stall_timeout):
                raise self.stall()
            self.wait()
            facts = self.get_facts()
        except Failure as failure:
            failure.hangs = not self.end()
            raise
        except BaseException:
            self.end()
            raise
        if not self.end():
            self.warnings.append('its pipeline does not end')
        return facts

    def end(self):
        return in_time(lambda: self.pipeline.set_state(Gst.State.NULL))

    def wait(self):
        bus = self.pipeline.get_bus()
        moved = time.monotonic()
        while True:
            message = bus.timed_pop_filtered(
                POLL, Gst.MessageType.EOS | Gst.MessageType.ERROR |
                Gst.MessageType.WARNING)
            if self.count():
                moved = time.monotonic()
            if self.stopping.is_set():
                raise Stopped
            if message is None:
                self.check_progress(time.monotonic() - moved)
            elif message.type == Gst.MessageType.EOS:
                return
            elif message.type == Gst.MessageType.ERROR:
                raise self.fail(self.find_cause(bus, message))
            elif len(self.warnings) < MAX_WARNINGS:
                self.warnings.append(explain(message))

    def check_progress(self, seconds):
        """decodebin loses what an element says that fails before it is linked
        as a whole, on a busy machine: nothing comes then, not even an error. Of
        a network other threads than those of pads may bring more."""
        if seconds > self.stall_timeout:
            raise self.stall()
        sink = self.pipeline.get_by_name('convert').get_static_pad('sink')
        if seconds > SECONDS_TO_BEGIN and self.item.path and \
                not sink.is_linked() and is_at_rest(self.source):
            raise Failure('decode', 'nothing in it can be played')

    def count(self):
        """Whether frames have passed."""
        frames = self.classifier.get_property('stats')['frames']
        more, self.frames = frames - self.frames, frames
        if more:
            self.on_frames(more)
        return more > 0

    def stall(self):
        return Failure('decode', 'nothing came for'
                       f' {self.stall_timeout:g} s, after {self.frames} frames',
                       passing=self.item.path is None)

    def find_cause(self, bus, message):
        """Of a source that fails, elements behind it may tell first."""
        first = message
        until = time.monotonic() + SECONDS_OF_ERRORS
        while not is_of_source(message) and time.monotonic() < until:
            message = bus.timed_pop_filtered(
                POLL, Gst.MessageType.ERROR) or message
        return message if is_of_source(message) else first

    def fail(self, message):
        error, text = message.parse_error()[0], explain(message)
        if message.src is self.json:
            return Failure('write', text, passing=True)
        if message.src is self.classifier:
            return Failure('infer', text,
                           passing=error.domain != STREAM_ERROR and
                           not is_lasting('infer', error))
        if not is_of_source(message):
            return Failure('decode', text)
        return Failure('open', text,
                       passing=self.item.path is None and
                       not is_lasting('open', error))

    def get_facts(self):
        stats = self.classifier.get_property('stats')
        if stats['inferred'] == 0:
            raise Failure('infer', 'no frame was classified')
        self.check_length()
        self.check_times()
        return {'frames': stats['frames'], 'inferred': stats['inferred'],
                'backend': self.classifier.get_property('active-backend'),
                'precision': self.classifier.get_property('active-precision'),
                'warnings': self.warnings}

    def check_length(self):
        """Decoders take what there is of a file that was cut short."""
        known, duration = self.pipeline.query_duration(Gst.Format.TIME)
        found, position = self.pipeline.query_position(Gst.Format.TIME)
        if known and found and position + Gst.SECOND < duration:
            self.warnings.append(
                f'ends after {position / Gst.SECOND:.3f} s of'
                f' {duration / Gst.SECOND:.3f}')

    def check_times(self):
        """A raw stream, as of MJPEG or H.264, may have none."""
        sample = self.pipeline.get_by_name('sink').get_property('last-sample')
        if sample and sample.get_buffer().pts == Gst.CLOCK_TIME_NONE:
            info = GstVideo.VideoInfo.new_from_caps(sample.get_caps())
            rate = info.fps_n / info.fps_d if info.fps_n else ASSUMED_RATE
            self.warnings.append('frames have no times; taken for'
                                 f' {rate:g} a second')
