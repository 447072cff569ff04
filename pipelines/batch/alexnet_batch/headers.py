# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the file of a picture says beside its pixels.

    python3 headers.py FILE

prints what kind of picture it is and how videoflip turns it upright, as scripts
want it, or nothing of any other file; or fails with what is wrong.
"""
import struct
import sys

JPEG, PNG, GIF = b'\xff\xd8\xff', b'\x89PNG\r\n\x1a\n', (b'GIF87a', b'GIF89a')
START_OF_SCAN, APP1, END_OF_IMAGE = 0xda, 0xe1, b'\xff\xd9'
PNG_END = b'IEND\xaeB`\x82'
ORIENTATION = 0x112
HEAD_SIZE = 32
MAX_SIZE = 1 << 26
DIRECTIONS = ('identity', 'horiz', '180', 'vert', 'ul-lr', '90r', 'ur-ll',
              '90l')


def find_kind(data):
    """As scripts call it, or None; decoders differ in PNGs of 16 bits."""
    if data.startswith(PNG):
        return 'png-16' if data[24:25] == b'\x10' else 'png'
    if data.startswith(JPEG):
        return 'jpeg'
    if data.startswith(GIF):
        return 'gif'
    if data.startswith(b'RIFF') and data[8:12] == b'WEBP':
        return 'webp'
    return 'avif' if data[4:12] in (b'ftypavif', b'ftypavis') else None


def iterate_segments(data):
    """Of the header of a JPEG: markers, and where what they mark lies."""
    at = 2
    while at + 4 <= len(data):
        if data[at] != 0xff or data[at + 1] == 0xff:
            at += 1
            continue
        end = at + 2 + int.from_bytes(data[at + 2:at + 4], 'big')
        yield data[at + 1], at + 4, end
        if data[at + 1] == START_OF_SCAN:
            return
        at = end


def iterate_chunks(data):
    """Of a PNG or WebP: names, and where what they name lies."""
    png = data.startswith(PNG)
    at = 8 if png else 12
    while at + 8 <= len(data):
        if png:
            size, name = struct.unpack_from('>I4s', data, at)
        else:
            name, size = struct.unpack_from('<4sI', data, at)
        yield name, at + 8, at + 8 + size
        at += 8 + size + (4 if png else size % 2)


def find_scan(data):
    """Where the pixels of a JPEG begin, behind the header, which may hold a
    smaller one; or None."""
    return next((end for marker, _, end in iterate_segments(data)
                 if marker == START_OF_SCAN and end <= len(data)), None)


def find_exif(data):
    """The TIFF header in it, or nothing. Some write JPEG's mark into a WebP."""
    if data.startswith(JPEG):
        parts = ((start, end) for marker, start, end in iterate_segments(data)
                 if marker == APP1 and data.startswith(b'Exif\0', start))
    else:
        parts = ((start, end) for name, start, end in iterate_chunks(data)
                 if name in (b'eXIf', b'EXIF'))
    start, end = next(parts, (0, 0))
    return data[start:end].removeprefix(b'Exif\0\0')


def read_orientation(exif):
    """Of a TIFF header and its first directory, whose entries have 12 bytes: a
    tag, a type, a count, a value."""
    order = {b'II': '<', b'MM': '>'}.get(exif[:2], '<')
    try:
        at, = struct.unpack_from(order + 'I', exif, 4)
        count, = struct.unpack_from(order + 'H', exif, at)
        for entry in range(at + 2, at + 2 + 12 * count, 12):
            tag, value = struct.unpack_from(order + 'H6xH', exif, entry)
            if tag == ORIENTATION and 1 <= value <= len(DIRECTIONS):
                return value
    except struct.error:
        pass
    return 1


def find_orientation(data):
    """As EXIF numbers them: 1, as it is, where there is none. Decoders of AVIF
    turn it, for EXIF has no say there."""
    return read_orientation(find_exif(data)) \
        if find_kind(data) in ('jpeg', 'png', 'png-16', 'webp') else 1


def find_end_of_gif(data):
    """Where the first picture of a GIF ends, beyond the file when that is cut
    short. Blocks are chains of parts whose first byte is their length."""
    def skip_colors(at, flags):
        return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)

    def skip_parts(at):
        while data[at]:
            at += 1 + data[at]
        return at + 1

    try:
        at = skip_colors(13, data[10])
        while data[at:at + 1] == b'!':
            at = skip_parts(at + 2)
        return skip_parts(skip_colors(at + 10, data[at + 9]) + 1)
    except IndexError:
        return len(data) + 1


def is_cut_short(data):
    """Decoders make a picture of what there is. That of a JPEG ends with a
    marker that no scan contains."""
    kind = None if len(data) == MAX_SIZE else find_kind(data)
    if kind in ('png', 'png-16'):
        return PNG_END not in data
    if kind == 'jpeg':
        scan = find_scan(data)
        return scan is None or data.find(END_OF_IMAGE, scan) < 0
    if kind == 'gif':
        return find_end_of_gif(data) > len(data)
    return kind == 'webp' and \
        8 + int.from_bytes(data[4:8], 'little') > len(data)


def has_pages(data):
    """Whether a TIFF has more directories than the first one."""
    order = {b'II*\0': 'little', b'MM\0*': 'big'}.get(data[:4])

    def number(at, size):
        return int.from_bytes(data[at:at + size], order)

    if order is None:
        return False
    first = number(4, 4)
    return number(first + 2 + 12 * number(first, 2), 4) > 0


def is_motion(data):
    """One JPEG or PNG after the other. A JPEG may have a second one behind it,
    too, which its header then tells (MPF)."""
    if data.startswith(PNG):
        return PNG_END + PNG in data
    scan = find_scan(data) if data.startswith(JPEG) else None
    end = data.find(END_OF_IMAGE, scan) if scan else -1
    return end > 0 and data.startswith(JPEG, end + len(END_OF_IMAGE)) and \
        data.find(b'MPF\0', 0, scan) < 0


def read(path):
    """As much of it as any picture has; in a longer one nothing counts as
    missing. Of what is no picture, such as a video, the beginning alone."""
    with open(path, 'rb') as file:
        head = file.read(HEAD_SIZE)
        return head + file.read(MAX_SIZE - len(head)) if find_kind(head) \
            else head


def main(path):
    data = read(path)
    kind = None if is_motion(data) else find_kind(data)
    if kind and is_cut_short(data):
        print('is cut short')
        sys.exit(1)
    if kind:
        print(kind, DIRECTIONS[find_orientation(data) - 1])


if __name__ == '__main__':
    main(sys.argv[1])
