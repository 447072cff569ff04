# SPDX-License-Identifier: LGPL-2.1-or-later

"""Writes golden/dtypes.txt: the bits of a stored value and of the float that
it is, as ml_dtypes and numpy convert it. Every F8; of F16, BF16 and F64 what
lies at their edges. Needs both packages; ml_dtypes 0.6.0 wrote what is here."""

import pathlib

import ml_dtypes
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
DTYPES = {
    "F8_E4M3": (ml_dtypes.float8_e4m3fn, np.uint8, range(256)),
    "F8_E5M2": (ml_dtypes.float8_e5m2, np.uint8, range(256)),
    "F16": (np.float16, np.uint16, (
        0, 1, 0x3ff, 0x400, 0x3c00, 0x3555, 0x7bff, 0x7c00, 0x7c01, 0x7e00,
        0x8000, 0x8001, 0xbc00, 0xfbff, 0xfc00, 0xfe00)),
    "BF16": (ml_dtypes.bfloat16, np.uint16, (
        0, 1, 0x7f, 0x80, 0x3f80, 0x3eab, 0x7f7f, 0x7f80, 0x7fc0, 0x8000,
        0x8001, 0xbf80, 0xff7f, 0xff80, 0xffc0)),
    # The last of each line: halves between floats, one more, one less.
    "F64": (np.float64, np.uint64, (
        0, 1, 0x3ff0000000000000, 0x3ff0000010000000, 0x3ff0000010000001,
        0x3ff0000030000000, 0x3ff000002fffffff,
        0x47efffffe0000000, 0x47efffffefffffff, 0x47effffff0000000,
        0x36a0000000000000, 0x3690000000000000, 0x3690000000000001,
        0x380fffffc0000000, 0x7fefffffffffffff, 0x7ff0000000000000,
        0x7ff8000000000000, 0x8000000000000000, 0xbfd5555555555555,
        0xfff0000000000000)),
}


def main():
    lines = []
    for name, (dtype, bits, codes) in DTYPES.items():
        stored = np.array(list(codes), dtype=bits)
        with np.errstate(over="ignore"):
            floats = stored.view(dtype).astype(np.float32)
        for code, value in zip(stored, floats.view(np.uint32)):
            lines.append(f"{name} {code:x} {value:x}\n")
    (HERE / "golden" / "dtypes.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
