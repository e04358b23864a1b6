"""Checks what `compress` reports against onnxruntime on samples that compress has not seen.

    python Benchmarks/check_compression.py .build/release/lapidary folder [large detector minilm] [--models models]

- large: 2.3 GB of weights in a file of their own (`--external`);
- detector: an image of any height and width, scores and boxes at two scales;
- minilm: a sentence encoder (make models), without labels.

Each is compressed with calibration data alone. For every output the signal over error that the report
gives must be within 1 dB of what onnxruntime finds between the original and the result, on other samples
of the same kind.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import time

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

CALIBRATION, OTHERS = 256, 64


class Builder:
    """A graph under construction, its weights drawn from one stream."""

    def __init__(self, seed):
        self.random, self.nodes, self.weights, self.count = np.random.default_rng(seed), [], [], 0

    def weight(self, name, array):
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind, inputs, **attributes):
        self.count += 1
        name = f"{kind.lower()}{self.count}"
        self.nodes.append(helper.make_node(kind, inputs, [name], name=name, **attributes))
        return name

    def conv(self, x, inputs, outputs, kernel=3, stride=1, relu=True):
        scale = (2 / (inputs * kernel * kernel)) ** 0.5
        shape = (outputs, inputs, kernel, kernel)
        w = self.weight(
            f"w{self.count}", (self.random.standard_normal(shape) * scale).astype(np.float32))
        b = self.weight(f"b{self.count}", (self.random.standard_normal(outputs) * 0.1).astype(np.float32))
        y = self.node("Conv", [x, w, b], kernel_shape=[kernel] * 2, pads=[kernel // 2] * 4,
                      strides=[stride] * 2)
        return self.node("Relu", [y]) if relu else y

    def model(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, "g", inputs, outputs, self.weights)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def large(path, _):
    """36 layers of 4096 by 4096."""
    build, width, layers = Builder(1), 4096, 36
    y = "x"
    for layer in range(layers):
        array = build.random.standard_normal((width, width), dtype=np.float32)
        array *= (2 / width) ** 0.5
        y = build.node("MatMul", [y, build.weight(f"w{layer}", array)])
        if layer < layers - 1:
            y = build.node("Relu", [y])
    value = helper.make_tensor_value_info
    model = build.model([value("x", TensorProto.FLOAT, ["N", width])],
                        [value(y, TensorProto.FLOAT, ["N", width])])
    onnx.save(model, path, save_as_external_data=True, location=path.name + ".data")
    return lambda random, count: {"x": random.standard_normal((count, width), dtype=np.float32)}


def pictures(random, count, height=96, width=96):
    """Blurred noise from 0 to 1, as pictures are: neighbours are alike."""
    coarse = random.random((count, 3, height // 8, width // 8), dtype=np.float32)
    fine = random.random((count, 3, height, width), dtype=np.float32)
    return (0.8 * coarse.repeat(8, 2).repeat(8, 3) + 0.2 * fine).astype(np.float32)


def detector(path, _):
    """Features at two scales, the coarse one joined to the fine one, scores and boxes of both."""
    build = Builder(2)
    a = build.conv(build.conv("image", 3, 16, stride=2), 16, 32, stride=2)
    b = build.conv(build.conv(a, 32, 64, stride=2), 64, 64)
    up = build.conv(b, 64, 32, kernel=1)
    shape = build.node("Slice", [build.node("Shape", [a]), build.weight("two", np.array([2])),
                                 build.weight("four", np.array([4]))])
    head = build.node("Slice", [build.node("Shape", [up]), build.weight("zero", np.array([0])), "two"])
    sizes = build.node("Concat", [head, shape], axis=0)
    up = build.node("Resize", [up, "", "", sizes], mode="nearest",
                    coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    joined = build.conv(build.node("Concat", [a, up], axis=1), 64, 32)
    rows = {"scores": [], "boxes": []}
    for features, channels in [(joined, 32), (b, 64)]:
        for name, width in [("scores", 20), ("boxes", 4)]:
            y = build.conv(features, channels, width, relu=False)
            y = build.node("Reshape", [y, build.weight(f"rows{build.count}", np.array([0, width, -1]))])
            rows[name].append(build.node("Transpose", [y], perm=[0, 2, 1]))
    scores = build.node("Sigmoid", [build.node("Concat", rows["scores"], axis=1)])
    boxes = build.node("Concat", rows["boxes"], axis=1)
    value = helper.make_tensor_value_info
    onnx.save(build.model([value("image", TensorProto.FLOAT, ["N", 3, "H", "W"])],
                          [value(scores, TensorProto.FLOAT, ["N", "A", 20]),
                           value(boxes, TensorProto.FLOAT, ["N", "A", 4])]), path)
    return lambda random, count: {"image": pictures(random, count)}


def minilm(path, models):
    onnx.save(onnx.load(models / "minilm_l3.onnx"), path)

    def sentences(random, count, length=32):
        """Tokens by Zipf's law between the marks of a sentence, of several lengths."""
        tokens = np.minimum(1000 + random.zipf(1.3, (count, length)), 30000).astype(np.int64)
        mask = np.ones((count, length), np.int64)
        tokens[:, 0] = 101
        for row, end in enumerate(random.integers(6, length + 1, count)):
            tokens[row, end - 1], tokens[row, end:], mask[row, end:] = 102, 0, 0
        return {"input_ids": tokens, "attention_mask": mask}

    return sentences


