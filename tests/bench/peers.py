# SPDX-License-Identifier: LGPL-2.1-or-later

"""The other competitors of bench.py.

    peers.py onnx MODEL.safetensors MODEL.onnx [BATCH]
    peers.py quantize MODEL
    peers.py NAME MODEL PRECISION THREADS BATCH INPUT OUTPUT

The first form writes the torchvision network as ONNX, for batches of any size
or of BATCH, with the output's id that GStreamer's onnxinference wants. The
second makes OpenVINO's int8.xml of it with nncf, calibrated with input.f32. The
third answers as "bench-engine tensors" does; NAME is onnxruntime, openvino,
pytorch or opencv, MODEL the directory that holds these files. PRECISION is
fp32, for OpenVINO int8 too, or auto where the peer has a default of its own.
"""

import json
import struct
import sys
import time

import numpy as np

# Layers as (kind, name of the tensors, stride, padding).
LAYERS = [("conv", "features.0", 4, 2), ("pool",),
          ("conv", "features.3", 1, 2), ("pool",),
          ("conv", "features.6", 1, 1), ("conv", "features.8", 1, 1),
          ("conv", "features.10", 1, 1), ("pool",), ("flatten",),
          ("linear", "classifier.1"), ("linear", "classifier.4"),
          ("linear", "classifier.6")]


def load_weights(path):
    with open(path, "rb") as file:
        header = json.loads(file.read(struct.unpack("<Q", file.read(8))[0]))
        data = file.read()
    header.pop("__metadata__", None)
    return {name: np.frombuffer(data[slice(*entry["data_offsets"])],
                                np.float32).reshape(entry["shape"])
            for name, entry in header.items()}


def write_onnx(source, target, batch="n"):
    import onnx
    from onnx import helper, numpy_helper
    weights = load_weights(source)
    nodes, last = [], "input"

    def add(kind, inputs, **attributes):
        nonlocal last
        output = f"value{len(nodes)}"
        nodes.append(helper.make_node(kind, [last, *inputs], [output],
                                      **attributes))
        last = output

    for layer in LAYERS:
        tensors = [f"{layer[1]}.{part}" for part in ("weight", "bias")
                   ] if len(layer) > 1 else []
        if layer[0] == "conv":
            add("Conv", tensors, strides=[layer[2]] * 2,
                pads=[layer[3]] * 4,
                kernel_shape=weights[tensors[0]].shape[2:])
            add("Relu", [])
        elif layer[0] == "pool":
            add("MaxPool", [], kernel_shape=[3, 3], strides=[2, 2])
        elif layer[0] == "flatten":
            add("Flatten", [])
        else:
            add("Gemm", tensors, transB=1)
            if layer is not LAYERS[-1]:
                add("Relu", [])
    nodes[-1].output[0] = last = "scores"

    def info(name, shape):
        return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT,
                                             shape)
    graph = helper.make_graph(
        nodes, "alexnet", [info("input", [batch, 3, 224, 224])],
        [info(last, [batch, 1000])],
        [numpy_helper.from_array(value, name)
         for name, value in weights.items()])
    model = helper.make_model(graph,
                              opset_imports=[helper.make_opsetid("", 13)])
    model.ir_version = 8
    model.metadata_props.add(key=last, value="classification-scores")
    onnx.save(model, target)


def quantize(work):
    import nncf
    import openvino
    images = np.fromfile(f"{work}/input.f32",
                         np.float32).reshape(-1, 1, 3, 224, 224)
    images = images[:len(images) // 2]  # the other half is the same
    network = openvino.Core().read_model(f"{work}/alexnet.onnx")
    network = nncf.quantize(network, nncf.Dataset(images),
                            subset_size=len(images))
    openvino.save_model(network, f"{work}/int8.xml")


def onnxruntime_runner(model, precision, threads, x):
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        f"{model}/alexnet.onnx", options,
        providers=["CPUExecutionProvider"])
    return lambda: session.run(None, {"input": x})[0]


def openvino_runner(model, precision, threads, x):
    import openvino
    network = openvino.Core().read_model(
        f"{model}/{'int8.xml' if precision == 'int8' else 'alexnet.onnx'}")
    network.reshape(list(x.shape))
    config = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
    if precision == "fp32":
        config["INFERENCE_PRECISION_HINT"] = "f32"
    request = openvino.Core().compile_model(
        network, "CPU", config).create_infer_request()

    def run():
        request.infer({0: x}, share_inputs=True)
        return request.get_output_tensor(0).data
    return run


def pytorch_runner(model, precision, threads, x):
    import torch
    from torch.nn import functional
    torch.set_num_threads(threads)
    weights = {name: torch.from_numpy(value.copy()) for name, value
               in load_weights(f"{model}/alexnet.safetensors").items()}
    source = torch.from_numpy(x)

    def step(layer, value):
        if layer[0] == "pool":
            return functional.max_pool2d(value, 3, 2)
        if layer[0] == "flatten":
            return torch.flatten(value, 1)
        tensors = (weights[f"{layer[1]}.weight"], weights[f"{layer[1]}.bias"])
        if layer[0] == "conv":
            return functional.relu(functional.conv2d(
                value, *tensors, layer[2], layer[3]), inplace=True)
        value = functional.linear(value, *tensors)
        return value if layer is LAYERS[-1] else functional.relu(value)

    def run():
        value = source
        with torch.inference_mode():
            for layer in LAYERS:
                value = step(layer, value)
        return value.numpy()
    return run


def opencv_runner(model, precision, threads, x):
    import cv2
    cv2.setNumThreads(threads)
    network = cv2.dnn.readNetFromONNX(f"{model}/alexnet.onnx")

    def run():
        network.setInput(x)
        return network.forward()
    return run


RUNNERS = {"onnxruntime": onnxruntime_runner, "openvino": openvino_runner,
           "pytorch": pytorch_runner, "opencv": opencv_runner}
MODULES = {"pytorch": "torch", "opencv": "cv2"}


def main():
    if sys.argv[1] == "onnx":
        return write_onnx(*sys.argv[2:4], *map(int, sys.argv[4:]))
    if sys.argv[1] == "quantize":
        return quantize(sys.argv[2])
    name, model, precision, threads, batch, source, target = sys.argv[1:]
    x = np.fromfile(source, np.float32).reshape(-1, 3, 224, 224)[:int(batch)]
    run = RUNNERS[name](model, precision, int(threads), x.copy())
    y = np.array(run(), np.float64)
    y -= y.max(1, keepdims=True)
    y -= np.log(np.exp(y).sum(1, keepdims=True))
    y.astype(np.float32).tofile(target)
    module = sys.modules[MODULES.get(name, name)]
    print("ready", name, module.__version__.split("-")[0], flush=True)
    for line in sys.stdin:
        start = time.perf_counter()
        for _ in range(int(line)):
            run()
        print(f"{time.perf_counter() - start:.6f}", flush=True)
    return None


if __name__ == "__main__":
    sys.exit(main())
