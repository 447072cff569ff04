#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What qtdemux of plugins-good 1.22.0 (Debian 12) says of an MP4's range:
#     sh findings/gstreamer-mp4-range.sh
# Of a video of 0..255 that it is of 16..235, though the file says otherwise twice:
# in the box colr (nclx) and in H.264's own header. qtdemux reads matrix and primaries
# in that box and leaves out the flag of the range behind them, and parser and
# decoder keep to what it said. What is below 16 becomes black, what is above 235
# white. Nothing is said. The same stream in Matroska is read right, and 1.26.2 and
# 1.28.8 read such files right. capssetter with the colorimetry, behind the decoder,
# helps.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, PyGObject, and GStreamer 1.22 with its plugins base, bad, ugly and libav.
# Prints what it sees, and fails when that is something else.
set -eu

version=1.22.0-5+deb12u4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download "gstreamer1.0-plugins-good=$version"
dpkg -x ./*.deb root
mkdir plugins
for name in isomp4 matroska; do
  find root -name "libgst$name.so" -exec cp {} plugins \;
done

cat >range.py <<'PYTHON'
import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst

SIDE = 64
FULL = '1:3:5:1'  # 0..255, bt709


def write(luma, muxer):
    pipeline = Gst.parse_launch(
        'appsrc name=source format=time caps="video/x-raw,format=I420'
        f',width={SIDE},height={SIDE},framerate=1/1,colorimetry={FULL}"'
        f' ! x264enc ! h264parse ! {muxer} ! filesink location=video')
    pipeline.set_state(Gst.State.PLAYING)
    buffer = Gst.Buffer.new_wrapped(bytes([luma]) * SIDE ** 2
                                    + bytes([128]) * (SIDE ** 2 // 2))
    buffer.pts, buffer.duration = 0, Gst.SECOND
    source = pipeline.get_by_name('source')
    source.emit('push-buffer', buffer)
    source.emit('end-of-stream')
    pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE,
                                          Gst.MessageType.EOS)
    pipeline.set_state(Gst.State.NULL)


def read(demuxer, more=''):
    """Which range its caps have, and the red of a pixel."""
    pipeline = Gst.parse_launch(
        f'filesrc location=video ! {demuxer} ! h264parse ! avdec_h264 name=decoder'
        f' {more} ! videoconvert ! video/x-raw,format=RGB ! appsink name=sink')
    pipeline.set_state(Gst.State.PLAYING)
    sample = pipeline.get_by_name('sink').emit('pull-sample')
    caps = pipeline.get_by_name('decoder').get_static_pad('src').get_current_caps()
    colorimetry = caps.get_structure(0).get_string('colorimetry')
    red = sample.get_buffer().extract_dup(0, 1)[0]
    pipeline.set_state(Gst.State.NULL)
    return colorimetry, red


Gst.init(None)
for luma in 10, 128, 245:
    write(luma, 'matroskamux')
    print(f'{luma} of 0..255, Matroska:', *read('matroskademux'))
    write(luma, 'mp4mux')
    with open('video', 'rb') as file:
        _, _, colr = file.read().partition(b'colrnclx')
    print(f'{luma} of 0..255, MP4, whose flag is {colr[6] >> 7}:',
          *read('qtdemux'))
    print(f'{luma} of 0..255, MP4, with capssetter:', *read(
        'qtdemux', f'! capssetter caps=video/x-raw,colorimetry={FULL}'))
PYTHON
GST_PLUGIN_PATH=$work/plugins GST_REGISTRY=$work/registry \
  /usr/bin/python3 range.py >seen
cat seen
cat >expected <<'TXT'
10 of 0..255, Matroska: 1:3:5:1 10
10 of 0..255, MP4, whose flag is 1: bt709 0
10 of 0..255, MP4, with capssetter: bt709 10
128 of 0..255, Matroska: 1:3:5:1 128
128 of 0..255, MP4, whose flag is 1: bt709 128
128 of 0..255, MP4, with capssetter: bt709 128
245 of 0..255, Matroska: 1:3:5:1 245
245 of 0..255, MP4, whose flag is 1: bt709 255
245 of 0..255, MP4, with capssetter: bt709 245
TXT
if diff expected seen; then
  echo "plugins-good $version: as described"
else
  echo "plugins-good $version behaves otherwise than described" >&2
  exit 1
fi
