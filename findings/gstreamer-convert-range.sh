#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What videoconvert of plugins-base 1.22.0 (Debian 12) makes of the range of YUV:
#     sh findings/gstreamer-convert-range.sh
# Where both sides are YUV, or grey, and have the same matrix, it changes what the
# caps say and leaves the numbers: white of 16..235 stays 235 in a frame whose caps
# then say 0..255, and the other way round, within a format as from one to another.
# Where the matrices differ it converts: so grey made of SD video, whose matrix is
# what grey has in GStreamer, is pale, and grey made of HD video is not. To RGB it
# converts (white is 253). Nothing is said. 1.26.2 and 1.28.8 do the same. Its
# matrix-mode is "full" by default, and no property or page of it speaks of ranges.
# Who reads the caps, as a classifier does that takes YUV, sees other contrast than
# was filmed. What helps is a step over RGB, or to leave the range as it is.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, PyGObject, GStreamer and its introspection. Prints what it sees, and
# fails when that is something else.
set -eu

version=1.22.0-3+deb12u7
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download \
  "libgstreamer-plugins-base1.0-0=$version" "gstreamer1.0-plugins-base=$version"
for package in *.deb; do
  dpkg -x "$package" root
done
libraries=$(dirname "$(find "$work/root" -name 'libgstvideo-1.0.so.0')")

cat >range.py <<'PYTHON'
import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst

SIDE = 16
RANGES = {'1': '0..255', '2': '16..235'}
MATRICES = {'3': 'bt709', '4': 'bt601'}
# From and to: format, colorimetry as range:matrix:transfer:primaries.
CASES = (('I420', '2:4:16:4', 'I420', '1:4:16:4'),
         ('I420', '1:4:16:4', 'I420', '2:4:16:4'),
         ('I420', '2:3:5:1', 'Y444', '1:3:5:1'),
         ('I420', '2:3:5:1', 'I420', '1:4:16:4'),
         ('I420', '2:4:16:4', 'GRAY8', '1:4:0:0'),
         ('I420', '2:3:5:1', 'GRAY8', '1:4:0:0'),
         ('I420', '2:4:16:4', 'RGB', '1:1:7:1'))


def describe(name, colorimetry):
    numbers, matrix = colorimetry.split(':')[:2]
    return ' '.join((name, MATRICES.get(matrix, ''), RANGES[numbers])
                    ).replace('  ', ' ')


def caps(name, colorimetry):
    return (f'video/x-raw,format={name},colorimetry={colorimetry}'
            f',width={SIDE},height={SIDE},framerate=1/1')


def convert(luma, source, target):
    """The first number of what comes out, and what caps then say."""
    data = bytes([luma]) * SIDE ** 2 + bytes([128]) * (SIDE ** 2 // 2)
    pipeline = Gst.parse_launch(
        f'appsrc name=source format=time caps="{caps(*source)}"'
        f' ! videoconvert ! {caps(*target)} ! appsink name=sink')
    pipeline.set_state(Gst.State.PLAYING)
    pipeline.get_by_name('source').emit('push-buffer',
                                        Gst.Buffer.new_wrapped(data))
    sample = pipeline.get_by_name('sink').emit('pull-sample')
    value = sample.get_buffer().extract_dup(0, 1)[0]
    pipeline.set_state(Gst.State.NULL)
    return value


Gst.init(None)
for *source, name, colorimetry in CASES:
    black, white = (0, 255) if source[1][0] == '1' else (16, 235)
    print(describe(*source), '->', describe(name, colorimetry) + ':',
          *(f'{luma} -> {convert(luma, source, (name, colorimetry))}'
            for luma in (black, white)))
PYTHON
LD_LIBRARY_PATH=$libraries GST_PLUGIN_PATH=$libraries/gstreamer-1.0 \
  GST_REGISTRY=$work/registry /usr/bin/python3 range.py >seen
cat seen
cat >expected <<'TXT'
I420 bt601 16..235 -> I420 bt601 0..255: 16 -> 16 235 -> 235
I420 bt601 0..255 -> I420 bt601 16..235: 0 -> 0 255 -> 255
I420 bt709 16..235 -> Y444 bt709 0..255: 16 -> 16 235 -> 235
I420 bt709 16..235 -> I420 bt601 0..255: 16 -> 0 235 -> 253
I420 bt601 16..235 -> GRAY8 bt601 0..255: 16 -> 16 235 -> 235
I420 bt709 16..235 -> GRAY8 bt601 0..255: 16 -> 0 235 -> 253
I420 bt601 16..235 -> RGB 0..255: 16 -> 0 235 -> 253
TXT
if diff expected seen; then
  echo "plugins-base $version: as described"
else
  echo "plugins-base $version behaves otherwise than described" >&2
  exit 1
fi
