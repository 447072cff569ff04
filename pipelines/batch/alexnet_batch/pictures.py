# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures, upright and whole."""
import gi

gi.require_version('GdkPixbuf', '2.0')
gi.require_version('Gst', '1.0')
from gi.repository import GdkPixbuf, Gio, GLib, Gst  # noqa: E402

from . import headers  # noqa: E402
from .errors import Failure  # noqa: E402

HEAD_SIZE = 4096


def is_picture(path):
    """By what is in the file, whatever its name."""
    with open(path, 'rb') as file:
        kind, _ = Gio.content_type_guess(None, file.read(HEAD_SIZE))
    return (Gio.content_type_get_mime_type(kind) or '').startswith('image/') \
        and not headers.is_motion(headers.read(path))


def find_warnings(animation, data):
    """What is left out of it. GdkPixbuf does not know that PNG can move."""
    if not animation.is_static_image() or data.startswith(headers.PNG) and \
            data.find(b'acTL', 0, data.find(b'IDAT')) > 0:
        return ['first frame only: the picture moves']
    return ['first page only: there are more'] if headers.has_pages(data) else []


def turn(picture, data):
    """Upright. Before 2.44 GdkPixbuf reads no EXIF in a PNG or WebP."""
    if picture.get_option('orientation') is None:
        picture.set_option('orientation', str(headers.find_orientation(data)))
    return picture.apply_embedded_orientation() or picture


def load(path, is_taken):
    """The picture, upright, and warnings. Failure."""
    known, width, height = GdkPixbuf.Pixbuf.get_file_info(str(path))
    if known and not is_taken(width, height):
        raise Failure('decode', 'more pixels in a row or column than'
                      ' alexnetclassify takes')
    data = path.read_bytes()
    if headers.is_cut_short(data):
        raise Failure('decode', 'the picture is cut short')
    try:
        animation = GdkPixbuf.PixbufAnimation.new_from_file(str(path))
    except GLib.Error as error:
        raise Failure('decode', error.message) from None
    return turn(animation.get_static_image(), data), \
        find_warnings(animation, data)


def read_picture(path, is_taken):
    """Caps, buffer and warnings; is_taken(width, height) before any pixel is
    decoded. Failure."""
    picture, warnings = load(path, is_taken)
    format = 'RGBA' if picture.get_has_alpha() else 'RGB'
    caps = Gst.Caps.from_string(
        f'video/x-raw,format={format},width={picture.get_width()},'
        f'height={picture.get_height()},framerate=0/1')
    # Rows lie as GStreamer has them, but the last one has no padding.
    size = picture.get_rowstride() * picture.get_height()
    buffer = Gst.Buffer.new_wrapped(
        picture.read_pixel_bytes().get_data().ljust(size, b'\0'))
    buffer.pts = 0
    return caps, buffer, warnings
