#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Makes what test-preprocess-pillow.c compares with, from Pillow and torchvision.

Run it with Debian's python3-pil, python3-numpy, python3-torchvision and
python3-opencv:

    /usr/bin/python3 tests/data/generate_preprocess.py

Reads cifar10-test-500.png (real photographs, 32x32 each) and writes beside it

  preprocess-photo.gz    320x256 pixels of the sheet, R G B bytes, gzip. Frames
                         of any size are made of it by repetition.
  preprocess-rgb.txt     one case a line: width height x y w h mode resize size
                         par-n par-d sha256-of-rgb sha256-of-grey
                         (x y w h: region; par: pixel aspect ratio; the sums
                         are over size * size * 3 bytes R G B of the network's
                         input before normalisation; grey: of the green
                         channel alone)
  preprocess-tencrop.txt one case a line: width height x y w h mode resize
                         size position mirror sha256-of-rgb, ten for each
                         geometry, positions numbered as in alexnet.h
  preprocess-bilinear.txt one case a line: width height x y w h mode resize size
  preprocess-bilinear.gz  the results of those cases without antialias, rounded,
                         R G B bytes, one after the other, gzip
  preprocess-luma.txt    one case a line, as preprocess-bilinear.txt's
  preprocess-luma.gz     Pillow's mode L of the results, one after the other,
                         gzip
  preprocess-ycbcr.txt   one case a line: format width height x y w h size
                         matrix range site, numbered as in alexnet.h
  preprocess-ycbcr.gz    the results of those cases, R G B bytes, one after
                         the other, gzip
