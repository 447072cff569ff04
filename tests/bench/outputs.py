# SPDX-License-Identifier: LGPL-2.1-or-later

"""Whether outputs are those of the same network, computed on any processor."""

import array
import math

# How far outputs may be off, by difference(), and by what they are computed in.
# Of the made-up network that is measured, fp16 and weights in 8 bits are off by
# 0.006 and int8 by 0.03; the filters of one layer in another order by 0.16 (the
# first layer's) to 1.2, another network by 1 and more.
LIMITS = {"fp32": 1e-3, "auto": 0.05, "int8": 0.1}


def load(path):
    values = array.array("f")
    values.frombytes(path.read_bytes())
    return values


def centre(values):
    """Logarithms of probabilities are logits but for a constant."""
    mean = math.fsum(values) / len(values)
    return [value - mean for value in values]


def difference(values, expected, n_images):
    """Of logarithms of probabilities [images, classes]: how long the difference
    of an image's logits is, as a part of how long they are, both without their
    mean; the largest of all images. So no class decides by itself, and what a
    processor rounds otherwise stays in proportion to what the network says."""
    n = len(expected) // n_images
    if n == 0 or len(values) != len(expected):
        return math.inf
    worst = 0
    for first in range(0, len(expected), n):
        found = centre(values[first:first + n])
        wanted = centre(expected[first:first + n])
        off = math.dist(found, wanted) / math.hypot(*wanted)
        if not off <= worst:
            worst = off
    return worst


def agree(values, expected, n_images, precision):
    """False for what is not a number, too."""
    return difference(values, expected, n_images) <= LIMITS[precision]
