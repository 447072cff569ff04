#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Trains the demonstration model: a quarter-width AlexNet on CIFAR-10.

    train-cifar10.py cifar-10-batches-py alexnet-cifar10.safetensors

The first argument is the unpacked "python version" of the data set. Takes
about 80 minutes on two CPU cores. Needs python3-torch and python3-numpy.

Two stages: 14 epochs at 112x112 pixels (the 6x6 adaptive pooling makes the
size free), then 5 at 224x224.
"""
import json
import math
import pathlib
import pickle
import struct
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

# conv1..conv5, fc6, fc7; full width is 64 192 384 256 256 4096 4096.
WIDTHS = [16, 48, 96, 64, 64, 512, 512]
LABELS = ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog',
          'horse', 'ship', 'truck']
MEAN, STD = [.485, .456, .406], [.229, .224, .225]
BATCH = 128


class AlexNet(nn.Module):
    """torchvision's AlexNet with free widths and the same tensor names."""

    def __init__(self, w=WIDTHS, classes=len(LABELS), dropout=.3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(3, w[0], 11, 4, 2), nn.ReLU(True), nn.MaxPool2d(3, 2),
            nn.Conv2d(w[0], w[1], 5, padding=2), nn.ReLU(True),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(w[1], w[2], 3, padding=1), nn.ReLU(True),
            nn.Conv2d(w[2], w[3], 3, padding=1), nn.ReLU(True),
            nn.Conv2d(w[3], w[4], 3, padding=1), nn.ReLU(True),
            nn.MaxPool2d(3, 2))
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout), nn.Linear(w[4] * 36, w[5]), nn.ReLU(True),
            nn.Dropout(dropout), nn.Linear(w[5], w[6]), nn.ReLU(True),
            nn.Linear(w[6], classes))
        for m in self.modules():
            if isinstance(m, (nn.Conv2d, nn.Linear)):
                nn.init.kaiming_normal_(m.weight, nonlinearity='relu')
                nn.init.zeros_(m.bias)

    def forward(self, x):
        x = self.avgpool(self.features(x))
        return self.classifier(torch.flatten(x, 1))


def load(folder):
    """The 50,000 training images as uint8 [n,3,32,32], and their classes."""
    x, y = [], []
    for path in sorted(pathlib.Path(folder).glob('data_batch_*')):
        batch = pickle.loads(path.read_bytes(), encoding='bytes')
        x.append(batch[b'data'].reshape(-1, 3, 32, 32))
        y += batch[b'labels']
    return torch.from_numpy(np.concatenate(x)), torch.tensor(y)


def augment(x, size):
    """uint8 [n,3,32,32] -> normalised float [n,3,size,size].

    Random scale, aspect, shift, mirror image, gain, offset and noise.
    """
    n, x = len(x), x.float().div(255)
    scale = torch.empty(n).uniform_(.75, 1.05)
    aspect = torch.exp(torch.empty(n).uniform_(-.12, .12))
    mirror = (torch.rand(n) < .5).float() * 2 - 1
    t = torch.zeros(n, 2, 3)
    t[:, 0, 0], t[:, 1, 1] = scale * aspect * mirror, scale / aspect
    for axis in range(2):
        t[:, axis, 2] = (torch.rand(n) * 2 - 1) * (1 - scale).abs()
    grid = F.affine_grid(t, (n, 3, size, size), align_corners=False)
    x = F.grid_sample(x, grid, mode='bilinear', padding_mode='reflection',
                      align_corners=False)
    x = x * torch.empty(n, 1, 1, 1).uniform_(.8, 1.2)
    x = x + torch.empty(n, 1, 1, 1).uniform_(-.1, .1)
    x = x + torch.randn_like(x) * .02
    return (x - torch.tensor(MEAN).view(3, 1, 1)) / \
        torch.tensor(STD).view(3, 1, 1)


def rate(peak, done):
    """A linear rise over the first tenth, then half a cosine."""
    if done < .1:
        return peak * done / .1
    return peak * .5 * (1 + math.cos(math.pi * (done - .1) / .9))


def train(net, x, y):
    opt = torch.optim.SGD(net.parameters(), lr=.02, momentum=.9,
                          nesterov=True, weight_decay=5e-4)
    steps = len(x) // BATCH
    for size, epochs, peak in ((112, 14, .02), (224, 5, .006)):
        for epoch in range(epochs):
            start, losses = time.time(), 0.
            order = torch.randperm(len(x))[:steps * BATCH].view(-1, BATCH)
            for i, k in enumerate(order):
                for group in opt.param_groups:
                    group['lr'] = rate(peak, (epoch + i / steps) / epochs)
                loss = F.cross_entropy(net(augment(x[k], size)), y[k],
                                       label_smoothing=.1)
                opt.zero_grad()
                loss.backward()
                nn.utils.clip_grad_norm_(net.parameters(), 5)
                opt.step()
                losses += loss.item()
            print(f'{size}x{size}, epoch {epoch}: loss {losses / steps:.3f},'
                  f' {time.time() - start:.0f} s', flush=True)


def write_safetensors(path, tensors, metadata):
    """8 bytes of length, a JSON header, then the tensors as F16."""
    header, data = {'__metadata__': metadata}, b''
    for name, tensor in tensors.items():
        raw = tensor.half().numpy().tobytes()
        header[name] = {'dtype': 'F16', 'shape': list(tensor.shape),
                        'data_offsets': [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b' ' * (-len(text) % 8)
    path.write_bytes(struct.pack('<Q', len(text)) + text + data)


def main(folder, path):
    torch.manual_seed(1)
    net = AlexNet()
    train(net, *load(folder))
    write_safetensors(pathlib.Path(path), net.state_dict(), {
        'format': 'pt',
        'architecture': 'alexnet-torchvision',
        'labels': json.dumps(LABELS),
        'preprocess': json.dumps({
            'resize': 256, 'crop': 224, 'mean': MEAN, 'std': STD,
            'interpolation': 'bilinear-antialias', 'channels': 'RGB'}),
        'source': 'trained from scratch on CIFAR-10 (Krizhevsky 2009),'
                  ' 50,000 images',
    })


if __name__ == '__main__':
    main(*sys.argv[1:])
