#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes pictures/, one photograph in the formats that people have, and
golden/pictures.txt: what the demonstration model gives for what Pillow reads in
each, computed by torchvision and PyTorch.

Run it with Debian's python3-torchvision and a Pillow that has AVIF (11.3 or
newer, from a virtual environment that sees the system's packages):

    python3 tests/data/generate_pictures.py

A line is a file, the class that comes first and the probabilities of all.
"""

import pathlib
import struct
import zlib

import numpy as np
from PIL import Image, ImageOps

from generate_crop_modes import MODEL, RESIZE, compute, load_model, prepare

HERE = pathlib.Path(__file__).resolve().parent
OUT = HERE / "pictures"
BOX = (96, 128, 256, 224)
ORIENTATION = 0x112  # of EXIF

# How a picture has to be stored that is turned upright by this orientation.
STORED = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270}


def chunk(kind, data):
    return (struct.pack(">I", len(data)) + kind + data
            + struct.pack(">I", zlib.crc32(kind + data)))


def write_png16(name, array, color_type):
    """PNG of 16 bits, most of which Pillow does not write."""
    height, width = array.shape[:2]
    rows = array.astype(">u2").reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    (OUT / name).write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"".join(
            b"\0" + row.tobytes() for row in rows), 9))
        + chunk(b"IEND", b""))


def turned(image, orientation, endian=">"):
    """The image as it is stored, and the EXIF that says so."""
    exif = Image.Exif()
    exif.endian = endian
    exif[ORIENTATION] = orientation
    return image.transpose(STORED[orientation]), exif


def write_jpegs(image):
    for name, sampling in ("444", 0), ("422", 1), ("420", 2):
        image.save(OUT / f"{name}.jpg", quality=90, subsampling=sampling)
    image.save(OUT / "progressive.jpg", quality=90, progressive=True)
    image.convert("L").save(OUT / "grey.jpg", quality=90)
    image.convert("CMYK").save(OUT / "cmyk.jpg", quality=90)
    for orientation in STORED:
        stored, exif = turned(image, orientation)
        stored.save(OUT / f"orientation-{orientation}.jpg", quality=90,
                    subsampling=0, exif=exif)


def write_pngs(image, alpha):
    fine = np.asarray(image).astype(int) * 257
    image.save(OUT / "rgb.png")
    stored, exif = turned(image, 6)
    stored.save(OUT / "orientation-6.png", exif=exif)
    image.convert("1").save(OUT / "bilevel.png")
    palette = image.quantize(200, dither=Image.Dither.NONE)
    palette.save(OUT / "palette.png")
    palette.save(OUT / "palette-transparent.png", transparency=3)
    Image.merge("RGBA", (*image.split(), alpha)).save(OUT / "rgba.png")
    write_png16("rgb-16.png", fine, 2)
    write_png16("rgba-16.png",
                np.dstack([fine, np.asarray(alpha).astype(int) * 257]), 6)
    write_png16("grey-16.png", np.asarray(image.convert("L")).astype(int) * 257,
                0)


def write_others(image, alpha):
    image.quantize(256, dither=Image.Dither.NONE).save(OUT / "palette.gif")
    image.save(OUT / "lossy.webp", quality=90)
    stored, exif = turned(image, 8, "<")
    stored.save(OUT / "orientation-8.webp", lossless=True, exif=exif)
    Image.merge("RGBA", (*image.split(), alpha)).save(
        OUT / "lossless-alpha.webp", lossless=True, exact=True)
    image.save(OUT / "still.avif", quality=90, subsampling="4:4:4")


def read(path):
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):  # convert("RGB") would clip
        image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    return image.convert("RGB")


def main():
    OUT.mkdir(exist_ok=True)
    sheet = Image.open(HERE / "cifar10-test-500.png").convert("RGB")
    image = sheet.crop(BOX)
    alpha = Image.linear_gradient("L").resize(image.size)
    write_jpegs(image)
    write_pngs(image, alpha)
    write_others(image, alpha)
    model = load_model(MODEL)
    lines = []
    for path in sorted(OUT.iterdir()):
        result = compute(model, prepare(read(path), RESIZE))
        lines.append(f"{path.name} {result.argmax()}"
                     + "".join(f" {p:.6f}" for p in result) + "\n")
    (HERE / "golden" / "pictures.txt").write_text("".join(lines))


if __name__ == "__main__":
    main()
