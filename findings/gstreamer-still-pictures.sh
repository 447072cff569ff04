#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What two decoders of plugins-good 1.22.0 (Debian 12) make of still pictures:
#     sh findings/gstreamer-still-pictures.sh
# - jpegdec gives I420 whatever a JPEG holds: of one without subsampling (4:4:4)
#   three quarters of the chroma are gone, which avdec_mjpeg of libav keeps;
# - pngdec says of RGB of 16 bits without alpha that it is ARGB64, but the samples
#   are not laid out so: a picture of one colour comes out in several.
# Who classifies pictures has to choose other decoders than decodebin does.
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
for name in jpeg png; do
  find root -name "libgst$name.so" -exec cp {} plugins \;
done
export GST_PLUGIN_PATH="$work/plugins" GST_REGISTRY="$work/registry"

/usr/bin/python3 - <<'PYTHON'
import struct
import zlib
from PIL import Image

SIDE = 32
Image.new('RGB', (SIDE, SIDE), 'red').save('000000', 'JPEG', subsampling=0)


def chunk(kind, data):
    return (struct.pack('>I', len(data)) + kind + data
            + struct.pack('>I', zlib.crc32(kind + data)))


row = b'\0' + struct.pack('>3H', 0x1000, 0x8000, 0xf000) * SIDE
with open('16.png', 'wb') as png:
    png.write(b'\x89PNG\r\n\x1a\n'
              + chunk(b'IHDR', struct.pack('>2I5B', SIDE, SIDE, 16, 2, 0, 0, 0))
              + chunk(b'IDAT', zlib.compress(row * SIDE)) + chunk(b'IEND', b''))
PYTHON

# format_of WORD...: what comes out of the decoder `d` of a pipeline.
format_of () {
  gst-launch-1.0 -v "$@" ! fakesink |
    sed -n 's/.*GstPad:src: caps = video.*format=(string)\([A-Z0-9_]*\).*/\1/p' |
    sort -u
}

{
  for decoder in jpegdec avdec_mjpeg; do
    echo "4:4:4 by $decoder: $(format_of multifilesrc location=%06d \
      caps=image/jpeg,framerate=1/1 ! $decoder)"
  done
  echo "RGB of 16 bits by pngdec: $(format_of filesrc location=16.png ! pngdec)"
  gst-launch-1.0 -q filesrc location=16.png ! pngdec ! filesink location=16.raw
  /usr/bin/python3 - <<'PYTHON'
import struct

data = open('16.raw', 'rb').read()
pixels = set(struct.iter_unpack('=4H', data))
print('pixels that differ in a picture of one colour:',
      'one' if len(pixels) == 1 else 'several')
PYTHON
} >seen
cat seen
cat >expected <<'TXT'
4:4:4 by jpegdec: I420
4:4:4 by avdec_mjpeg: Y444
RGB of 16 bits by pngdec: ARGB64
pixels that differ in a picture of one colour: several
TXT
if diff expected seen; then
  echo "plugins-good $version: as described"
else
  echo "plugins-good $version behaves otherwise than described" >&2
  exit 1
fi
