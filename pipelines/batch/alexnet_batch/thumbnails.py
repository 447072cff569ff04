# SPDX-License-Identifier: LGPL-2.1-or-later
"""Small pictures out of videos, as data: URIs."""
import base64
import contextlib
import os

import gi

gi.require_version('GdkPixbuf', '2.0')
gi.require_version('Gst', '1.0')
gi.require_version('GstVideo', '1.0')
from gi.repository import GdkPixbuf, GLib, Gst, GstVideo  # noqa: E402

from . import headers  # noqa: E402
from .errors import Failure  # noqa: E402
from .pictures import is_picture, turn  # noqa: E402
from .pipeline import in_time  # noqa: E402

WIDTH, HEIGHT = 144, 96  # at most
QUALITY = '75'
PATIENCE = 10 * Gst.SECOND


def check_unchanged(entry):
    """It may be another picture by now."""
    key = entry.key
    if entry.local_path is None:
        raise Failure('open', 'it is not a file')
    found = os.stat(entry.local_path)
    if key.get('size') not in (None, found.st_size) or \
            key.get('mtime_ns') not in (None, found.st_mtime_ns):
        raise Failure('open', 'it has changed since')


def encode(picture):
    """Of a Pixbuf."""
    done, data = picture.save_to_bufferv('jpeg', ['quality'], [QUALITY])
    if not done:
        raise Failure('decode', 'no JPEG can be written')
    return 'data:image/jpeg;base64,' + base64.b64encode(data).decode()


def take_from_picture(path):
    picture = GdkPixbuf.Pixbuf.new_from_file_at_size(str(path), WIDTH, HEIGHT)
    return encode(turn(picture, headers.read(path)))


def fit(caps):
    """Width and height as displayed, within WIDTH and HEIGHT. Caps' structures
    have no get_fraction() in Python on GStreamer 1.26."""
    info = GstVideo.VideoInfo.new_from_caps(caps)
    width = info.width * info.par_n / info.par_d
    scale = min(WIDTH / width, HEIGHT / info.height)
    return max(1, round(width * scale)), max(1, round(info.height * scale))


class Player:
    """A video that is paused, and where it was last sought."""

    def __init__(self, path):
        self.pipeline = Gst.parse_launch(
            'playbin flags=video video-sink="fakesink name=sink"'
            ' audio-sink=fakesink video-filter="videoflip video-direction=auto"')
        self.pipeline.set_property('uri', path.as_uri())

    def prepare(self):
        self.pipeline.set_state(Gst.State.PAUSED)
        self.wait()

    def wait(self):
        bus = self.pipeline.get_bus()
        message = bus.timed_pop_filtered(
            PATIENCE, Gst.MessageType.ASYNC_DONE | Gst.MessageType.ERROR)
        if message is None:
            raise Failure('decode', 'it takes too long to read')
        if message.type == Gst.MessageType.ERROR:
            raise Failure('decode', message.parse_error()[0].message)

    def take(self, time):
        if not self.pipeline.seek_simple(
                Gst.Format.TIME, Gst.SeekFlags.FLUSH | Gst.SeekFlags.ACCURATE,
                time):
            raise Failure('decode', 'one cannot seek in it')
        self.wait()
        sample = self.pipeline.get_property('sample')
        if sample is None:
            raise Failure('decode', 'there is no picture any more')
        width, height = fit(sample.get_caps())
        sample = self.pipeline.emit('convert-sample', Gst.Caps.from_string(
            f'video/x-raw,format=RGB,width={width},height={height},'
            'pixel-aspect-ratio=1/1'))
        if sample is None:
            raise Failure('decode', 'its pictures cannot be converted')
        return encode(GdkPixbuf.Pixbuf.new_from_bytes(
            GLib.Bytes.new(pad_rows(sample.get_buffer(), width, height)),
            GdkPixbuf.Colorspace.RGB, False, 8, width, height,
            (3 * width + 3) // 4 * 4))

    def close(self):
        in_time(lambda: self.pipeline.set_state(Gst.State.NULL))


def pad_rows(buffer, width, height):
    """All bytes, the last row's padding too."""
    size = (3 * width + 3) // 4 * 4 * height
    return buffer.extract_dup(0, buffer.get_size()).ljust(size, b'\0')


def take(entry, times):
    """[data: URI] of these times, and why there are no more, or None."""
    found = []
    try:
        check_unchanged(entry)
        if is_picture(entry.local_path):
            return [take_from_picture(entry.local_path)], None
        player = Player(entry.local_path)
        with contextlib.closing(player):
            player.prepare()
            for time in times:
                found.append(player.take(time))
    except Failure as failure:
        return found, str(failure)
    except GLib.Error as error:
        return found, error.message
    except (OSError, ValueError) as error:  # of a name with a NUL
        return found, f'it cannot be read ({error.args[-1]})'
    return found, None