"""

import fractions
import gzip
import hashlib
import pathlib

import cv2
import numpy as np
import torch
from PIL import Image
from torchvision.transforms import functional as F

HERE = pathlib.Path(__file__).resolve().parent
CENTER, SQUASH, STRETCH, LETTERBOX = range(1, 5)  # as in alexnet.h
MEAN = (124, 116, 104)  # what 255 * mean rounds to

RGB_CASES = [
    # width, height, region, mode, resize, size
    (256, 256, None, CENTER, 256, 224),
    (320, 240, None, CENTER, 256, 224),
    (640, 480, None, CENTER, 256, 227),
    (1280, 720, None, CENTER, 256, 224),
    (1920, 1080, None, CENTER, 256, 224),  # 455 wide: 115.5 -> 116
    (457, 256, None, CENTER, 256, 224),  # 116.5 -> 116
    (459, 256, None, CENTER, 256, 224),  # 117.5 -> 118
    (256, 459, None, CENTER, 256, 224),
    (33, 32, None, CENTER, 256, 224),
    (32, 32, None, CENTER, 256, 224),
    (1, 1, None, CENTER, 256, 224),
    (1, 300, None, CENTER, 256, 224),
    (300, 1, None, CENTER, 256, 224),
    (7, 5, None, CENTER, 256, 224),
    (333, 777, None, CENTER, 256, 224),
    (640, 360, (13, 7, 301, 299), CENTER, 256, 224),
    (640, 360, (639, 359, 1, 1), CENTER, 256, 224),
    (1280, 720, None, SQUASH, 256, 227),
    (333, 777, None, SQUASH, 256, 224),
    (640, 360, (13, 7, 301, 299), SQUASH, 255, 224),  # 15.5 -> 16
    (57, 41, None, SQUASH, 256, 227),  # 14.5 -> 14
    (320, 240, None, SQUASH, 100, 224),  # black around
    (640, 360, (101, 0, 39, 360), STRETCH, 256, 224),
    (320, 240, None, STRETCH, 256, 227),
    (1280, 720, None, STRETCH, 256, 224),
    (224, 224, None, STRETCH, 256, 224),
    (1280, 720, None, LETTERBOX, 256, 224),
    (100, 333, None, LETTERBOX, 256, 224),
    (300, 1, None, LETTERBOX, 256, 224),
    (64, 48, None, LETTERBOX, 256, 64),
    (320, 240, None, CENTER, 100, 224),  # 133x100: black around
    (640, 240, None, CENTER, 99, 224),  # 264x99: black above and below
    (320, 240, None, CENTER, 1, 9),
]

# As displayed, all are whole pixels wide.
PAR_CASES = [
    # width, height, region, mode, resize, size, pixel aspect ratio
    (720, 576, None, CENTER, 256, 224, (64, 45)),  # 1024x576
    (720, 576, None, SQUASH, 256, 224, (64, 45)),
    (720, 576, None, STRETCH, 256, 224, (64, 45)),
    (720, 576, None, LETTERBOX, 256, 224, (64, 45)),
    (720, 480, None, CENTER, 256, 227, (8, 9)),  # 640x480
    (720, 480, None, LETTERBOX, 256, 227, (8, 9)),
    (1440, 1080, None, CENTER, 256, 224, (4, 3)),
    (300, 400, None, CENTER, 256, 224, (2, 1)),  # the height is shorter
    (300, 400, None, LETTERBOX, 256, 224, (2, 1)),
    (400, 300, None, CENTER, 256, 224, (10, 20)),  # the width is shorter
    (400, 300, None, LETTERBOX, 256, 224, (10, 20)),
    (720, 576, (13, 7, 300, 299), CENTER, 256, 224, (16, 15)),
    (720, 576, (400, 100, 45, 200), LETTERBOX, 256, 224, (64, 45)),
    (90, 40, None, CENTER, 100, 224, (1, 3)),  # 100x133: black around
    (3, 1, None, LETTERBOX, 256, 64, (1, 3)),
    (1, 1, None, CENTER, 256, 224, (500, 1)),
]

TEN_CROP_CASES = [
    # width, height, region, mode, resize, size
    (320, 240, None, CENTER, 256, 224),
    (459, 256, None, CENTER, 256, 227),  # 117.5 on both sides of the centre
    (333, 777, None, CENTER, 256, 224),
    (640, 360, (13, 7, 301, 299), CENTER, 256, 224),
    (97, 41, None, CENTER, 64, 64),
    (333, 777, None, SQUASH, 256, 227),
    (640, 360, (13, 7, 301, 299), SQUASH, 256, 224),
]

BILINEAR_CASES = [
    # width, height, region, mode, resize, size
    (1280, 720, None, CENTER, 73, 64),
    (97, 41, None, CENTER, 73, 64),  # enlarged
    (333, 777, (13, 7, 301, 299), SQUASH, 73, 64),
    (57, 643, None, SQUASH, 73, 64),  # one side enlarged
    (640, 360, None, STRETCH, 73, 64),
    (3, 1, None, STRETCH, 73, 64),
    (320, 240, None, SQUASH, 40, 64),  # black around
]

LUMA_CASES = [
    # width, height, region, mode, resize, size
    (1280, 720, None, CENTER, 73, 64),
    (97, 41, None, SQUASH, 73, 64),
    (333, 777, (13, 7, 301, 299), STRETCH, 73, 64),
]

# Of TenCrop's five, as numbered in alexnet.h.
POSITIONS = (1, 2, 3, 4, 0)

# Numbers as in alexnet.h.
NV12, NV21, I420, YUY2, P010, I420_10 = 11, 12, 13, 15, 19, 20
LUMA = {1: (0.299, 0.114), 2: (0.2126, 0.0722), 3: (0.2627, 0.0593)}
FULL, LIMITED = 1, 2
MIDDLE, LEFT, TOP_LEFT, TOP = 1, 2, 3, 4

YCBCR_CASES = [
    # format, width, height, region, size, matrix, range, site
    (I420, 320, 180, None, 64, 2, LIMITED, LEFT),
    (NV12, 201, 143, None, 64, 1, LIMITED, MIDDLE),
    (YUY2, 199, 200, None, 64, 1, FULL, MIDDLE),
    (P010, 333, 222, None, 64, 3, LIMITED, TOP_LEFT),
    (I420_10, 60, 51, None, 64, 2, FULL, TOP),
    (NV21, 320, 240, (51, 33, 177, 99), 64, 2, LIMITED, LEFT),
]


def recipe(image, mode, resize, size, par=(1, 1)):
    w, h = image.width * fractions.Fraction(*par), image.height
    assert w.denominator == 1, "no whole pixels"
    w = int(w)
    if mode == CENTER:
        w, h = F.resize(Image.new("L", (w, h)), resize).size
        return F.center_crop(F.resize(image, [h, w]), size)
    if mode == SQUASH:
        return F.center_crop(F.resize(image, [resize, resize]), size)
    if mode == STRETCH:
        return F.resize(image, [size, size])
    w, h = ((size, max(size * h // w, 1)) if w >= h
            else (max(size * w // h, 1), size))
    out = Image.new("RGB", (size, size), MEAN)
    out.paste(F.resize(image, [h, w]), ((size - w) // 2, (size - h) // 2))
    return out


def cut(image, region):
    if region is None:
        return image
    x, y, w, h = region
    return image.crop((x, y, x + w, y + h))


def frame(photo, width, height):
    ys = np.arange(height) % photo.shape[0]
    xs = np.arange(width) % photo.shape[1]
    return np.ascontiguousarray(photo[ys[:, None], xs[None, :]])


def sha256(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def rgb_line(photo, case):
    width, height, region, mode, resize, size, par = case
    image = cut(Image.fromarray(frame(photo, width, height)), region)
    out = np.asarray(recipe(image, mode, resize, size, par))
    grey = recipe(image.getchannel(1).convert("RGB"), mode, resize, size, par)
    x, y, w, h = region or (0, 0, width, height)
    return (f"{width} {height} {x} {y} {w} {h} {mode} {resize} {size} "
            f"{par[0]} {par[1]} {sha256(out)} {sha256(grey)}")


def bilinear_case(photo, case):
    """What torchvision makes of a tensor of floats; OpenCV makes the same."""
    width, height, region, mode, resize, size = case
    image = cut(Image.fromarray(frame(photo, width, height)), region)
    x, y, w, h = region or (0, 0, width, height)
    pixels = np.array(image, dtype=np.float32)
    sides = {CENTER: resize, SQUASH: [resize, resize], STRETCH: [size, size]}
    resized = F.resize(torch.from_numpy(pixels).permute(2, 0, 1), sides[mode],
                       antialias=False)
    again = cv2.resize(pixels, resized.shape[:0:-1],
                       interpolation=cv2.INTER_LINEAR)
    assert np.abs(resized.permute(1, 2, 0).numpy() - again).max() < 0.01
    out = F.center_crop(resized, size).permute(1, 2, 0).numpy()
    return (f"{width} {height} {x} {y} {w} {h} {mode} {resize} {size}",
            np.floor(out + 0.5).astype(np.uint8).tobytes())


def luma_case(photo, case):
    """Resized in colour; it makes at most a level to resize luma instead."""
    width, height, region, mode, resize, size = case
    image = cut(Image.fromarray(frame(photo, width, height)), region)
    x, y, w, h = region or (0, 0, width, height)
    out = np.asarray(recipe(image, mode, resize, size).convert("L"))
    other = np.asarray(recipe(image.convert("L"), mode, resize, size))
    assert np.abs(out.astype(int) - other).max() <= 1
    return (f"{width} {height} {x} {y} {w} {h} {mode} {resize} {size}",
            out.tobytes())


def ten_crop_lines(photo, case):
    width, height, region, mode, resize, size = case
    image = cut(Image.fromarray(frame(photo, width, height)), region)
    x, y, w, h = region or (0, 0, width, height)
    sides = [resize, resize] if mode == SQUASH else resize
    crops = F.ten_crop(F.resize(image, sides), size)
    return [f"{width} {height} {x} {y} {w} {h} {mode} {resize} {size} "
            f"{POSITIONS[i % 5]} {i // 5} {sha256(np.asarray(crop))}"
            for i, crop in enumerate(crops)]


def planes(photo, format, width, height):
    """Y', Cb, Cr as stored, 10-bit values unshifted; frame_new() in
    preprocess-reference.c makes the same numbers."""
    rgb = frame(64 + photo // 2, width, height).astype(np.int64)
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    y = ((66 * r + 129 * g + 25 * b + 128) >> 8) + 16
    u = ((-38 * r - 74 * g + 112 * b + 128) >> 8) + 128
    v = ((112 * r - 94 * g - 18 * b + 128) >> 8) + 128
    v_step = 1 if format == YUY2 else 2
    u, v = u[::v_step, ::2], v[::v_step, ::2]
    if format not in (P010, I420_10):
        return [y, u, v]
    return [4 * p + ((np.arange(p.shape[1])[None, :]
                      + 2 * np.arange(p.shape[0])[:, None] + c) & 3)
            for c, p in enumerate((y, u, v))]


def upsample(plane, length, axis, cosited):
    i = np.arange(length)
    p = i / 2 if cosited else (i - 0.5) / 2
    low = np.floor(p).astype(int)
    f = p - low
    last = plane.shape[axis] - 1
    a = plane.take(np.clip(low, 0, last), axis)
    b = plane.take(np.clip(low + 1, 0, last), axis)
    f = f[:, None] if axis == 0 else f[None, :]
    return (1 - f) * a + f * b


def convert(components, format, matrix, range_, site):
    bits = 10 if format in (P010, I420_10) else 8
    y, u, v = (c.astype(np.float64) for c in components)
    height, width = y.shape
    if format != YUY2:
        u, v = (upsample(c, height, 0, site in (TOP_LEFT, TOP)) for c in (u, v))
    u, v = (upsample(c, width, 1, site in (LEFT, TOP_LEFT)) for c in (u, v))
    unit = 2 ** (bits - 8)
    if range_ == LIMITED:
        y = (y - 16 * unit) / (219 * unit)
        u, v = ((c - 128 * unit) / (224 * unit) for c in (u, v))
    else:
        y, u, v = (y / (2 ** bits - 1), (u - 128 * unit) / (2 ** bits - 1),
                   (v - 128 * unit) / (2 ** bits - 1))
    kr, kb = LUMA[matrix]
    r = y + 2 * (1 - kr) * v
    b = y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    rgb = np.stack([r, g, b], -1) * 255
    assert rgb.min() > -0.5 and rgb.max() < 255.5, "colours outside RGB"
    return np.floor(np.clip(rgb, 0, 255) + 0.5).astype(np.uint8)


def ycbcr_case(photo, case):
    format, width, height, region, size, matrix, range_, site = case
    rgb = convert(planes(photo, format, width, height), format, matrix, range_,
                  site)
    image = cut(Image.fromarray(rgb), region)
    out = np.asarray(recipe(image, CENTER, size * 8 // 7, size))
    x, y, w, h = region or (0, 0, width, height)
    line = (f"{format} {width} {height} {x} {y} {w} {h} {size} {matrix} "
            f"{range_} {site}")
    return line, out.tobytes()


def write_gz(name, data):
    (HERE / name).write_bytes(gzip.compress(data, 9, mtime=0))


def write_cases(name, results):
    (HERE / f"{name}.txt").write_text("".join(line + "\n" for line, _ in results))
    write_gz(f"{name}.gz", b"".join(out for _, out in results))


def main():
    sheet = Image.open(HERE / "cifar10-test-500.png").convert("RGB")
    photo = np.asarray(sheet.crop((0, 0, 320, 256)))
    write_gz("preprocess-photo.gz", photo.tobytes())
    square = [case + ((1, 1),) for case in RGB_CASES]
    lines = [rgb_line(photo, case) for case in square + PAR_CASES]
    (HERE / "preprocess-rgb.txt").write_text("\n".join(lines) + "\n")
    lines = [line for case in TEN_CROP_CASES
             for line in ten_crop_lines(photo, case)]
    (HERE / "preprocess-tencrop.txt").write_text("\n".join(lines) + "\n")
    write_cases("preprocess-bilinear",
                [bilinear_case(photo, case) for case in BILINEAR_CASES])
    write_cases("preprocess-luma",
                [luma_case(photo, case) for case in LUMA_CASES])
    write_cases("preprocess-ycbcr",
                [ycbcr_case(photo, case) for case in YCBCR_CASES])


if __name__ == "__main__":
    main()
