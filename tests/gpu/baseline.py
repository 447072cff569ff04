#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""AlexNet through PyTorch on the same GPU, as fast as PyTorch can:

    baseline.py VARIANT PRECISION...

Prints the lines that gpu-bench prints, with pytorch-VARIANT in front:

    graph    channels_last, cudnn.benchmark, one CUDA graph
    fused    cuDNN's convolution + bias + ReLU and cublasLt's addmm + ReLU as
             single calls, one CUDA graph
    s2d      the same with conv1 over blocks of 4x4 pixels, which lie so already
    compile  torch.compile (mode="max-autotune-no-cudagraphs"), one CUDA graph

A variant whose logits differ from the plain module's is named and not timed.
"""

import statistics
import sys
import traceback

import torch
import torch.nn.functional as F
from torch import nn

BATCHES = (1, 8, 32, 128, 512)
N_SAMPLES = 51
TYPES = {
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
    "tf32": torch.float32,
    "fp32": torch.float32,
}
TOLERANCE = {"fp16": 1e-2, "bf16": 5e-2, "tf32": 5e-3, "fp32": 1e-4}


class AlexNet(nn.Module):
    """torchvision's, without what does nothing at inference."""

    def __init__(self):
        super().__init__()
        self.conv = nn.ModuleList([
            nn.Conv2d(3, 64, 11, 4, 2),
            nn.Conv2d(64, 192, 5, 1, 2),
            nn.Conv2d(192, 384, 3, 1, 1),
            nn.Conv2d(384, 256, 3, 1, 1),
            nn.Conv2d(256, 256, 3, 1, 1),
        ])
        self.fc = nn.ModuleList([
            nn.Linear(9216, 4096),
            nn.Linear(4096, 4096),
            nn.Linear(4096, 1000),
        ])

    def forward(self, x):
        for i, conv in enumerate(self.conv):
            x = F.relu(conv(x))
            if i in (0, 1, 4):
                x = F.max_pool2d(x, 3, 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc[0](x))
        x = F.relu(self.fc[1](x))
        return self.fc[2](x)


def blocks(x):
    """[N,3,224,224] -> [N,48,57,57]: 4x4 pixels become channels."""
    x = F.pixel_unshuffle(F.pad(x, (2, 2, 2, 2)), 4)
    return x.contiguous(memory_format=torch.channels_last)


class Fused(nn.Module):
    def __init__(self, net, blocked):
        super().__init__()
        self.net = net
        self.blocked = blocked
        weight = net.conv[0].weight.detach()
        self.first = F.pixel_unshuffle(F.pad(weight, (0, 1, 0, 1)), 4)
        self.first = self.first.contiguous(memory_format=torch.channels_last)
        self.fc6 = (net.fc[0].weight.detach().view(-1, 256, 6, 6)
                    .permute(0, 2, 3, 1).reshape(-1, 9216).contiguous())

    def forward(self, x):
        for i, conv in enumerate(self.net.conv):
            weight, stride, padding = conv.weight, conv.stride, conv.padding
            if i == 0 and self.blocked:
                weight, stride, padding = self.first, (1, 1), (0, 0)
            x = torch.cudnn_convolution_relu(x, weight, conv.bias, stride,
                                             padding, (1, 1), 1)
            if i in (0, 1, 4):
                x = F.max_pool2d(x, 3, 2)
        x = x.permute(0, 2, 3, 1).reshape(x.shape[0], -1)
        fc = self.net.fc
        x = torch._addmm_activation(fc[0].bias, x, self.fc6.t())
        x = torch._addmm_activation(fc[1].bias, x, fc[1].weight.t())
        return torch.addmm(fc[2].bias, x, fc[2].weight.t())


class Graphed:
    def __init__(self, function, x):
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(5):
                function(x)
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.output = function(x)

    def __call__(self):
        self.graph.replay()


def measure(run, n_times, cold):
    """Microseconds of the device for n_times calls, median."""
    samples = []
    for i in range(10 + N_SAMPLES):
        begin = torch.cuda.Event(enable_timing=True)
        end = torch.cuda.Event(enable_timing=True)
        if cold is not None:
            cold.fill_(i % 100)
        begin.record()
        for _ in range(n_times):
            run()
        end.record()
        end.synchronize()
        if i >= 10:
            samples.append(begin.elapsed_time(end) * 1000)
    return statistics.median(samples)


def set_precision(name):
    tf32 = name == "tf32"
    torch.backends.cuda.matmul.allow_tf32 = tf32
    torch.backends.cudnn.allow_tf32 = tf32
    torch.backends.cudnn.benchmark = True
    torch.backends.cudnn.benchmark_limit = 0
    torch.backends.cuda.matmul.allow_fp16_reduced_precision_reduction = False
    torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False


def make(variant, net, x):
    if variant == "graph":
        return net, x
    if variant == "compile":
        torch._dynamo.reset()
        return torch.compile(net, mode="max-autotune-no-cudagraphs"), x
    blocked = variant == "s2d"
    return Fused(net, blocked), blocks(x) if blocked else x


def bench(variant, precision, batch, net, images, expected, cold):
    x = images[:batch].to(TYPES[precision])
    x = x.contiguous(memory_format=torch.channels_last)
    function, x = make(variant, net, x)
    run = Graphed(function, x)
    run()
    error = (run.output.float() - expected[:batch]).norm() / \
        expected[:batch].norm()
    if not error <= TOLERANCE[precision]:
        print(f"pytorch-{variant}\t{precision}\t{batch}\twrong: {error:.2g}")
        return
    n_times = max(8, 256 // batch)
    one = measure(run, 1, None)
    cold_text = f"{measure(run, 1, cold):.1f}" if batch <= 8 else "-"
    frames = 1e6 * batch * n_times / measure(run, n_times, None)
    print(f"pytorch-{variant}\t{precision}\t{batch}\t{one:.1f}\t{cold_text}"
          f"\t{frames:.0f}", flush=True)


@torch.inference_mode()
def main():
    variant, *precisions = sys.argv[1:]
    torch.manual_seed(1)
    plain = AlexNet().cuda().eval()
    images = torch.randn(max(BATCHES), 3, 224, 224, device="cuda")
    set_precision("fp32")
    expected = plain(images)
    cold = torch.empty(256 << 20, dtype=torch.uint8, device="cuda")
    for precision in precisions:
        set_precision(precision)
        net = AlexNet().cuda().eval()
        net.load_state_dict(plain.state_dict())
        net = net.to(TYPES[precision], memory_format=torch.channels_last)
        for batch in BATCHES:
            try:
                bench(variant, precision, batch, net, images, expected, cold)
            except Exception as error:  # the others still count
                traceback.print_exc()
                print(f"pytorch-{variant}\t{precision}\t{batch}\t"
                      f"failed: {type(error).__name__}", flush=True)


if __name__ == "__main__":
    main()
