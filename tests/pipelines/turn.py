#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes into an MP4 that players turn it by a quarter clockwise.

    turn.py FILE

It is what a phone writes that was held upright: the matrix of the header of the
track, ISO/IEC 14496-12, 8.3.2.
"""

import struct
import sys

MATRIX = 40  # in a tkhd of version 0
UPRIGHT = struct.pack('>9i', 1 << 16, 0, 0, 0, 1 << 16, 0, 0, 0, 1 << 30)
CLOCKWISE = struct.pack('>9i', 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)


def main():
    with open(sys.argv[1], 'r+b') as file:
        data = file.read()
        at = data.index(b'tkhd') + 4 + MATRIX
        assert data[at:at + len(UPRIGHT)] == UPRIGHT
        file.seek(at)
        file.write(CLOCKWISE)


if __name__ == '__main__':
    main()
