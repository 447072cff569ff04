#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what a video shows over time: timeline.py FILE|URI PLOT.png

A pad probe collects the result and now and then a small picture of the
frames; the bus says when another class comes first. The plot has the pictures
on top and a lane for each class that once came first.

Needs the packages in section `plot` of pipelines/packages.txt, and the
element, which `meson devenv -C build` lets it find. Exits with 0 at the end of
the stream, with 1 after an error.
"""
import argparse
import os
import pathlib
import sys
import textwrap

import gi
import matplotlib
import numpy as np

gi.require_version('Gst', '1.0')
gi.require_version('GstVideo', '1.0')
from gi.repository import GLib, Gst, GstVideo  # noqa: E402

matplotlib.use('Agg')
from matplotlib import pyplot as plt  # noqa: E402
from matplotlib.backend_bases import FigureCanvasBase  # noqa: E402

RESULT = 'alexnet-classification'
N_PICTURES, PICTURE_HEIGHT = 10, 144
MAX_LANES = 12
INK, FAINT = '#222222', '#dddddd'
NO_LENGTH = 'nobody knows how long it is; take a file'


class Failure(Exception):
    """What went wrong, as a sentence for the user."""


class Timeline:
    """Plays a video. Afterwards:

    results   (start, end, {label: confidence}) of each frame; seconds
    changes   when another class came first; seconds
    pictures  (start, RGB array), up to N_PICTURES
    source    model and backend
    """

    def __init__(self, uri, start, stop):
        self.uri, self.start, self.stop = uri, start, stop
        self.picture_step = 0
        self.clear()
        self.pipeline = Gst.parse_launch(
            'uridecodebin name=source  videoconvert name=convert'
            ' ! videoflip video-direction=auto'
            ' ! video/x-raw,format=RGB ! alexnetclassify'
            ' ! fakesink name=sink')
        source = self.pipeline.get_by_name('source')
        source.set_property('uri', uri)
        sink = self.pipeline.get_by_name('convert').get_static_pad('sink')
        source.connect('pad-added', self.link_picture, sink)
        source.connect('no-more-pads', self.require_picture, sink)
        pad = self.pipeline.get_by_name('sink').get_static_pad('sink')
        pad.add_probe(Gst.PadProbeType.BUFFER, self.take_frame)
        pad.add_probe(Gst.PadProbeType.EVENT_FLUSH, self.take_flush)

    def clear(self):
        self.results, self.changes, self.pictures = [], [], []
        self.n_slots = 0  # of N_PICTURES, that have been filled or missed

    # On streaming threads.

    def link_picture(self, source, pad, sink):
        """Plays the first picture and leaves sound alone."""
        name = pad.query_caps(None).to_string()
        if name.startswith('video/') and not sink.is_linked():
            pad.link(sink)

    def require_picture(self, source, sink):
        if not sink.is_linked():
            error = GLib.Error.new_literal(
                Gst.StreamError.quark(), 'no picture in it',
                Gst.StreamError.WRONG_TYPE)
            source.post_message(Gst.Message.new_error(source, error, ''))

    def take_frame(self, pad, info):
        """The result is of the whole frame: no region is asked for."""
        buffer = info.get_buffer()
        meta = buffer.get_custom_meta(RESULT)
        if meta:
            result = meta.get_structure()
            time = result['stream-time'] / Gst.SECOND
            length = result['duration']
            length = (length / Gst.SECOND if length != Gst.CLOCK_TIME_NONE
                      else 0)
            self.results.append((time, time + length, dict(
                zip(result['labels'], result['confidences']))))
            self.source = f'{result["model"]}, {result["backend"]}'
            slot = self.picture_step and \
                int((time - self.start) / self.picture_step + 1e-6)
            if slot >= self.n_slots:
                self.n_slots = slot + 1
                self.pictures.append((time, read_picture(pad, buffer)))
        return Gst.PadProbeReturn.OK

    def take_flush(self, pad, info):
        """A seek goes elsewhere: what came before does not count."""
        if info.get_event().type == Gst.EventType.FLUSH_STOP:
            self.clear()
        return Gst.PadProbeReturn.OK

    # On the thread that runs it.

    def run(self):
        """Plays to the end; raises Failure."""
        try:
            if self.pipeline.set_state(Gst.State.PAUSED) == \
                    Gst.StateChangeReturn.NO_PREROLL:  # it is live
                raise Failure(NO_LENGTH)
            self.wait(Gst.MessageType.ASYNC_DONE)
            self.seek()
            self.pipeline.set_state(Gst.State.PLAYING)
            self.wait(Gst.MessageType.EOS)
        finally:
            self.pipeline.set_state(Gst.State.NULL)
        if not self.results:
            raise Failure('no frame was classified')

    def wait(self, awaited):
        """Handles messages until one of this type; Ctrl-C gets through."""
        bus = self.pipeline.get_bus()
        while True:
            message = bus.timed_pop(100 * Gst.MSECOND)
            if message is None:
                continue
            if message.type == Gst.MessageType.ERROR:
                error, details = message.parse_error()
                reason = (details or '').partition(':\n')[2].splitlines()
                raise Failure(f'{error.message} ({reason[0]})' if reason
                              else error.message)
            if message.type == Gst.MessageType.ELEMENT and \
                    message.get_structure().get_name() == RESULT:
                time = message.get_structure()['stream-time'] / Gst.SECOND
                if time >= self.start:
                    self.changes.append(time)
            if message.type & awaited:
                return

    def seek(self):
        """In PAUSED: to where the plot begins, to begin with no leftovers."""
        known, duration = self.pipeline.query_duration(Gst.Format.TIME)
        if not known:
            raise Failure(NO_LENGTH)
        stop = min(self.stop, duration / Gst.SECOND)
        self.picture_step = (stop - self.start) / N_PICTURES
        if self.picture_step <= 0:
            raise Failure(f'it is over after {duration / Gst.SECOND:g} s')
        if not self.pipeline.seek(
                1.0, Gst.Format.TIME,
                Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE,
                Gst.SeekType.SET, int(self.start * Gst.SECOND),
                # The last frame may begin where the video is said to end.
                Gst.SeekType.SET if stop == self.stop else Gst.SeekType.NONE,
                int(stop * Gst.SECOND)):
            raise Failure('cannot seek in this stream')
        self.wait(Gst.MessageType.ASYNC_DONE)


def read_picture(pad, buffer):
    """The buffer's picture as an array, about PICTURE_HEIGHT high."""
    layout = GstVideo.buffer_get_video_meta(buffer) or \
        GstVideo.VideoInfo.new_from_caps(pad.get_current_caps())
    data = np.frombuffer(buffer.extract_dup(0, buffer.get_size()), np.uint8)
    step = max(1, layout.height // PICTURE_HEIGHT)
    return np.lib.stride_tricks.as_strided(
        data[layout.offset[0]:], (layout.height, layout.width, 3),
        (layout.stride[0], 3, 1))[::step, ::step].copy()


def choose_lanes(results):
    """The labels that came first most often, in the order they came."""
    firsts = {}
    for _, _, classes in results:
        if classes:
            label = next(iter(classes))
            firsts[label] = firsts.get(label, 0) + 1
    often = sorted(firsts, key=firsts.get, reverse=True)[:MAX_LANES]
    return [label for label in firsts if label in often]


def outline(results, label):
    """Time and confidence of a label, as steps; 0 where there is none."""
    times, values = [], []
    for i, (start, end, classes) in enumerate(results):
        following = results[i + 1][0] if i + 1 < len(results) else end
        value = classes.get(label, 0)
        # Frames that were not classified leave a gap.
        end = following if following - end < end - start else end
        times += [start, end, end]
        values += [value, value, 0]
    return times, values


def draw_pictures(axes, pictures, span):
    """Each picture as large as fits, where it stands in time."""
    axes.set(xlim=span, ylim=(0, 1))
    axes.axis('off')
    box = axes.get_window_extent()
    room = box.width / N_PICTURES * 0.94
    for time, picture in pictures:
        height, width = picture.shape[:2]
        scale = min(room / width, box.height / height)
        width, height = width * scale / box.width, height * scale / box.height
        left = min((time - span[0]) / (span[1] - span[0]), 1 - width)
        inset = axes.inset_axes((left, 0, width, height))
        inset.imshow(picture, interpolation='lanczos', aspect='auto')
        inset.set(xticks=[], yticks=[])
        inset.spines[:].set_visible(False)


def draw_lanes(axes, timeline, lanes, span):
    colours = plt.get_cmap('tab10' if len(lanes) <= 10 else 'tab20').colors
    for row, label in enumerate(lanes):
        base = len(lanes) - 1 - row
        times, values = outline(timeline.results, label)
        axes.fill_between(times, base, base + 0.82 * np.array(values),
                          color=colours[row], linewidth=0, zorder=2)
    many = max(1, len(timeline.changes) / 50)
    for time in timeline.changes:
        axes.axvline(time, color=FAINT, linewidth=0.8, alpha=1 / many,
                     zorder=1)
    axes.set(xlim=span, ylim=(0, len(lanes)), xlabel='Time (s)')
    axes.set_yticks([len(lanes) - 0.59 - row for row in range(len(lanes))],
                    [textwrap.shorten(label, 28, placeholder=' …')
                     for label in lanes])
    axes.hlines(range(len(lanes)), *span, color=FAINT, linewidth=0.8,
                zorder=1)
    axes.tick_params(axis='y', length=0)
    axes.spines[['top', 'left', 'right']].set_visible(False)
    draw_scale(axes, len(lanes))


def draw_scale(axes, n_lanes):
    """On the right of the first lane: how high is how sure."""
    scale = axes.secondary_yaxis('right')
    scale.set_yticks([n_lanes - 1, n_lanes - 0.18], ['0 %', '100 %'],
                     fontsize='small')
    scale.spines['right'].set_visible(False)


def draw(timeline, name, path):
    lanes = choose_lanes(timeline.results)
    if not lanes:
        raise Failure('no class came first')
    plt.rcParams.update({
        'font.size': 11, 'text.color': INK, 'axes.labelcolor': INK,
        'axes.edgecolor': INK, 'xtick.color': INK, 'ytick.color': INK})
    height, width = timeline.pictures[0][1].shape[:2]
    lane_inches = 0.42 * len(lanes)
    picture_inches = min(0.95 * height / width, 1.5)
    figure, (top, bottom) = plt.subplots(
        2, figsize=(12, lane_inches + picture_inches + 1.2), dpi=120,
        height_ratios=(picture_inches, lane_inches), layout='constrained')
    begin, end = timeline.results[0][0], timeline.results[-1][1]
    span = begin, max(end, begin + 1e-3)  # one frame may have no duration
    figure.suptitle(textwrap.shorten(name, 90, placeholder=' …'), x=0.01,
                    ha='left', fontsize=14, fontweight='bold')
    figure.text(0.995, 0.01, f'bars: confidence; {timeline.source},'
                f' {len(timeline.results)} frames', ha='right', va='bottom',
                fontsize='small')
    draw_lanes(bottom, timeline, lanes, span)
    figure.canvas.draw()  # lays out: places are known, and stay
    figure.set_layout_engine('none')
    draw_pictures(top, timeline.pictures, span)
    figure.savefig(path)
    plt.close(figure)


def find_uri(name):
    if pathlib.Path(name).is_file():  # colons in its name or not
        return Gst.filename_to_uri(name)
    if Gst.uri_is_valid(name):
        return name
    raise Failure(f'no file {name}')


def find_plot(name):
    """Where the plot will be, of a kind that can be drawn and a place that can
    be written to. A name without an ending is a PNG's, as in matplotlib."""
    ending = os.path.splitext(name)[1][1:].lower()
    endings = FigureCanvasBase.get_supported_filetypes()
    if not ending:
        name = f'{name.rstrip(".")}.png'
    elif ending not in endings:
        raise Failure(f'{name} ends with .{ending}, expected '
                      + ', '.join(f'.{known}' for known in sorted(endings)))
    try:
        try_to_write(os.path.realpath(name))
    except OSError as error:
        raise Failure(f'cannot write {name}: {error.strerror}') from None
    return name


def try_to_write(path):
    """Leaves what is there; a device or a FIFO is not touched."""
    is_new = not os.path.exists(path)
    if is_new or os.path.isfile(path) or os.path.isdir(path):
        with open(path, 'ab'):
            pass
    if is_new:
        os.unlink(path)


def parse_arguments():
    parser = argparse.ArgumentParser(
        description='Draws what a video shows over time.')
    parser.add_argument('video', metavar='FILE|URI')
    parser.add_argument('plot', metavar='PLOT.png')
    parser.add_argument('--start', type=float, default=0, metavar='SECONDS')
    parser.add_argument('--stop', type=float, default=1e9, metavar='SECONDS')
    arguments = parser.parse_args()
    if not 0 <= arguments.start < arguments.stop <= 1e9:
        raise Failure(f'0 <= start < stop expected,'
                      f' {arguments.start:g} and {arguments.stop:g} found')
    return arguments


def main():
    Gst.init(None)
    arguments = parse_arguments()
    plot = find_plot(arguments.plot)
    timeline = Timeline(find_uri(arguments.video), arguments.start,
                        arguments.stop)
    timeline.run()
    draw(timeline, pathlib.PurePath(arguments.video).name, plot)
    print(f'{plot}: {len(timeline.results)} frames,'
          f' {len(timeline.changes)} messages', flush=True)


if __name__ == '__main__':
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
    except (Failure, GLib.Error, OSError) as error:
        sys.stdout = None  # Python would try it again
        sys.exit(f'timeline.py: {getattr(error, "message", error)}')
