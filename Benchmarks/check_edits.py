"""Edits models and checks the results with onnx and onnxruntime alone.

    python Benchmarks/check_edits.py LAPIDARY MODEL...

For each model: the batch opened (or the reason why not) and run on three samples against the model's
own results for each; the prefix up to a random value extracted and run; the model divided at a random
value that separates it, joined again and run, bit for bit; preprocessing put in, against numpy's; names
and texts stripped. Each result has to pass onnx's full check where the model does. A line each; the
status is 1 where one fails.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime

onnxruntime.set_default_logger_severity(3)
failures = 0


def report(model: str, what: str, text: str, good: bool = True) -> None:
    global failures
    failures += 0 if good else 1
    print(f"{'ok  ' if good else 'FAIL'} {model:28s} {what:12s} {text}", flush=True)


class Subject:
    """A model and what onnxruntime makes of it."""

    def __init__(self, lapidary: str, path: str, folder: str) -> None:
        self.lapidary, self.path, self.folder = lapidary, path, folder
        self.name = os.path.basename(path)
        self.random = np.random.default_rng(sum(self.name.encode()))
        self.passes = self.checked(path)
        self.inputs = self.sample(self.session(path))

    def session(self, path: str) -> onnxruntime.InferenceSession:
        options = onnxruntime.SessionOptions()
        # The same arithmetic before and after: nothing is rearranged.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.intra_op_num_threads = 2
        return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def checked(self, path: str) -> bool:
        try:
            onnx.checker.check_model(path, full_check=True)
            return True
        except Exception as error:  # noqa: BLE001
            self.complaint = str(error).splitlines()[0]
            return False

    def sample(self, session: onnxruntime.InferenceSession, batch: int | None = None) -> dict:
        inputs = {}
        for value in session.get_inputs():
            shape = [d if isinstance(d, int) and d > 0 else OPEN.get(self.name, {}).get(str(d), 1)
                     for d in value.shape]
            if batch is not None and shape:
                shape[0] = batch
            kind = {"tensor(float)": np.float32, "tensor(int64)": np.int64,
                    "tensor(int32)": np.int32, "tensor(uint8)": np.uint8}[value.type]
            if kind == np.float32:
                inputs[value.name] = self.random.standard_normal(shape).astype(kind)
            else:
                inputs[value.name] = self.random.integers(0, 2, shape).astype(kind)
        return inputs

    def edit(self, output: str, *words: str) -> str | None:
        """The path of the result; None where the command refuses, with what it says."""
        path = os.path.join(self.folder, output)
        run = subprocess.run(
            [self.lapidary, "edit", self.path, "-o", path, "--quiet", *words],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.refusal = run.stderr.strip().splitlines()[0] if run.returncode else ""
        return None if run.returncode else path

    def judge(self, what: str, path: str, pairs, tolerance: float, note: str = "") -> None:
        worst = 0.0
        for a, b in pairs:
            if a.shape != b.shape or a.dtype != b.dtype:
                return report(self.name, what, f"{a.dtype}{a.shape} became {b.dtype}{b.shape}", False)
            if a.size and a.dtype.kind == "f":
                worst = max(worst, float(np.abs(a - b).max() / max(np.abs(a).max(), 1e-30)))
            elif a.size:
                worst = max(worst, float((a != b).any()))
        valid = self.checked(path) or not self.passes
        text = f"difference {worst:.1e}{note}" + ("" if valid else f", checker: {self.complaint}")
        report(self.name, what, text, valid and worst <= tolerance)


# Open lengths that a model cannot run with when they are 1.
OPEN = {
    "ppocr_cls.onnx": {"p2o.DynamicDimension.1": 48, "p2o.DynamicDimension.2": 192},
    "silero_vad.onnx": {"sequence": 512, "batch": 1},
}


def check_batch(subject: Subject) -> None:
    path = subject.edit("batch.onnx", "--batch", "dynamic")
    if path is None:
        return report(subject.name, "batch", subject.refusal)
    base, after = subject.session(subject.path), subject.session(path)
    first = [v.shape[0] for v in base.get_inputs()][0]
    if not isinstance(first, int):
        return report(subject.name, "batch", "open already")
    parts = [subject.sample(base) for _ in range(3)]
    joined = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    results = [base.run(None, part) for part in parts]
    whole = after.run(None, joined)
    shapes = [v.shape for v in after.get_outputs()]
    pairs = []
    for index, (shape, result) in enumerate(zip(shapes, whole)):
        axis = next((i for i, d in enumerate(shape) if not isinstance(d, int)), 0)
        pairs.append((np.concatenate([r[index] for r in results], axis), result))
    subject.judge("batch", path, pairs, 1e-4, f", {first} -> any")


def inner_values(model: onnx.ModelProto) -> list[str]:
    return [o for node in model.graph.node for o in node.output if o and node.op_type != "Constant"]


def check_parts(subject: Subject) -> None:
    model = onnx.load(subject.path)
    choice = random.Random(subject.name)
    values = inner_values(model)
    name = choice.choice(values)
    path = subject.edit("prefix.onnx", "--extract", f":{name}")
    if path is None:
        report(subject.name, "prefix", f"{name}: {subject.refusal}", False)
    else:
        probe = onnx.ModelProto()
        probe.CopyFrom(model)
        if name not in [o.name for o in probe.graph.output]:
            probe.graph.output.append(onnx.ValueInfoProto(name=name))
        file = os.path.join(subject.folder, "probe.onnx")
        onnx.save(probe, file)
        base, after = subject.session(file), subject.session(path)
        taken = {v.name for v in after.get_inputs()}
        result = after.run(None, {k: v for k, v in subject.inputs.items() if k in taken})
        subject.judge("prefix", path, [(base.run([name], subject.inputs)[0], result[0])], 0,
                      f", up to {name}")
    for name in choice.sample(values, min(len(values), 12)):
        path = subject.edit("part.onnx", "--split", name)
        if path is not None:
            break
    else:
        return report(subject.name, "split", f"no value of twelve separates it: {subject.refusal}")
    first, second = path.replace("part.", "part_1."), path.replace("part.", "part_2.")
    joined = os.path.join(subject.folder, "joined.onnx")
    run = subprocess.run(
        [subject.lapidary, "edit", first, "-o", joined, "--quiet", "--join", second],
        stderr=subprocess.PIPE, text=True)
    if run.returncode:
        return report(subject.name, "join", run.stderr.strip(), False)
    base, after = subject.session(subject.path), subject.session(joined)
    names = [v.name for v in base.get_outputs()]
    subject.judge(
        "split, join", joined,
        zip(base.run(names, subject.inputs), after.run(names, subject.inputs)), 0, f", at {name}")


def check_preprocessing(subject: Subject) -> None:
    base = subject.session(subject.path)
    pictures = [v for v in base.get_inputs()
                if v.type == "tensor(float)" and len(v.shape) == 4 and v.shape[1] == 3]
    if len(pictures) != 1:
        return report(subject.name, "preprocess", "no input of pictures")
    name = pictures[0].name
    path = subject.edit(
        "pixels.onnx", "--preprocess", "imagenet,order=bgr", "--layout", "nhwc", "--pictures", name)
    if path is None:
        return report(subject.name, "preprocess", subject.refusal, False)
    after = subject.session(path)
    shape = subject.inputs[name].shape
    pixels = subject.random.integers(
        0, 256, (shape[0], shape[2], shape[3], shape[1]), dtype=np.uint8)
    # Means and deviations are those of the model's order.
    floats = ((pixels[..., ::-1] / 255) - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    image = np.ascontiguousarray(floats.transpose(0, 3, 1, 2)).astype(np.float32)
    inner = onnx.load(path)
    prepared = next(n.output[0] for n in reversed(inner.graph.node)
                    if any(o == f"{name}_prepared" for o in n.output))
    inner.graph.output.append(onnx.ValueInfoProto(name=prepared))
    file = os.path.join(subject.folder, "inner.onnx")
    onnx.save(inner, file)
    found = subject.session(file).run([prepared], {**subject.inputs, name: pixels})[0]
    gap = float(np.abs(found - image).max())
    report(subject.name, "preprocess", f"largest difference from numpy {gap:.1e}", gap <= 1e-6)
    inputs = dict(subject.inputs)
    pairs = zip(base.run(None, {**inputs, name: image}), after.run(None, {**inputs, name: pixels}))
    subject.judge("preprocess", path, pairs, 1e-4, " at the outputs")


def check_words(subject: Subject) -> None:
    path = subject.edit(
        "bare.onnx", "--repair", "--constant-inputs", "--deduplicate", "--strip", "docs", "names",
        "metadata", "value-info", "producer", "--ir-version", "10")
    if path is None:
        return report(subject.name, "strip", subject.refusal, False)
    # onnxruntime computes with constants in another order than with inputs' defaults: the model that
    # the result is compared with has them off its inputs as well, by onnx's own hand.
    model = onnx.load(subject.path)
    constants = {t.name for t in model.graph.initializer}
    if any(v.name in constants for v in model.graph.input):
        inputs = [v for v in model.graph.input if v.name not in constants]
        del model.graph.input[:]
        model.graph.input.extend(inputs)
        model.ir_version = max(model.ir_version, 4)
    plain = os.path.join(subject.folder, "plain.onnx")
    onnx.save(model, plain)
    base, after = subject.session(plain), subject.session(path)
    taken = {v.name for v in after.get_inputs()}
    inputs = {k: v for k, v in subject.inputs.items() if k in taken}
    pairs = zip(base.run(None, inputs), after.run(None, inputs))
    saved = os.path.getsize(subject.path) - os.path.getsize(path)
    subject.judge("strip", path, pairs, 0, f", {saved:,} bytes fewer")


def main() -> None:
    lapidary = os.path.abspath(sys.argv[1])
    for path in sys.argv[2:]:
        with tempfile.TemporaryDirectory() as folder:
            try:
                subject = Subject(lapidary, os.path.abspath(path), folder)
            except Exception as error:  # noqa: BLE001
                report(os.path.basename(path), "load", f"onnxruntime: {str(error)[:100]}")
                continue
            for check in (check_batch, check_parts, check_preprocessing, check_words):
                try:
                    check(subject)
                except Exception as error:  # noqa: BLE001
                    report(subject.name, check.__name__, f"{type(error).__name__}: {error}", False)
    sys.exit(1 if failures else 0)


main()
