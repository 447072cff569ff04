#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later

"""Compares probabilities with those of a line of golden/pictures.txt.

    compare-pictures.py GOLDEN NAME <OUTPUT

OUTPUT names classes as classify.sh or alexnet-inspect do, all or the first.
"""

import re
import sys

LABELS = 'airplane automobile bird cat deer dog frog horse ship truck'.split()
NEAR = 0.01


def main():
    golden, name = sys.argv[1:]
    text = sys.stdin.read()
    for line in open(golden, encoding='utf-8'):
        if line.split()[0] == name:
            best, *expected = line.split()[1:]
    found = {label: float(percent) / 100 for label, percent in
             re.findall(r'([a-z]+) ([0-9.]+) %', text)}
    found.update((label, float(percent) / 100) for percent, label in
                 re.findall(r'([0-9.]+) % ([a-z]+)$', text, re.MULTILINE))
    apart = max(abs(found[label] - float(p))
                for label, p in zip(LABELS, expected) if label in found)
    first = max(found, key=found.get)
    print(f'{name}: {first}, {apart:.4f} from Pillow')
    sys.exit(first != LABELS[int(best)] or apart > NEAR)


if __name__ == '__main__':
    main()
