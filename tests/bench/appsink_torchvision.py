# SPDX-License-Identifier: LGPL-2.1-or-later

"""What an application writes that classifies a video with torchvision. Its
lines are counted by side_by_side.py, which calls it."""

import numpy as np
import torch
import torchvision
from gi.repository import Gst, GstVideo
from torchvision.transforms import InterpolationMode
from torchvision.transforms._presets import ImageClassification

PIPELINE = ("videoconvert ! video/x-raw,format=RGB "
            "! appsink name=sink sync=false max-buffers={batch}")


class Classifier:
    def __init__(self, weights, mean, std, batch):
        self.model = torchvision.models.alexnet()
        self.model.load_state_dict(weights)
        self.model.eval()
        self.prepare = ImageClassification(
            crop_size=224, resize_size=256, mean=mean, std=std,
            interpolation=InterpolationMode.BILINEAR, antialias=True)
        self.batch = batch
        self.waiting = []

    def add(self, sample):
        """The probabilities of a batch that this sample fills, or None."""
        video = GstVideo.VideoInfo.new_from_caps(sample.get_caps())
        buffer = sample.get_buffer()
        found, memory = buffer.map(Gst.MapFlags.READ)
        if not found:
            raise RuntimeError("a frame cannot be read")
        rows = np.frombuffer(memory.data, np.uint8)
        rows = rows.reshape(video.height, video.stride[0])
        pixels = rows[:, :3 * video.width].reshape(video.height, -1, 3).copy()
        buffer.unmap(memory)
        picture = torch.from_numpy(pixels).permute(2, 0, 1)
        self.waiting.append(self.prepare(picture))
        if len(self.waiting) < self.batch:
            return None
        with torch.inference_mode():
            scores = self.model(torch.stack(self.waiting))
        self.waiting.clear()
        return torch.softmax(scores, 1)
