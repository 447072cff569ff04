#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes sample.webm: one photograph of each class of CIFAR-10, a second each.

The photographs come from tests/data/cifar10-test-500.png: of each class the
one that PyTorch is surest of. Needs python3-numpy, python3-pil and
gstreamer1.0-plugins-good.
"""
import json
import pathlib
import subprocess

import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
DATA = HERE.parent.parent / 'tests' / 'data'
SIDE, RATE = 256, 25


def surest(sheet, label):
    """The tile of class `label` that has the largest softmax output."""
    logits = np.array(sheet['pytorch_logits'])
    share = np.exp(logits[:, label]) / np.exp(logits).sum(axis=1)
    share[np.array(sheet['truth']) != label] = 0
    return int(share.argmax())


def photographs():
    sheet = json.loads((DATA / 'cifar10-test-500.json').read_text())
    tiles = Image.open(DATA / 'cifar10-test-500.png').convert('RGB')
    side = sheet['tile']
    for label in range(len(sheet['labels'])):
        row, column = divmod(surest(sheet, label), sheet['columns'])
        left, top = column * side, row * side
        tile = tiles.crop((left, top, left + side, top + side))
        yield tile.resize((SIDE, SIDE), Image.BICUBIC)


def main():
    caps = f'video/x-raw,format=RGB,width={SIDE},height={SIDE}'
    encoder = subprocess.Popen([
        'gst-launch-1.0', '-q', 'fdsrc', '!',
        f'{caps},framerate={RATE}/1', '!',
        'rawvideoparse', 'use-sink-caps=true', '!', 'videoconvert', '!',
        'vp8enc', 'end-usage=cq', 'cq-level=10', 'target-bitrate=400000',
        'deadline=0', 'keyframe-max-dist=25', '!',
        'webmmux', '!', 'filesink', f'location={HERE / "sample.webm"}',
    ], stdin=subprocess.PIPE)
    for image in photographs():
        encoder.stdin.write(image.tobytes() * RATE)
    encoder.stdin.close()
    if encoder.wait():
        raise SystemExit('gst-launch-1.0 failed')


if __name__ == '__main__':
    main()
