# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures, upright and whole."""
import gi

gi.require_version('GdkPixbuf', '2.0')
gi.require_version('Gst', '1.0')
from gi.repository import GdkPixbuf, Gio, GLib, Gst  # noqa: E402

from .errors import Failure  # noqa: E402

HEAD_SIZE = 4096
MAX_PICTURE = 1 << 26
JPEG, PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
PNG_END = b'IEND\xaeB`\x82'
START_OF_SCAN, END_OF_IMAGE = 0xda, b'\xff\xd9'


def is_picture(path):
    """By what is in the file, whatever its name."""
    with open(path, 'rb') as file:
        kind, _ = Gio.content_type_guess(None, file.read(HEAD_SIZE))
    return (Gio.content_type_get_mime_type(kind) or '').startswith('image/') \
        and not is_motion(path)


def is_motion(path):
    """One JPEG or PNG after the other."""
    with open(path, 'rb') as file:
        data = file.read(MAX_PICTURE)
    return PNG_END + PNG in data if data.startswith(PNG) else \
        is_motion_jpeg(data)


def is_motion_jpeg(data):
    """A picture may have a second one behind it, too, which its header then tells
    (MPF)."""
    scan = find_scan(data)
    end = data.find(END_OF_IMAGE, scan) if scan else -1
    return end > 0 and data.startswith(JPEG, end + len(END_OF_IMAGE)) and \
        data.find(b'MPF\0', 0, scan) < 0


def find_scan(data):
    """Where the pixels of a JPEG begin, behind the header, which may hold a
    smaller one; or None."""
    at = 2
    if not data.startswith(JPEG):
        return None
    while at + 4 <= len(data) and data[at] == 0xff:
        if data[at + 1] == START_OF_SCAN:
            return at
        if data[at + 1] == 0xff:
            at += 1
        else:
            at += 2 + int.from_bytes(data[at + 2:at + 4], 'big')
    return None


def is_cut_short(data):
    """Decoders make a picture of what there is. That of a JPEG ends with a
    marker that no scan contains."""
    if data.startswith(PNG):
        return PNG_END not in data
    if not data.startswith(JPEG):
        return False
    scan = find_scan(data)
    return scan is None or data.find(END_OF_IMAGE, scan) < 0


def has_pages(data):
    """Whether a TIFF has more directories than the first one."""
    order = {b'II*\0': 'little', b'MM\0*': 'big'}.get(data[:4])

    def number(at, size):
        return int.from_bytes(data[at:at + size], order)

    if order is None:
        return False
    first = number(4, 4)
    return number(first + 2 + 12 * number(first, 2), 4) > 0


def find_warnings(animation, data):
    """What is left out of it. GdkPixbuf does not know that PNG can move."""
    if not animation.is_static_image() or data.startswith(PNG) and \
            data.find(b'acTL', 0, data.find(b'IDAT')) > 0:
        return ['first frame only: the picture moves']
    return ['first page only: there are more'] if has_pages(data) else []


def load(path, is_taken):
    """The picture, and warnings. Failure."""
    known, width, height = GdkPixbuf.Pixbuf.get_file_info(str(path))
    if known and not is_taken(width, height):
        raise Failure('decode', 'more pixels in a row or column than'
                      ' alexnetclassify takes')
    data = path.read_bytes()
    if is_cut_short(data):
        raise Failure('decode', 'the picture is cut short')
    try:
        animation = GdkPixbuf.PixbufAnimation.new_from_file(str(path))
    except GLib.Error as error:
        raise Failure('decode', error.message) from None
    return animation.get_static_image(), find_warnings(animation, data)


def read_picture(path, is_taken):
    """Caps, buffer and warnings; is_taken(width, height) before any pixel is
    decoded. Failure."""
    picture, warnings = load(path, is_taken)
    picture = picture.apply_embedded_orientation() or picture
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