def outputs(path, samples, names):
    """What onnxruntime computes, sample by sample."""
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    runner = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    count = len(next(iter(samples.values())))
    results = [runner.run(names, {k: v[i:i + 1] for k, v in samples.items()}) for i in range(count)]
    return [[row[place].astype(np.float64) for row in results] for place in range(len(names))]


def check(name, lapidary, folder, models):
    path, result = folder / f"{name}.onnx", folder / f"{name}_small.onnx"
    sampler = globals()[name](path, models)
    np.savez(folder / f"{name}.npz", **sampler(np.random.default_rng(11), CALIBRATION))
    command = [lapidary, "compress", path, "-o", result, "--calibration", folder / f"{name}.npz",
               "--format", "json", "--force"]
    if name == "large":
        command += ["--external", result.name + ".data"]
    started = time.time()
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        print(f"{name}: exit status {run.returncode}: {run.stderr.strip()}")
        return False
    report = json.loads(run.stdout)
    said = {o["name"]: float(o["sqnr_db"]) for o in report["fidelity"][-1]["outputs"]}
    samples = sampler(np.random.default_rng(12), OTHERS)
    before, after = outputs(path, samples, list(said)), outputs(result, samples, list(said))
    sizes = [stage["bytes"] for stage in report["stages"]]
    print(f"{name}: {time.time() - started:.0f} s, {sizes[0]:,} -> {sizes[-1]:,} bytes")
    fine = True
    for (output, db), x, y in zip(said.items(), before, after):
        signal = sum((a ** 2).sum() for a in x)
        noise = sum(((a - b) ** 2).sum() for a, b in zip(x, y))
        found = 10 * np.log10(signal / noise) if noise else float("inf")
        verdict = "" if found == db or abs(found - db) <= 1 else "  MORE THAN 1 dB APART"
        fine = fine and not verdict
        print(f"  {output}: {db:.2f} dB reported, {found:.2f} dB in onnxruntime{verdict}")
    return fine


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lapidary", type=pathlib.Path)
    parser.add_argument("folder", type=pathlib.Path, help="where models and results are put")
    parser.add_argument("names", nargs="*", default=["detector", "minilm", "large"])
    parser.add_argument("--models", type=pathlib.Path, default=pathlib.Path("models"))
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    results = [check(name, arguments.lapidary.resolve(), arguments.folder, arguments.models)
               for name in arguments.names]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
