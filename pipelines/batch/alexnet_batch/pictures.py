# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pictures, upright and whole."""
import gi

gi.require_version('GdkPixbuf', '2.0')
gi.require_version('Gst', '1.0')
from gi.repository import GdkPixbuf, Gio, GLib, Gst  # noqa: E402

from .errors import Failure  # noqa: E402

HEAD_SIZE = 4096
JPEG, PNG = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n'
START_OF_SCAN, END_OF_IMAGE = 0xda, b'\xff\xd9'


def is_picture(path):
    """By what is in the file, whatever its name."""
    with open(path, 'rb') as file:
        kind, _ = Gio.content_type_guess(None, file.read(HEAD_SIZE))
    return (Gio.content_type_get_mime_type(kind) or '').startswith('image/')


def is_cut_short(data):
    """Decoders make a picture of what there is. That of a JPEG, whose header
    may hold a smaller one, ends with a marker that no scan contains."""
    if data.startswith(PNG):
        return b'IEND' not in data[-1024:]
    if not data.startswith(JPEG):
        return False
    at = 2
    while at + 4 <= len(data) and data[at] == 0xff:
        if data[at + 1] == START_OF_SCAN:
            return data.find(END_OF_IMAGE, at) < 0
        if data[at + 1] == 0xff:
            at += 1
        else:
            at += 2 + int.from_bytes(data[at + 2:at + 4], 'big')
    return True


def read_picture(path):
    """Caps and buffer. Failure."""
    if is_cut_short(path.read_bytes()):
        raise Failure('decode', 'the picture is cut short')
    try:
        picture = GdkPixbuf.Pixbuf.new_from_file(str(path))
    except GLib.Error as error:
        raise Failure('decode', error.message) from None
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
    return caps, buffer
