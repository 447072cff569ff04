#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# When the frames of one video are, by the container that GStreamer 1.22.0 (Debian
# 12) wrote it into and reads it from:
#     sh findings/gstreamer-container-times.sh
# 20 frames of H.264 with two B-frames, 40 ms apart. In MP4, QuickTime and Matroska
# stream time begins at 0. In a fragmented MP4 (fragment-duration) it begins at 80
# ms, for there is no edit list as in a whole one, and the length is that of a video
# which begins at 0: what lies behind it, the last two frames, never comes out. In
# MPEG-TS it begins at 205 ms, counted from where the clock of the file does. Nothing
# is said; PyAV 18.1.0 reads all 20 frames of the fragmented file. 1.26.2 and 1.28.8
# do the same. Without B-frames (tune=zerolatency) all frames of the fragmented one
# come out, from 0 on, and those of MPEG-TS begin at 125 ms.
# So results with stream times do not fit those of the same video in another file,
# and what happens in its last frames is missing.
# Downloads the muxers and demuxers of that version into a temporary folder; needs
# apt-get with Debian 12's packages, PyGObject, and GStreamer with its plugins base,
# ugly and libav. Prints what it sees, and fails when that is something else.
set -eu

good=1.22.0-5+deb12u4
bad=1.22.0-4+deb12u8
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download \
  "gstreamer1.0-plugins-good=$good" "gstreamer1.0-plugins-bad=$bad"
for package in *.deb; do
  dpkg -x "$package" root
done
mkdir plugins
for name in isomp4 matroska mpegtsdemux mpegtsmux videoparsersbad; do
  find root -name "libgst$name.so" -exec cp {} plugins \;
done

cat >times.py <<'PYTHON'
import gi

gi.require_version('Gst', '1.0')
from gi.repository import Gst

SIDE, N_FRAMES, INTERVAL = 64, 20, 40 * Gst.MSECOND
FIRST_LUMA, STEP = 30, 10  # which frame is which
B_FRAMES = 'bframes=2 b-adapt=false'
CASES = (('MP4', B_FRAMES, 'mp4mux', 'qtdemux'),
         ('QuickTime', B_FRAMES, 'qtmux', 'qtdemux'),
         ('Matroska', B_FRAMES, 'matroskamux', 'matroskademux'),
         ('fragmented MP4', B_FRAMES, 'mp4mux fragment-duration=400', 'qtdemux'),
         ('fragmented MP4, no B-frames', 'tune=zerolatency',
          'mp4mux fragment-duration=400', 'qtdemux'),
         ('MPEG-TS', B_FRAMES, 'mpegtsmux', 'tsdemux'),
         ('MPEG-TS, no B-frames', 'tune=zerolatency', 'mpegtsmux', 'tsdemux'))


def write(encoder, muxer):
    pipeline = Gst.parse_launch(
        'appsrc name=source format=time caps="video/x-raw,format=I420'
        f',width={SIDE},height={SIDE},framerate=25/1"'
        f' ! x264enc {encoder} key-int-max=10 ! h264parse ! {muxer}'
        ' ! filesink location=video')
    pipeline.set_state(Gst.State.PLAYING)
    source = pipeline.get_by_name('source')
    for i in range(N_FRAMES):
        luma = bytes([FIRST_LUMA + i * STEP]) * SIDE ** 2
        buffer = Gst.Buffer.new_wrapped(luma + bytes([128]) * (SIDE ** 2 // 2))
        buffer.pts, buffer.duration = i * INTERVAL, INTERVAL
        source.emit('push-buffer', buffer)
    source.emit('end-of-stream')
    pipeline.get_bus().timed_pop_filtered(Gst.CLOCK_TIME_NONE,
                                          Gst.MessageType.EOS)
    pipeline.set_state(Gst.State.NULL)


def read(demuxer):
    """Of each frame which one it is, and its stream time in milliseconds."""
    pipeline = Gst.parse_launch(f'filesrc location=video ! {demuxer} ! h264parse'
                                ' ! avdec_h264 ! appsink name=sink sync=false')
    pipeline.set_state(Gst.State.PLAYING)
    frames = []
    while sample := pipeline.get_by_name('sink').emit('pull-sample'):
        buffer = sample.get_buffer()
        time = sample.get_segment().to_stream_time(Gst.Format.TIME, buffer.pts)
        number = round((buffer.extract_dup(0, 1)[0] - FIRST_LUMA) / STEP)
        frames.append((number, time // Gst.MSECOND))
    pipeline.set_state(Gst.State.NULL)
    return frames


Gst.init(None)
for name, encoder, muxer, demuxer in CASES:
    write(encoder, muxer)
    frames = read(demuxer)
    (first, begin), (last, end) = frames[0], frames[-1]
    print(f'{name}: frames {first} to {last}, from {begin} to {end} ms')
PYTHON
GST_PLUGIN_PATH=$work/plugins GST_REGISTRY=$work/registry \
  /usr/bin/python3 times.py >seen
cat seen
cat >expected <<'TXT'
MP4: frames 0 to 19, from 0 to 760 ms
QuickTime: frames 0 to 19, from 0 to 760 ms
Matroska: frames 0 to 19, from 0 to 760 ms
fragmented MP4: frames 0 to 17, from 80 to 760 ms
fragmented MP4, no B-frames: frames 0 to 19, from 0 to 760 ms
MPEG-TS: frames 0 to 19, from 205 to 965 ms
MPEG-TS, no B-frames: frames 0 to 19, from 125 to 885 ms
TXT
if diff expected seen; then
  echo "plugins-good $good, plugins-bad $bad: as described"
else
  echo "plugins-good $good, plugins-bad $bad: otherwise than described" >&2
  exit 1
fi
