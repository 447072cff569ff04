#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# How gdk-pixbuf 2.42.10 (Debian 12) turns pictures upright depends on the format:
#     sh findings/gdk-pixbuf-orientation.sh
# - of a JPEG it leaves the pixels as they are stored and passes the orientation
#   of EXIF on, as the option "orientation";
# - of a PNG that has the same EXIF, in the chunk eXIf, there is no such option, so
#   that gdk_pixbuf_apply_embedded_orientation() leaves it lying on its side;
# - of a TIFF it has done half of the turning: of orientation 6 the pixels come as
#   7 has them, and the option says 7; of 2, 3 and 4 nothing is left to do.
# Who turns what gdk-pixbuf has decoded has to take the orientation from that
# option for a TIFF, and from the file for a PNG: another reader's 6 makes a
# mirrored picture of a TIFF.
# Downloads that version into a temporary folder; needs apt-get with Debian 12's
# packages, PyGObject and Pillow. Prints what it sees, and fails when that is
# something else.
set -eu

version=2.42.10+dfsg-1+deb12u4
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

apt-get -qq -o APT::Sandbox::User="$(id -un)" download \
  "libgdk-pixbuf-2.0-0=$version" "gir1.2-gdkpixbuf-2.0=$version"
for package in *.deb; do
  dpkg -x "$package" root
done
libraries=$(dirname "$(find root -name 'libgdk_pixbuf-2.0.so.0')")
export LD_LIBRARY_PATH="$work/$libraries" GDK_PIXBUF_MODULE_FILE="$work/loaders"
export GI_TYPELIB_PATH="$work/$libraries/girepository-1.0"
modules=$(find "$work/root" -name 'libpixbufloader-*.so')
# shellcheck disable=SC2086
"$libraries/gdk-pixbuf-2.0/gdk-pixbuf-query-loaders" $modules \
  >"$GDK_PIXBUF_MODULE_FILE"

/usr/bin/python3 - >seen <<'PYTHON'
import gi
gi.require_version('GdkPixbuf', '2.0')
from gi.repository import GdkPixbuf
from PIL import Image

ORIENTATION = 0x112
COLORS = {'r': (255, 0, 0), 'g': (0, 255, 0), 'b': (0, 0, 255), 'w': (255,) * 3}
SIDE = 16  # what JPEG does to a colour stays near its edges
STORED = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
          4: Image.Transpose.FLIP_TOP_BOTTOM, 6: Image.Transpose.ROTATE_90}

upright = Image.new('RGB', (2 * SIDE, 2 * SIDE))
for n, color in enumerate(COLORS.values()):
    upright.paste(color, (n % 2 * SIDE, n // 2 * SIDE, n % 2 * SIDE + SIDE,
                          n // 2 * SIDE + SIDE))


def save(name, orientation):
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    how = {'tiffinfo': exif} if name.endswith('.tif') else {'exif': exif}
    upright.transpose(STORED[orientation]).save(name, **how)


def describe(picture):
    """The colours of its quarters, row by row."""
    data, stride = picture.get_pixels(), picture.get_rowstride()
    n = picture.get_n_channels()
    names = ''
    for y in (SIDE // 2, SIDE + SIDE // 2):
        for x in (SIDE // 2, SIDE + SIDE // 2):
            pixel = data[y * stride + x * n:y * stride + x * n + 3]
            names += next(name for name, color in COLORS.items()
                          if all(abs(a - b) < 64 for a, b in zip(pixel, color)))
    return f'{names[:2]}/{names[2:]}'


print('gdk-pixbuf', GdkPixbuf.PIXBUF_VERSION)
print('upright: rg/bw')
for name, orientation in [('6.jpg', 6), ('6.png', 6), ('6.tif', 6), ('2.tif', 2),
                          ('3.tif', 3), ('4.tif', 4)]:
    save(name, orientation)
    picture = GdkPixbuf.Pixbuf.new_from_file(name)
    print(name, describe(picture), 'orientation',
          picture.get_option('orientation'), '->',
          describe(picture.apply_embedded_orientation()))
PYTHON
cat seen
cat >expected <<'TXT'
gdk-pixbuf 2.42.10
upright: rg/bw
6.jpg gw/rb orientation 6 -> rg/bw
6.png gw/rb orientation None -> gw/rb
6.tif wg/br orientation 7 -> rg/bw
2.tif rg/bw orientation None -> rg/bw
3.tif rg/bw orientation None -> rg/bw
4.tif rg/bw orientation None -> rg/bw
TXT
if diff expected seen; then
  echo "gdk-pixbuf $version: as described"
else
  echo "gdk-pixbuf $version behaves otherwise than described" >&2
  exit 1
fi
