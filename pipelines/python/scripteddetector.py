# SPDX-License-Identifier: LGPL-2.1-or-later
"""scripteddetector: says of every frame that things are where a script says.

Stands in for a detector: attaches GstVideoRegionOfInterestMeta, as detectors
do, for each of the regions in its property. An element in Python: GStreamer
finds it in `python/` below a directory in GST_PLUGIN_PATH.
"""
import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstBase', '1.0')
gi.require_version('GstVideo', '1.0')
from gi.repository import GLib, GObject, Gst, GstBase, GstVideo  # noqa: E402

Gst.init(None)
CAPS = Gst.Caps.from_string('video/x-raw')
COPY = (Gst.BufferCopyFlags.FLAGS | Gst.BufferCopyFlags.TIMESTAMPS |
        Gst.BufferCopyFlags.META | Gst.BufferCopyFlags.MEMORY)


def parse_regions(text):
    """[(label, x, y, width, height)] of "LABEL:X,Y,WIDTH,HEIGHT ..."."""
    regions = []
    for word in text.split():
        label, _, numbers = word.rpartition(':')
        try:
            x, y, width, height = map(float, numbers.split(','))
        except ValueError:
            raise ValueError(
                f'LABEL:X,Y,WIDTH,HEIGHT expected, {word} found') from None
        regions.append((label, x, y, width, height))
    return regions


class ScriptedDetector(GstBase.BaseTransform):
    __gstmetadata__ = (
        'Scripted detector', 'Analyzer/Video',
        'Attaches the regions that its property names', 'alexnetclassify')
    __gsttemplates__ = (
        Gst.PadTemplate.new('src', Gst.PadDirection.SRC,
                            Gst.PadPresence.ALWAYS, CAPS),
        Gst.PadTemplate.new('sink', Gst.PadDirection.SINK,
                            Gst.PadPresence.ALWAYS, CAPS))

    regions = GObject.Property(
        type=str, nick='Regions', default='thing:0,0,1,1',
        blurb='LABEL:X,Y,WIDTH,HEIGHT ..., in parts of the frame')

    def do_start(self):
        try:
            self.script = parse_regions(self.regions)
        except ValueError as error:
            self.post_message(Gst.Message.new_error(
                self, GLib.Error.new_literal(
                    Gst.LibraryError.quark(), str(error),
                    Gst.LibraryError.SETTINGS), ''))
            return False
        return True

    def do_set_caps(self, caps, _):
        self.video = GstVideo.VideoInfo.new_from_caps(caps)
        return True

    def do_prepare_output_buffer(self, buffer):
        """A buffer of the same pixels: the one that comes is not writable."""
        out = buffer.copy_region(COPY, 0, buffer.get_size())
        for number, (label, x, y, width, height) in enumerate(self.script):
            GstVideo.buffer_add_video_region_of_interest_meta(
                out, label, round(x * self.video.width),
                round(y * self.video.height), round(width * self.video.width),
                round(height * self.video.height)).id = number
        return Gst.FlowReturn.OK, out

    def do_transform(self, buffer, out):
        return Gst.FlowReturn.OK


GObject.type_register(ScriptedDetector)
__gstelementfactory__ = ('scripteddetector', Gst.Rank.NONE, ScriptedDetector)
