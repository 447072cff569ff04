#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What jpegdec of plugins-good 1.22.0 (Debian 12) makes of a JPEG's chroma:
#     sh findings/gstreamer-jpeg-chroma.sh
# It gives I420 whatever a JPEG holds: of one without subsampling (4:4:4) three
# quarters of the chroma are gone, which avdec_mjpeg of libav keeps. Nothing is
# said. Who classifies pictures has to choose another decoder than decodebin does.
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

/usr/bin/python3 - <<'PYTHON'
from PIL import Image

Image.new('RGB', (32, 32), 'red').save('000000', 'JPEG', subsampling=0)
PYTHON

for decoder in jpegdec avdec_mjpeg; do
  gst-launch-1.0 -v multifilesrc location=%06d \
    caps=image/jpeg,framerate=1/1 ! $decoder ! fakesink >log
  echo "4:4:4 by $decoder: $(sed -n \
    's/.*GstPad:src: caps = video.*format=(string)\([A-Z0-9]*\).*/\1/p' log |
    sort -u)"
done >seen
cat seen
cat >expected <<'TXT'
4:4:4 by jpegdec: I420
4:4:4 by avdec_mjpeg: Y444
TXT
if diff expected seen; then
  echo "plugins-good $version: as described"
else
  echo "plugins-good $version behaves otherwise than described" >&2
  exit 1
fi
