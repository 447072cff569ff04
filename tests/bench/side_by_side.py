# SPDX-License-Identifier: LGPL-2.1-or-later

"""The element beside what else a GStreamer user of a newer Debian can take, on
the same full-width network and the same video; called by side-by-side.sh.

    side_by_side.py ENGINE PLUGINS WORK [OPTION...]

Every competitor is a whole pipeline in a process of its own, built by the same
Python code; contest.py says how they take turns. Before anything is timed each
classifies a frame of one colour, which no way of scaling changes, and has to
find the class with the probability that the others find. With one thread a
process sees and has one processor: onnxruntime, which onnxinference gives no
number of threads, takes one for each that it sees and binds them by itself.
"""

import argparse
import math
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import threading
import time

from contest import Competitor, describe_cpu, race, ratio

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 1280, 720
FRAME_SIZE = WIDTH * HEIGHT * 3 // 2
CAPS = (f"video/x-raw,format=I420,width={WIDTH},height={HEIGHT},"
        "framerate=30/1,colorimetry=bt709")
COLOUR = (120, 100, 150)  # Y, Cb, Cr
MEAN, STD = 0.45, 0.225  # one for all channels: onnxinference has no more
SECONDS = 1.0  # of one competitor in one round
TOLERANCE = 0.1  # of the logarithm of a probability

OURS = ("alexnetclassify model-file={work}/alexnet.safetensors"
        " cpu-threads={threads} max-batch-size={batch} precision={precision}"
        f" mean=<{MEAN},{MEAN},{MEAN}> std=<{STD},{STD},{STD}>")
STOCK = ("videoconvertscale n-threads={threads}"
         " ! video/x-raw,format=RGB,width=224,height=224{queue}"
         " ! onnxinference model-file={work}/alexnet.onnx"
         " optimization-level=enable-all input-image-format=chw"
         f" input-tensor-offset={-255 * MEAN} input-tensor-scale={255 * STD}")
# Since 1.28 the element finds this beside the model, and size and format of
# its input in the model. 1.28 takes a single range for the first channel alone.
STOCK_1_28 = ("videoconvertscale n-threads={threads} add-borders=false{queue}"
              " ! onnxinference model-file={work}/alexnet.onnx"
              " optimization-level=enable-all")
MODELINFO = f"""[modelinfo]
version=1.0
group-id=classification-generic-out

[input]
dir=input
type=float32
dims=-1,3,224,224
ranges={";".join([f"{-MEAN / STD},{(1 - MEAN) / STD}"] * 3)}

[scores]
id=classification-generic-out
dir=output
type=float32
dims=-1,1000
dims-order=row-major
"""

# name: (kind, values for its line), in the order of the table
COMPETITORS = {
    "alexnetclassify": ("ours", {"precision": "auto", "batch": 1}),
    "alexnetclassify, fp32": ("ours", {"precision": "fp32", "batch": 1}),
    "onnxinference": ("stock", {"queue": ""}),
    "onnxinference, queue": ("stock", {"queue": " ! queue"}),
    "torchvision": ("torchvision", {"batch": 1}),
    "alexnetclassify, 16": ("ours", {"precision": "auto", "batch": 16}),
    "alexnetclassify, 16, fp32": ("ours", {"precision": "fp32", "batch": 16}),
    "torchvision, 16": ("torchvision", {"batch": 16}),
}
OTHERS = [name for name, (kind, _) in COMPETITORS.items() if kind != "ours"]
# The element, by how much it wants to beat the best of these others.
GOALS = [
    ("alexnetclassify", OTHERS, 1.3),
    ("alexnetclassify, fp32", OTHERS, 1.3),
    ("alexnetclassify, fp32", ["onnxinference"], 1.7),
    ("alexnetclassify, 16", OTHERS, 2),
    ("alexnetclassify, 16, fp32", OTHERS, 2),
    ("alexnetclassify, 16, fp32", ["onnxinference"], 2.5),
]


# --- one competitor, in its process ----------------------------------------

