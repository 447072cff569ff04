#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# paddle2onnx 2.1.0 writes a LocalResponseNorm of PaddlePaddle 3.3.1 with whatever
# its memory held where the zeros belong that stand for channels that are not
# there:
#     sh findings/paddle2onnx-lrn-pads.sh
# The exported Pad has a constant_value of 0, or 1e-43, or 1e+19, or -1e+37,
# another one at each export of the same network in the same process, without a
# warning. What is small does no harm. What is large makes the first and the last
# channels small, or everything NaN: a negative one has no root.
# So of the files that one command writes some compute what the network does and
# some do not, and whether the one at hand does shows nowhere but in these values.
# Installs those versions into a temporary folder, with a gigabyte; needs python3
# with venv, on x86-64. Prints what it sees, and fails when in 16 exports all
# values are 0.
set -eu

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

python3 -m venv venv
venv/bin/pip -q install paddlepaddle==3.3.1 paddle2onnx==2.1.0 onnxruntime==1.32.0 numpy==2.4.6

cat >export.py <<'P'
import numpy as np
import onnx
import onnxruntime
import paddle
import paddle2onnx
from onnx import numpy_helper
from paddle import nn

SHAPE = 1, 3, 16, 16


class Net(nn.Layer):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2D(3, 8, 3), nn.ReLU(), nn.LocalResponseNorm(5),
            nn.Conv2D(8, 8, 3), nn.ReLU(), nn.LocalResponseNorm(5))

    def forward(self, x):
        return self.layers(x)


def pad_values(model):
    tensors = {t.name: t for t in model.graph.initializer}
    return [float(numpy_helper.to_array(tensors[node.input[2]]))
            for node in model.graph.node if node.op_type == "Pad"]


net = Net()
net.eval()
paddle.jit.save(net, "net", input_spec=[
    paddle.static.InputSpec(list(SHAPE), "float32", "x")])
x = np.random.default_rng(0).standard_normal(SHAPE).astype(np.float32)
wanted = net(paddle.to_tensor(x)).numpy()
other = 0
for _ in range(16):
    paddle2onnx.export("net.json", "net.pdiparams", "net.onnx",
                       opset_version=16)
    model = onnx.load("net.onnx")
    session = onnxruntime.InferenceSession(model.SerializeToString(),
                                           providers=["CPUExecutionProvider"])
    found = session.run(None, {"x": x})[0]
    values = pad_values(model)
    other += any(value != 0 for value in values)
    print("SEEN pads with", ", ".join(f"{value:.3g}" for value in values),
          "- differs by", f"{np.abs(found - wanted).max():.3g}")
print("SEEN", other, "of 16 exports pad with something else than 0")
raise SystemExit(other == 0)
P
if venv/bin/python export.py >seen 2>log; then
  grep SEEN seen
  echo 'paddle2onnx 2.1.0: as described'
else
  cat log seen >&2
  echo 'paddle2onnx 2.1.0 behaves otherwise than described' >&2
  exit 1
fi
