#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What pngdec of plugins-good 1.22.0 (Debian 12) makes of RGB of 16 bits without
# alpha:
#     sh findings/gstreamer-png-16-bits.sh
# It says that frames are ARGB64, but their samples are not laid out so: a picture
# of one colour comes out in several. Nothing is said. Who classifies pictures has
# to choose another decoder than decodebin does.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages and GStreamer 1.22. Prints what it sees, and fails when that is something
# else.
set -eu

version=1.22.0-5+deb12u4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download "gstreamer1.0-plugins-good=$version"
dpkg -x ./*.deb root
mkdir plugins
find root -name libgstpng.so -exec cp {} plugins \;
export GST_PLUGIN_PATH="$work/plugins" GST_REGISTRY="$work/registry"

/usr/bin/python3 - <<'PYTHON'
import struct
import zlib

SIDE = 32


def chunk(kind, data):
    return (struct.pack('>I', len(data)) + kind + data
            + struct.pack('>I', zlib.crc32(kind + data)))


row = b'\0' + struct.pack('>3H', 0x1000, 0x8000, 0xf000) * SIDE
with open('16.png', 'wb') as png:
    png.write(b'\x89PNG\r\n\x1a\n'
              + chunk(b'IHDR', struct.pack('>2I5B', SIDE, SIDE, 16, 2, 0, 0, 0))
              + chunk(b'IDAT', zlib.compress(row * SIDE)) + chunk(b'IEND', b''))
PYTHON

gst-launch-1.0 -v filesrc location=16.png ! pngdec ! filesink location=16.raw >log
{
  sed -n 's/.*pngdec0.GstPad:src: caps = .*format=(string)\([A-Z0-9]*\).*/\1/p' log
  /usr/bin/python3 - <<'PYTHON'
import struct

with open('16.raw', 'rb') as raw:
    pixels = set(struct.iter_unpack('=4H', raw.read()))
print('pixels that differ in a picture of one colour:',
      'one' if len(pixels) == 1 else 'several')
PYTHON
} >seen
cat seen
cat >expected <<'TXT'
ARGB64
pixels that differ in a picture of one colour: several
TXT
if diff expected seen; then
  echo "plugins-good $version: as described"
else
  echo "plugins-good $version behaves otherwise than described" >&2
  exit 1
fi