class Runner:
    """A pipeline that takes frames; a subclass says when they are done."""

    def __init__(self, line, work):
        import gi
        gi.require_version("Gst", "1.0")
        from gi.repository import Gst
        Gst.init(None)
        self.Gst = Gst
        self.pipeline = Gst.parse_launch(
            "appsrc name=source format=time do-timestamp=true block=true"
            f" max-buffers=4 caps={CAPS} ! {line}")
        self.source = self.pipeline.get_by_name("source")
        self.sink = self.pipeline.get_by_name("sink")
        video = (work / "video.i420").read_bytes()
        self.frames = [Gst.Buffer.new_wrapped(video[i:i + FRAME_SIZE])
                       for i in range(0, len(video), FRAME_SIZE)]

    def start(self):
        if self.pipeline.set_state(self.Gst.State.PLAYING) == \
                self.Gst.StateChangeReturn.FAILURE:
            sys.exit("does not start")

    def push(self, frames):
        for frame in frames:
            self.source.emit("push-buffer", frame)

    def push_colour(self, n):
        y, u, v = COLOUR
        size = WIDTH * HEIGHT
        frame = bytes([y]) * size + bytes([u]) * (size // 4) + \
            bytes([v]) * (size // 4)
        self.push([self.Gst.Buffer.new_wrapped(frame)] * n)

    def push_video(self, n):
        self.push(self.frames[i % len(self.frames)] for i in range(n))

    def run(self, n):
        """Seconds, and seconds of processors, for n frames."""
        cpu = resource.getrusage(resource.RUSAGE_SELF)
        start = time.perf_counter()
        n_done = self.run_video(n)
        seconds = time.perf_counter() - start
        end = resource.getrusage(resource.RUSAGE_SELF)
        cpu_seconds = (end.ru_utime + end.ru_stime -
                       cpu.ru_utime - cpu.ru_stime)
        return seconds / n_done * n, cpu_seconds / n_done * n


class ElementRunner(Runner):
    """Results are what `read` finds on the buffers that come out."""

    def __init__(self, line, work, read):
        super().__init__(line + " ! fakesink name=sink sync=false", work)
        self.read, self.result = read, None
        self.out = threading.Semaphore(0)
        self.sink.get_static_pad("sink").add_probe(
            self.Gst.PadProbeType.BUFFER, self.count)

    def count(self, pad, info):
        if not self.result:
            self.result = self.read(info.get_buffer())
        self.out.release()
        return self.Gst.PadProbeReturn.OK

    def wait(self, n):
        for _ in range(n):
            if not self.out.acquire(timeout=60):
                sys.exit("no frame came out")

    def classify_colour(self):
        self.push_colour(1)
        self.wait(1)
        return self.result

    def run_video(self, n):
        self.push_video(n)
        self.wait(n)
        return n


class TorchvisionRunner(Runner):
    def __init__(self, work, threads, batch):
        import torch
        import peers
        torch.set_num_threads(threads)
        weights = {name: torch.from_numpy(value.copy()) for name, value in
                   peers.load_weights(work / "alexnet.safetensors").items()}
        # GStreamer first: the application uses it when it is imported.
        import gi
        gi.require_version("Gst", "1.0")
        gi.require_version("GstVideo", "1.0")
        import appsink_torchvision as application
        super().__init__(application.PIPELINE.format(batch=batch), work)
        self.classifier = application.Classifier(weights, [MEAN] * 3,
                                                 [STD] * 3, batch)
        self.batch = batch

    def pull(self, n):
        result = None
        for _ in range(n):
            result = self.classifier.add(self.sink.emit("pull-sample"))
        return result

    def classify_colour(self):
        pusher = threading.Thread(target=self.push_colour, args=[self.batch])
        pusher.start()
        probabilities = self.pull(self.batch)[0]
        pusher.join()
        best = int(probabilities.argmax())
        return best, float(probabilities[best])

    def run_video(self, n):
        n = math.ceil(n / self.batch) * self.batch
        pusher = threading.Thread(target=self.push_video, args=[n])
        pusher.start()
        self.pull(n)
        pusher.join()
        return n


def read_ours(buffer):
    result = buffer.get_custom_meta("alexnet-classification").get_structure()
    return result["class-ids"][0], result["confidences"][0]


def read_stock(buffer):
    import gi
    gi.require_version("GstAnalytics", "1.0")
    from gi.repository import Gst, GstAnalytics
    import numpy as np
    data = GstAnalytics.buffer_get_tensor_meta(buffer).get(0).data
    found, info = data.map(Gst.MapFlags.READ)
    scores = np.frombuffer(info.data, np.float32).astype(np.float64)
    data.unmap(info)
    best = scores.argmax()
    return int(best), float(1 / np.exp(scores - scores[best]).sum())


def get_line(kind):
    import gi
    gi.require_version("Gst", "1.0")
    from gi.repository import Gst
    Gst.init(None)
    is_old = Gst.version()[:2] < (1, 28)
    return {"ours": OURS, "stock": STOCK if is_old else STOCK_1_28}[kind]


def answer(arguments):
    """Says the class of the colour, then the times for N frames each."""
    kind, values = COMPETITORS[arguments.run]
    values = {**values, "work": arguments.work, "threads": arguments.threads}
    if kind == "torchvision":
        runner = TorchvisionRunner(arguments.work, arguments.threads,
                                   values["batch"])
    else:
        read = {"ours": read_ours, "stock": read_stock}[kind]
        line = get_line(kind)
        runner = ElementRunner(line.format(**values), arguments.work, read)
    runner.start()
    print("ready", *runner.classify_colour(), flush=True)
    for line in sys.stdin:
        seconds, cpu = runner.run(int(line))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print(f"{seconds:.6f} {cpu:.6f} {peak}", flush=True)
    runner.pipeline.set_state(runner.Gst.State.NULL)


# --- all of them ------------------------------------------------------------

ONE_PROCESSOR = ["unshare", "--mount", "sh", "-euc", '''
    echo 0 >"$1/cpu"
    for name in possible present online; do
      mount --bind "$1/cpu" /sys/devices/system/cpu/$name
    done
    shift
    exec taskset -c 0 "$@"''', "-"]


class Contestant(Competitor):
    def __init__(self, name, arguments, threads):
        bound = [*ONE_PROCESSOR, arguments.work] if threads == 1 else []
        super().__init__(
            name, [*bound, sys.executable, __file__, arguments.engine,
                   arguments.plugins, arguments.work, "--run", name,
                   "--threads", threads],
            {"GST_PLUGIN_PATH": str(arguments.plugins),
             "GST_REGISTRY": str(arguments.work / "registry.bin")})
        if not self.works():
            sys.exit(f"{name} does not run")
        self.best, self.probability = int(self.ready[1]), float(self.ready[2])
        self.cpu, self.cpu_now, self.peak = [], 0, 0

    def run(self, n):
        self.process.stdin.write(f"{n}\n")
        self.process.stdin.flush()
        seconds, self.cpu_now, self.peak = map(
            float, self.process.stdout.readline().split())
        return seconds

    def turn(self):
        super().turn()
        self.cpu.append(self.cpu_now / self.n)


def check_same(contestants):
    first = contestants[0]
    for c in contestants:
        if c.best != first.best or abs(math.log(
                c.probability / first.probability)) > TOLERANCE:
            sys.exit(f"{c.name} computes something else: class {c.best} with "
                     f"{c.probability:.4g}, {first.name}: class {first.best} "
                     f"with {first.probability:.4g}")


def prepare(arguments):
    """Model and video, written once."""
    work = arguments.work
    work.mkdir(parents=True, exist_ok=True)
    model = work / "alexnet.safetensors"
    if not model.exists():
        subprocess.run([arguments.engine, "write", model], check=True)
    modelinfo = work / "alexnet.onnx.modelinfo"
    if not modelinfo.exists():
        subprocess.run([sys.executable, HERE / "peers.py", "onnx", model,
                        work / "alexnet.onnx", "1"], check=True)
        modelinfo.write_text(MODELINFO, encoding="utf-8")
    if not (work / "video.i420").exists():
        sample = HERE.parents[1] / "pipelines" / "media" / "sample.webm"
        subprocess.run(
            ["gst-launch-1.0", "-q", "filesrc", f"location={sample}", "!",
             "decodebin", "!", "videorate", "!", "videoconvertscale", "!",
             CAPS.replace("30/1", "2/1"), "!", "filesink",
             f"location={work / 'video.i420'}"], check=True)


def user_writes(name):
    kind, values = COMPETITORS[name]
    if kind == "torchvision":
        source = (HERE / "appsink_torchvision.py").read_text(encoding="utf-8")
        lines = [line for line in source.split('"""', 2)[2].splitlines()
                 if line.strip() and not line.strip().startswith('"""')]
        return f"{len(lines)} lines"
    line = get_line(kind).format_map(
        {**values, "work": "", "threads": 0})
    n = line.count("!") + 1
    return f"{n} element{'s' if n > 1 else ''}"


def show(contestants, threads):
    rows = [f"Threads: {threads}", "",
            "| | frames/s | CPU ms a frame | peak MiB | user writes |",
            "|---|--:|--:|--:|---|"]
    for c in contestants:
        rows.append(f"| {c.name} | {1 / statistics.median(c.seconds):.1f} "
                    f"| {1000 * statistics.median(c.cpu):.1f} "
                    f"| {c.peak / 1024:.0f} | {user_writes(c.name)} |")
    rows.append("")
    by_name = {c.name: c for c in contestants}
    for name, others, wanted in GOALS:
        c = by_name[name]
        best = min((by_name[other] for other in others),
                   key=lambda other: ratio(c, other))
        found = [b / a for a, b in zip(c.seconds, best.seconds)]
        rows.append(
            f"- {'met   ' if ratio(c, best) >= wanted else 'MISSED'} "
            f"{name}: {ratio(c, best):.2f} x {best.name} "
            f"({min(found):.2f} to {max(found):.2f}), wanted {wanted}")
    return "\n".join(rows) + "\n"


def versions():
    shown = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Package} ${Version}\n",
         "gstreamer1.0-plugins-bad", "libonnxruntime1.*", "libdnnl3.*",
         "python3-torch", "python3-torchvision"],
        capture_output=True, text=True, check=False)
    return ", ".join(shown.stdout.splitlines())


def compare(arguments):
    prepare(arguments)
    print("\n".join([*describe_cpu(), f"- versions: {versions()}"]) + "\n")
    for threads in arguments.threads:
        contestants = [Contestant(name, arguments, threads)
                       for name in COMPETITORS]
        check_same(contestants)
        race(contestants, arguments.rounds, SECONDS)
        print(show(contestants, threads), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("engine", type=pathlib.Path)
    parser.add_argument("plugins", type=pathlib.Path)
    parser.add_argument("work", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--run", choices=COMPETITORS, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.run:
        arguments.threads = arguments.threads[0]
        answer(arguments)
    else:
        compare(arguments)


if __name__ == "__main__":
    main()
