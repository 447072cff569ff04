#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes PNGs and WebPs whose EXIF says nothing of use.

    odd-exif.py PNG WEBP DIRECTORY

Each is the picture that it is made of, which is to be taken as it is.
"""

import pathlib
import struct
import sys
import zlib

ENTRY = struct.pack('>HHIHH', 0x112, 3, 1, 6, 0)
ODD = {
    'empty': b'',
    'mark': b'Exif\0\0',
    'short': b'MM\0*',
    'far': b'MM\0*' + struct.pack('>I', 0xfffffff0),
    'many': b'MM\0*' + struct.pack('>IH', 8, 0xffff),
    'half': b'MM\0*' + struct.pack('>IH', 8, 1) + ENTRY[:6],
    'nine': b'MM\0*' + struct.pack('>IH', 8, 1) + ENTRY.replace(
        b'\0\6', b'\0\11'),
    'other': b'II*\0' + struct.pack('<IH', 8, 1) + ENTRY,
}


def with_chunk(png, data):
    """In front of the pixels."""
    at = png.index(b'IDAT') - 4
    body = b'eXIf' + data
    return png[:at] + struct.pack('>I', len(data)) + body + \
        struct.pack('>I', zlib.crc32(body)) + png[at:]


def with_exif(webp, data):
    """Behind them."""
    webp += b'EXIF' + struct.pack('<I', len(data)) + data + \
        bytes(len(data) % 2)
    return webp[:4] + struct.pack('<I', len(webp) - 8) + webp[8:]


def main():
    png, webp = (pathlib.Path(path).read_bytes() for path in sys.argv[1:3])
    for name, data in ODD.items():
        out = pathlib.Path(sys.argv[3], name)
        out.with_suffix('.png').write_bytes(with_chunk(png, data))
        out.with_suffix('.webp').write_bytes(with_exif(webp, data))


if __name__ == '__main__':
    main()
