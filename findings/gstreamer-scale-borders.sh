#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Where boxes are behind videoscale of plugins-base 1.22.0 (Debian 12):
#     sh findings/gstreamer-scale-borders.sh
# Where caps behind it want a picture of another shape, it keeps the proportions by
# black borders, unless add-borders=false. GstVideoRegionOfInterestMeta is scaled as
# if the picture filled the frame: a box is where its object is not, and higher or
# wider than it, without a word. videoconvertscale does the same, and so do both in
# 1.26.2 (Debian 13), there with GstAnalyticsODMtd, too. In 1.28.8 both kinds of
# boxes stay on their object. No documentation of any of them speaks of metadata and
# borders.
# So the square input of a network is made, and behind a detector a crop of the box
# then shows something else.
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

cat >boxes.py <<'PYTHON'
import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstVideo', '1.0')
from gi.repository import Gst, GstVideo

CAPS = 'video/x-raw,format=GRAY8,pixel-aspect-ratio=1/1,framerate=1/1'
WIDTH, HEIGHT = 80, 40
OBJECT = 20, 10, 20, 10  # x, y, width, height: white in a black picture


def make_buffer():
    x, y, width, height = OBJECT
    data = bytearray(WIDTH * HEIGHT)
    for row in range(y, y + height):
        data[row * WIDTH + x:row * WIDTH + x + width] = b'\xff' * width
    buffer = Gst.Buffer.new_wrapped(bytes(data))
    GstVideo.buffer_add_video_region_of_interest_meta(buffer, 'object', *OBJECT)
    return buffer


def find_white(sample):
    info = GstVideo.VideoInfo.new_from_caps(sample.get_caps())
    _, mapped = sample.get_buffer().map(Gst.MapFlags.READ)
    white = [divmod(at, info.stride[0])
             for at, value in enumerate(mapped.data) if value > 127]
    rows, columns = ([place[i] for place in white] for i in (0, 1))
    return (min(columns), min(rows), max(columns) - min(columns) + 1,
            max(rows) - min(rows) + 1)


def show(element, width, height):
    pipeline = Gst.parse_launch(
        f'appsrc name=source format=time caps="{CAPS},width={WIDTH},'
        f'height={HEIGHT}" ! {element} ! {CAPS},width={width},height={height}'
        ' ! appsink name=sink')
    pipeline.set_state(Gst.State.PLAYING)
    pipeline.get_by_name('source').emit('push-buffer', make_buffer())
    sample = pipeline.get_by_name('sink').emit('pull-sample')
    box = GstVideo.buffer_get_video_region_of_interest_meta_id(
        sample.get_buffer(), 0)
    print(f'{element}, {width} x {height}: object', *find_white(sample),
          'box', box.x, box.y, box.w, box.h)
    pipeline.set_state(Gst.State.NULL)


Gst.init(None)
print('object', *OBJECT, 'in', WIDTH, 'x', HEIGHT)
for scaler in 'videoscale', 'videoconvertscale':
    how = f'{scaler} method=nearest-neighbour'
    show(how, 40, 20)
    show(how, 40, 40)
    show(how, 160, 20)
    show(f'{how} add-borders=false', 40, 40)
PYTHON
LD_LIBRARY_PATH=$libraries GST_PLUGIN_PATH=$libraries/gstreamer-1.0 \
  GST_REGISTRY=$work/registry /usr/bin/python3 boxes.py >seen
cat seen
cat >expected <<'TXT'
object 20 10 20 10 in 80 x 40
videoscale method=nearest-neighbour, 40 x 20: object 10 5 10 5 box 10 5 10 5
videoscale method=nearest-neighbour, 40 x 40: object 10 15 10 5 box 10 10 10 10
videoscale method=nearest-neighbour, 160 x 20: object 70 5 10 5 box 40 5 40 5
videoscale method=nearest-neighbour add-borders=false, 40 x 40: object 10 10 10 10 box 10 10 10 10
videoconvertscale method=nearest-neighbour, 40 x 20: object 10 5 10 5 box 10 5 10 5
videoconvertscale method=nearest-neighbour, 40 x 40: object 10 15 10 5 box 10 10 10 10
videoconvertscale method=nearest-neighbour, 160 x 20: object 70 5 10 5 box 40 5 40 5
videoconvertscale method=nearest-neighbour add-borders=false, 40 x 40: object 10 10 10 10 box 10 10 10 10
TXT
if diff expected seen; then
  echo "plugins-base $version: as described"
else
  echo "plugins-base $version behaves otherwise than described" >&2
  exit 1
fi
