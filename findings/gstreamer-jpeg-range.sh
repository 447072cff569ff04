#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What jpegenc of plugins-good 1.22.0 (Debian 12) writes of video in YUV:
#     sh findings/gstreamer-jpeg-range.sh
# A JPEG's samples have the whole range, 0..255, and readers take them so,
# jpegdec too. jpegenc takes I420, NV12 and the like of any range and writes their
# numbers as they are: of white in video's usual range, 16..235, the JPEG has 235,
# of black 16. So pictures that were saved of a video, or sent as Motion JPEG, are
# pale wherever they are looked at, and a network that learns from them or is
# calibrated by them sees less contrast than in the video itself. The matrix is not
# converted either: of bt709, as HD has it, colours are read by that of bt601.
# Nothing is said. RGB is written right, so video/x-raw,format=RGB in front helps;
# asking videoconvert for what a JPEG has, colorimetry=1:4:0:0, helps RGB alone, as
# in gstreamer-convert-range.sh. avenc_mjpeg of libav 1.22.0 does the same, and so
# do both in 1.26.2 and 1.28.8. The documentation of jpegenc has no word about it.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, GStreamer 1.22 with libav, and Pillow. Prints what it sees, and fails
# when that is something else.
set -eu

version=1.22.0-5+deb12u4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download "gstreamer1.0-plugins-good=$version"
dpkg -x ./*.deb root
mkdir plugins
find root -name libgstjpeg.so -exec cp {} plugins \;
export GST_PLUGIN_PATH="$work/plugins" GST_REGISTRY="$work/registry"

# show ENCODER CAPS: what Pillow reads of pictures that are white, black and green
show () {
  for pattern in white black green; do
    gst-launch-1.0 -q videotestsrc num-buffers=1 pattern="$pattern" \
      ! video/x-raw,format=RGB,width=32,height=32 ! videoconvert \
      ! "video/x-raw,$2" ! "$1" ! filesink location="$pattern.jpg"
  done
  /usr/bin/python3 - "$1, $2:" <<'PYTHON'
import sys
from PIL import Image

print(*sys.argv[1:], *(Image.open(f'{name}.jpg').convert('RGB').getpixel((9, 9))
                       for name in ('white', 'black', 'green')))
PYTHON
}

{
  show jpegenc format=RGB
  show jpegenc format=I420,colorimetry=bt601
  show jpegenc format=I420,colorimetry=bt709
  show jpegenc format=I420,colorimetry=1:4:0:0
  show avenc_mjpeg format=I420,colorimetry=bt601
} >seen
cat seen
cat >expected <<'TXT'
jpegenc, format=RGB: (255, 255, 255) (0, 0, 0) (0, 255, 0)
jpegenc, format=I420,colorimetry=bt601: (235, 235, 235) (16, 16, 16) (12, 237, 13)
jpegenc, format=I420,colorimetry=bt709: (235, 235, 233) (16, 16, 16) (29, 255, 18)
jpegenc, format=I420,colorimetry=1:4:0:0: (255, 255, 255) (0, 0, 0) (0, 255, 0)
avenc_mjpeg, format=I420,colorimetry=bt601: (235, 235, 235) (16, 16, 16) (12, 237, 13)
TXT
if diff expected seen; then
  echo "plugins-good $version: as described"
else
  echo "plugins-good $version behaves otherwise than described" >&2
  exit 1
fi
