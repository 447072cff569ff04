# SPDX-License-Identifier: LGPL-2.1-or-later

"""Networks with weights from a formula; tests/engine/support/random-model.[ch] is the
same in C, bit by bit.

Values are formula.py's; a is sqrt (6 / fan in) for a weight, 0.01 for a bias.
The input is tensor "input" with a = 1, for caffe and caffenet (whose input is
0..255 minus the mean) a = 128.
"""

import math
import sys

import torch
from torch import nn

import formula

CLASSES = 1000
FULL = {"torchvision": (64, 192, 384, 256, 256, 4096, 4096, CLASSES),
        "caffe": (96, 256, 384, 384, 256, 4096, 4096, CLASSES)}
FULL["caffenet"] = FULL["caffe"]
NARROW = (4, 12, 24, 16, 16, 16, 16, 10)
INPUT_SIZE = {"torchvision": 224, "caffe": 227, "caffenet": 227}
INPUT_RANGE = {"torchvision": 1, "caffe": 128, "caffenet": 128}


def values(name, shape, a):
    return torch.from_numpy(formula.values(name, shape, a))


def model_input(architecture):
    side = INPUT_SIZE[architecture]
    return values("input", (3, side, side), INPUT_RANGE[architecture])


class Torchvision(nn.Module):
    """torchvision.models.alexnet for any widths, without the dropouts."""

    def __init__(self, c, channels=3):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(channels, c[0], 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2),
            nn.Conv2d(c[0], c[1], 5, padding=2), nn.ReLU(),
            nn.MaxPool2d(3, 2),
            nn.Conv2d(c[1], c[2], 3, padding=1), nn.ReLU(),
            nn.Conv2d(c[2], c[3], 3, padding=1), nn.ReLU(),
            nn.Conv2d(c[3], c[4], 3, padding=1), nn.ReLU(),
            nn.MaxPool2d(3, 2))
        self.classifier = nn.Sequential(
            nn.Identity(), nn.Linear(36 * c[4], c[5]), nn.ReLU(),
            nn.Identity(), nn.Linear(c[5], c[6]), nn.ReLU(),
            nn.Linear(c[6], c[7]))

    def forward(self, x):
        return self.classifier(torch.flatten(self.features(x), 1))


def pool(x):
    return nn.functional.max_pool2d(x, 3, 2)


def norm(x):
    return nn.functional.local_response_norm(x, 5, alpha=1e-4, beta=0.75, k=1)


class Caffe(nn.Module):
    """BVLC AlexNet."""

    def __init__(self, c):
        super().__init__()
        self.conv1 = nn.Conv2d(3, c[0], 11, 4)
        self.conv2 = nn.Conv2d(c[0], c[1], 5, padding=2, groups=2)
        self.conv3 = nn.Conv2d(c[1], c[2], 3, padding=1)
        self.conv4 = nn.Conv2d(c[2], c[3], 3, padding=1, groups=2)
        self.conv5 = nn.Conv2d(c[3], c[4], 3, padding=1, groups=2)
        self.fc6 = nn.Linear(36 * c[4], c[5])
        self.fc7 = nn.Linear(c[5], c[6])
        self.fc8 = nn.Linear(c[6], c[7])

    @staticmethod
    def reduce(x):
        return pool(norm(x))

    def forward(self, x):
        relu = nn.functional.relu
        x = self.reduce(relu(self.conv1(x)))
        x = self.reduce(relu(self.conv2(x)))
        x = relu(self.conv4(relu(self.conv3(x))))
        x = torch.flatten(pool(relu(self.conv5(x))), 1)
        return self.fc8(relu(self.fc7(relu(self.fc6(x)))))


class CaffeNet(Caffe):
    """BVLC CaffeNet: the same weights, pooled before they are normalised."""

    @staticmethod
    def reduce(x):
        return norm(pool(x))


def fill(model):
    """Gives every parameter of a module its value."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            fan_in = math.prod(p.shape[1:])
            a = math.sqrt(6 / fan_in) if name.endswith(".weight") else 0.01
            p.copy_(values(name, tuple(p.shape), a))
    return model.eval()


def make(architecture, widths):
    kind = {"torchvision": Torchvision, "caffe": Caffe,
            "caffenet": CaffeNet}[architecture]
    return fill(kind(widths))


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in FULL:
        sys.exit("usage: random_model.py torchvision|caffe|caffenet OUTPUT.pth")
    torch.save(make(sys.argv[1], FULL[sys.argv[1]]).state_dict(), sys.argv[2])
