#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which metadata comes through which element.

    survival.py TEXT    compares the table there with what happens; TAP
    survival.py         prints the table's rows for this GStreamer alone

A frame with a box of a detector goes through alexnetclassify and what a row
names. A cell says `yes`, `no`, or `stale`: the box is there and not where its
object is. What differs between versions has them in front:
`1.22 no, 1.26 yes, 1.28 yes`. What a GStreamer does not have is not compared;
it is `-` when rows are printed.
"""
import os
import sys
import tempfile
import time

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstVideo', '1.0')
from gi.repository import GLib, Gst, GstVideo  # noqa: E402

try:
    gi.require_version('GstAnalytics', '1.0')
    from gi.repository import GstAnalytics
except (ValueError, ImportError):
    GstAnalytics = None

MARK = 'survival'
VERSIONS = ('1.22', '1.26', '1.28')
COLUMNS = ('custom metadata', 'GstAnalyticsClsMtd', 'GstAnalyticsODMtd',
           'region of interest')
WIDTH, HEIGHT = 320, 240
BOX = 40, 50, 120, 100
N_FRAMES = 4
SECONDS = 20
SENT = (f'video/x-raw,format=I420,width={WIDTH},height={HEIGHT}'
        ',framerate=10/1')
VP8 = 'vp8enc deadline=1'

# name in the table: (what stands there, where the box should be)
ROWS = {
    'videorate': ('videorate', BOX),
    'videoconvert': ('videoconvert ! video/x-raw,format=RGB', BOX),
    'videoscale': ('videoscale ! video/x-raw,width=160,height=120',
                   (20, 25, 60, 50)),
    'videoscale, with borders': (
        'videoscale ! video/x-raw,width=160,height=160,pixel-aspect-ratio=1/1',
        (20, 45, 60, 50)),
    'videocrop': ('videocrop left=20 top=10', (20, 40, 120, 100)),
    'videobox': ('videobox left=20 top=10', (20, 40, 120, 100)),
    'videoflip': ('videoflip method=horizontal-flip', (160, 50, 120, 100)),
    'deinterlace': ('deinterlace mode=interlaced', BOX),
    'compositor': ('compositor', BOX),
    'vp8enc ! vp8dec': (f'{VP8} ! vp8dec', BOX),
    'x264enc ! avdec_h264': ('x264enc tune=zerolatency ! avdec_h264', BOX),
    'jpegenc ! jpegdec': ('jpegenc ! jpegdec', BOX),
    'rtpvrawpay ! rtpvrawdepay': ('rtpvrawpay ! rtpvrawdepay', BOX),
    'rtpvp8pay ! rtpvp8depay': (
        f'{VP8} ! rtpvp8pay ! rtpvp8depay ! vp8dec', BOX),
    # 1.26 sends only what is in memory of its own kind.
    'unixfdsink, unixfdsrc': (
        'videoconvert ! video/x-raw,format=RGB'
        ' ! unixfdsink sync=false socket-path={socket}', BOX),
}


def new_frame(number):
    frame = Gst.Buffer.new_wrapped(bytes([128]) * (WIDTH * HEIGHT * 3 // 2))
    frame.pts = number * Gst.SECOND // 10
    frame.duration = Gst.SECOND // 10
    GstVideo.buffer_add_video_region_of_interest_meta(frame, 'thing', *BOX)
    if GstAnalytics:
        relations = GstAnalytics.buffer_add_analytics_relation_meta(frame)
        relations.add_od_mtd(GLib.quark_from_string('thing'), *BOX, 0.5)
    return frame


def judge(found, right):
    return 'no' if not found else 'yes' if found == right else 'stale'


def read_analytics(frame, right):
    """Whether classes are there, and how the box fares."""
    relations = GstAnalytics and \
        GstAnalytics.buffer_get_analytics_relation_meta(frame)
    if not relations:
        return ('no', 'no') if GstAnalytics else ('-', '-')
    classes, box = 'no', None
    for number in range(GstAnalytics.relation_get_length(relations)):
        if relations.get_cls_mtd(number)[0]:
            classes = 'yes'
        found, detection = relations.get_od_mtd(number)
        if found:
            box = tuple(detection.get_location()[1:5])
    return classes, judge(box, right)


def read(frame, right):
    custom = frame.get_custom_meta('alexnet-classification')
    region = GstVideo.buffer_get_video_region_of_interest_meta_id(frame, 0)
    box = (region.x, region.y, region.w, region.h) if region else None
    return ('yes' if custom else 'no', *read_analytics(frame, right),
            judge(box, right))


class Receiver:
    """Of the first frame that comes to a pad, what is on it."""

    def __init__(self, pad, right):
        self.right, self.found = right, None
        pad.add_probe(Gst.PadProbeType.BUFFER, self.look)

    def look(self, _, info):
        self.found = self.found or read(info.get_buffer(), self.right)
        return Gst.PadProbeReturn.OK


def wait(pipeline):
    message = pipeline.get_bus().timed_pop_filtered(
        SECONDS * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
    if not message:
        raise RuntimeError(f'no end of stream within {SECONDS} s')
    if message.type == Gst.MessageType.ERROR:
        raise RuntimeError(message.parse_error()[0].message)


def try_row(name):
    line, right = ROWS[name]
    with tempfile.TemporaryDirectory() as directory:
        line = line.format(socket=f'{directory}/socket')
        is_sink = 'unixfdsink' in line
        pipelines = [Gst.parse_launch(
            'appsrc name=source format=time ! alexnetclassify'
            f' attach-meta=analytics ! {line}' +
            ('' if is_sink else ' ! fakesink name=sink'))]
        if is_sink:
            pipelines.append(Gst.parse_launch(
                f'unixfdsrc socket-path={directory}/socket'
                ' ! fakesink name=sink'))
        try:
            return run(pipelines, right)
        finally:
            for pipeline in reversed(pipelines):
                pipeline.set_state(Gst.State.NULL)


def run(pipelines, right):
    receiver = Receiver(
        pipelines[-1].get_by_name('sink').get_static_pad('sink'), right)
    for pipeline in pipelines:
        pipeline.set_state(Gst.State.PLAYING)
    source = pipelines[0].get_by_name('source')
    source.set_property('caps', Gst.Caps.from_string(SENT))
    # What is sent before somebody is connected is lost.
    pause = 0 if len(pipelines) == 1 else 0.1
    for number in range(N_FRAMES if not pause else 100):
        if pause and receiver.found:
            break
        source.emit('push-buffer', new_frame(number))
        time.sleep(pause)
    source.emit('end-of-stream')
    wait(pipelines[-1])
    if not receiver.found:
        raise RuntimeError('no frame came out')
    return receiver.found


def can_be_had(name):
    words = ROWS[name][0].replace('!', ' ').split()
    return all(Gst.ElementFactory.find(word) for word in words
               if '=' not in word and '/' not in word)


def pick(cell, version):
    """What a cell of the table says of a version."""
    parts = dict(part.strip().split(' ', 1) for part in cell.split(',')
                 if ' ' in part.strip())
    return parts.get(version, '-') if parts else cell.strip()


def read_table(path):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    text = text.split(f'<!-- {MARK} -->')[1].split(f'<!-- /{MARK} -->')[0]
    rows = [line.strip('|').split('|') for line in text.strip().splitlines()]
    return {row[0].strip(' `'): row[1:] for row in rows[2:]}


def find(name):
    return try_row(name) if can_be_had(name) else ('-',) * len(COLUMNS)


def differs(said, found):
    return len(said) != len(found) or any(
        cell not in ('-', word) for word, cell in zip(said, found))


def compare(path, version):
    table = read_table(path)
    names = [*ROWS, *(name for name in table if name not in ROWS)]
    for number, name in enumerate(names, 1):
        said = tuple(pick(cell, version) for cell in table.get(name, ()))
        found = find(name) if name in ROWS else ()
        wrong = differs(said, found)
        skip = '' if set(found) != {'-'} or wrong else ' # SKIP not to be had'
        print(f'{"not ok" if wrong else "ok"} {number} {name}{skip}')
        if wrong:
            print(f'# {path} says of {version}: {said}; it is {found}')
    print(f'1..{len(names)}')


def main(arguments):
    Gst.init(None)
    version = '{}.{}'.format(*Gst.version()[:2])
    if not arguments:
        for name in ROWS:
            print(f'| {name} |', *(f'{cell} |' for cell in find(name)))
    elif version not in VERSIONS:
        print(f'1..0 # SKIP the table has no GStreamer {version}')
    else:
        compare(arguments[0], version)


if __name__ == '__main__':
    os.environ.setdefault('GST_REGISTRY_FORK', 'no')
    main(sys.argv[1:])
