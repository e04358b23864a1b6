"""Checks `lapidary prune` on whole models with other people's tools.

For every model: prune with the oracle on, check the result with onnx, run it with onnxruntime,
compare the widths of all weights before and after with what the plan says, and run the original,
with the channels zeroed that the plan names, against the pruned model in onnxruntime.

    python3 Benchmarks/check_pruning.py [--ratio 0.5] [--report report.json] MODEL.onnx...

Ends with status 1 when one of them fails. Frozen channels are listed by reason, for a reader to
judge.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator

# Input and output axis of the weight at input 1, or at input 0 where that is the constant.
CONVOLUTIONS = {"Conv", "ConvTranspose"}
WEIGHTED = CONVOLUTIONS | {"Gemm", "MatMul"}
# Operators of constants that are computed beforehand.
FOLDED = {"Cast", "Concat", "ConstantOfShape", "Identity", "Reshape", "Squeeze", "Transpose",
          "Unsqueeze"}
# Operators that sum over channels and that this script does not mask.
UNMASKED = {"Attention", "ConvInteger", "DequantizeLinear", "Einsum", "GRU", "GroupNormalization",
            "If", "InstanceNormalization", "LSTM", "Loop", "MatMulInteger", "QLinearConv",
            "QLinearMatMul", "RNN", "Scan"}


@dataclass
class Report:
    model: str
    status: str = "ok"
    failures: list[str] = field(default_factory=list)
    seconds: float = 0
    difference: float | None = None
    independent: float | None = None
    widths: int = 0
    halved: int = 0
    frozen: dict[str, int] = field(default_factory=dict)
    parameters: list[int] = field(default_factory=list)
    macs: list[int] = field(default_factory=list)


class Model:
    """A model with its constants and the shapes of its values."""

    def __init__(self, path: Path):
        self.proto = onnx.load(path)
        self.graph = self.proto.graph
        self.constants = {tensor.name: tensor for tensor in self.graph.initializer}
        for node in self.graph.node:
            if node.op_type == "Constant" and node.attribute[0].HasField("t"):
                self.constants[node.output[0]] = node.attribute[0].t
            if node.op_type == "Identity" and node.input[0] in self.constants:
                self.constants[node.output[0]] = self.constants[node.input[0]]
        self.nodes = {node.output[0]: node for node in self.graph.node}
        self.shapes = {name: list(tensor.dims) for name, tensor in self.constants.items()}
        self._derive()

    def _derive(self) -> None:
        """Computes what follows from constants alone and puts it into initializers."""
        kept = []
        for node in self.graph.node:
            known = node.input and all(name in self.constants for name in node.input if name)
            if known and node.op_type in FOLDED:
                model = helper.make_model(
                    helper.make_graph([node], "one", [], [onnx.ValueInfoProto(name=node.output[0])],
                                      [self._named(name) for name in node.input if name]),
                    opset_imports=self.proto.opset_import)
                array = ReferenceEvaluator(model).run(None, {})[0]
                tensor = numpy_helper.from_array(np.ascontiguousarray(array), node.output[0])
                self.constants[node.output[0]] = tensor
                self.shapes[node.output[0]] = list(array.shape)
                self.graph.initializer.append(tensor)
            else:
                kept.append(onnx.NodeProto.FromString(node.SerializeToString()))
        del self.graph.node[:]
        self.graph.node.extend(kept)
        for node in kept:
            if node.op_type == "DequantizeLinear" and node.input[0] in self.shapes:
                self.shapes[node.output[0]] = self.shapes[node.input[0]]

    def _named(self, name: str) -> TensorProto:
        tensor = TensorProto()
        tensor.CopyFrom(self.constants[name])
        tensor.name = name
        return tensor

    def weight(self, node: onnx.NodeProto) -> tuple[str, int, int] | None:
        """Name of the weight, and its axes of outputs and inputs."""
        if node.op_type in CONVOLUTIONS:
            axes = (1, 0) if node.op_type == "ConvTranspose" else (0, 1)
            return (node.input[1], *axes) if node.input[1] in self.shapes else None
        if node.input[1] in self.shapes:
            rank = len(self.shapes[node.input[1]])
            if rank < 2:
                return None
            columns = rank - 1, rank - 2
            swapped = node.op_type == "Gemm" and attribute(node, "transB", 0)
            return (node.input[1], *(reversed(columns) if swapped else columns))
        if node.input[0] in self.shapes and len(self.shapes[node.input[0]]) > 1:
            rank = len(self.shapes[node.input[0]])
            columns = rank - 2, rank - 1
            swapped = node.op_type == "Gemm" and attribute(node, "transA", 0)
            return (node.input[0], *(reversed(columns) if swapped else columns))
        return None


def attribute(node: onnx.NodeProto, name: str, default):
    for item in node.attribute:
        if item.name == name:
            return helper.get_attribute_value(item)
    return default


def session(model) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 2
    source = model if isinstance(model, (bytes, str)) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])


def feeds(running: onnxruntime.InferenceSession, open_length: int) -> dict[str, np.ndarray]:
    kinds = {
        "tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(float16)": np.float16,
        "tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(uint8)": np.uint8,
        "tensor(bool)": np.bool_,
    }
    generator = np.random.default_rng(0)
    made = {}
    for item in running.get_inputs():
        shape = [
            length if isinstance(length, int) and length > 0 else (1 if axis == 0 else open_length)
            for axis, length in enumerate(item.shape)
        ]
        kind = kinds[item.type]
        if np.issubdtype(kind, np.floating):
            made[item.name] = generator.random(shape).astype(kind)
        else:
            made[item.name] = generator.integers(0, 2, shape).astype(kind)
    return made


def audit(before: Model, after: Model, plan: dict, ratio: float, report: Report) -> None:
    """Every width is cut by the ratio but for channels with a reason."""
    frozen = collections.defaultdict(dict)
    for entry in plan["frozen"]:
        frozen[entry["weight"], entry["axis"]][entry["reason"]] = entry["channels"]
    # Where a channel of a group is several of a weight's, these go together.
    step = collections.defaultdict(lambda: 1)
    for group in plan["groups"]:
        for producer in group["producers"]:
            key = producer["weight"], producer["axis"]
            if group["kept"] < group["channels"]:
                gone = producer["length"] - len(producer["kept"][0])
                together = -(-gone // (group["channels"] - group["kept"]))
                step[key] = max(step[key], min(together, producer["length"] // group["channels"]))
    for name, node in before.nodes.items():
        if node.op_type not in WEIGHTED or not (found := before.weight(node)):
            continue
        weight, rows, _ = found
        other = after.nodes.get(name)
        if other is None or not (new := after.weight(other)):
            report.failures.append(f"{node.op_type} '{name}' is missing")
            continue
        if len(before.shapes[weight]) < 2:
            continue
        groups = attribute(node, "group", 1) if node.op_type in CONVOLUTIONS else 1
        scale = groups if node.op_type == "ConvTranspose" else 1
        old_width = before.shapes[weight][rows]
        new_scale = attribute(other, "group", 1) if node.op_type == "ConvTranspose" else 1
        width = after.shapes[new[0]][new[1]]
        if old_width * scale <= 1:
            continue
        report.widths += 1
        wanted = round(old_width * scale * (1 - ratio))
        if width * new_scale == wanted or 2 * abs(width * new_scale - wanted) <= step[weight, rows]:
            report.halved += 1
            continue
        reasons = frozen.get((weight, rows)) or {}
        # A weight that was transposed or folded has its reasons under its new name.
        for (known, axis), found_reasons in frozen.items():
            if known in (new[0], name) and axis == new[1]:
                reasons = {**reasons, **found_reasons}
        if not reasons:
            report.failures.append(
                f"{node.op_type} '{name}' ({weight}): {old_width * scale} to"
                f" {width * new_scale}, expected {wanted}, and no reason")
            continue
        stuck = min(sum(reasons.values()), old_width * scale)
        # What cannot go counts, or the others lose their share.
        least, most = max(stuck, wanted), stuck + (old_width * scale - stuck) * (1 - ratio)
        slack = step[weight, rows]
        if not least - slack <= width * new_scale <= max(most, least) + slack:
            report.failures.append(
                f"{node.op_type} '{name}' ({weight}): {old_width * scale} to"
                f" {width * new_scale}, expected {wanted}, though only {reasons} cannot go")
        for reason in reasons:
            report.frozen[reason] = report.frozen.get(reason, 0) + 1


def zeroed(before: Model, after: Model, plan: dict) -> onnx.ModelProto | None:
    """The original with zeros in the slices of products that the plan removes, and with layer
    normalisations over the kept channels; nil for models where more would be needed."""
    cuts = collections.defaultdict(dict)
    for entry in plan["weights"]:
        # A weight that several nodes read may be several in the pruned model.
        cuts[entry.get("result") or entry["weight"]][entry["axis"]] = entry
    model = onnx.ModelProto()
    model.CopyFrom(before.proto)
    graph = model.graph
    if any(node.op_type in UNMASKED for node in graph.node) or before.proto.functions:
        return None
    constants = before.constants
    changed: dict[str, np.ndarray] = {}
    nodes: list[onnx.NodeProto] = []
    extra: list[TensorProto] = []
    for node in graph.node:
        twin = after.nodes.get(node.output[0])
        if node.op_type in WEIGHTED and (found := before.weight(node)) and twin is not None:
            if not (kept_weight := after.weight(twin)):
                return None
            if (before.shapes[found[0]] != after.shapes[kept_weight[0]]
                    and kept_weight[0] not in cuts):
                # Made by nodes, which were cut instead.
                return None
            for axis, entry in cuts[kept_weight[0]].items():
                if found[0] not in constants:
                    return None
                array = changed.get(found[0])
                if array is None:
                    array = numpy_helper.to_array(constants[found[0]]).copy()
                blocks = len(entry["kept"])
                rows = array.shape[0] // blocks
                for block, kept in enumerate(entry["kept"]):
                    gone = np.setdiff1d(np.arange(array.shape[axis]), kept)
                    place = [slice(None)] * array.ndim
                    if blocks > 1:
                        place[0] = slice(block * rows, (block + 1) * rows)
                        place[axis] = slice(None)
                        part = array[tuple(place)]
                        index = [slice(None)] * array.ndim
                        index[axis] = gone
                        part[tuple(index)] = 0
                    else:
                        place[axis] = gone
                        array[tuple(place)] = 0
                changed[found[0]] = array
        if node.op_type == "LayerNormalization" and twin is not None and twin.input[1] in cuts:
            entry = next(iter(cuts[twin.input[1]].values()))
            kept = np.array(entry["kept"][0], np.int64)
            places = np.zeros(entry["length"], np.int64)
            places[kept] = np.arange(len(kept))
            stem = node.output[0]
            axis = attribute(node, "axis", -1)
            extra += [numpy_helper.from_array(kept, f"{stem}_kept_"),
                      numpy_helper.from_array(places, f"{stem}_places_")]
            inputs = [f"{stem}_x_"]
            nodes.append(helper.make_node(
                "Gather", [node.input[0], f"{stem}_kept_"], inputs[:1], axis=axis))
            for position, parameter in enumerate(node.input[1:]):
                array = numpy_helper.to_array(constants[parameter])[kept]
                inputs.append(f"{stem}_p{position}_")
                extra.append(numpy_helper.from_array(array, inputs[-1]))
            inner = onnx.NodeProto()
            inner.CopyFrom(node)
            del inner.input[:]
            inner.input.extend(inputs)
            inner.output[0] = f"{stem}_y_"
            nodes += [inner, helper.make_node(
                "Gather", [f"{stem}_y_", f"{stem}_places_"], [stem], axis=axis)]
            continue
        nodes.append(node)
    nodes = [onnx.NodeProto.FromString(node.SerializeToString()) for node in nodes]
    del graph.node[:]
    graph.node.extend(nodes)
    graph.initializer.extend(extra)
    for name, array in changed.items():
        tensor = numpy_helper.from_array(array, name)
        if any(item.name == name for item in graph.initializer):
            next(i for i in graph.initializer if i.name == name).CopyFrom(tensor)
        else:
            for node in graph.node:
                if node.op_type == "Constant" and node.output[0] == name:
                    node.attribute[0].t.CopyFrom(tensor)
    model.ir_version = max(model.ir_version, 8)
    del graph.value_info[:]
    return model


def distance(left: list[np.ndarray], right: list[np.ndarray]) -> float:
    worst = 0.0
    for a, b in zip(left, right):
        if a.shape != b.shape:
            return float("inf")
        if a.size and np.issubdtype(a.dtype, np.floating):
            # Probabilities next to nothing are not told apart.
            scale = max(float(np.abs(a).max()), 1e-3)
            worst = max(worst, float(np.abs(a.astype(np.float64) - b).max()) / scale)
    return worst


def finite(arrays) -> bool:
    return all(
        np.isfinite(a).all() for a in arrays
        if isinstance(a, np.ndarray) and np.issubdtype(a.dtype, np.floating))


def check(path: Path, options, folder: Path) -> Report:
    report = Report(path.stem)
    target, plan_path = folder / "pruned.onnx", folder / "plan.json"
    start = time.time()
    run = subprocess.run(
        [options.lapidary, "prune", str(path), "-o", str(target), "--ratio", str(options.ratio),
         "--plan", str(plan_path), "--format", "json", "--force"] + ["--no-verify"] * options.widths_only + options.extra,
        capture_output=True, text=True)
    report.seconds = round(time.time() - start, 2)
    if run.returncode != 0:
        report.failures.append(f"prune: {run.stderr.strip()[:400]}")
        return report
    printed = json.loads(run.stdout)
    report.difference = (printed.get("certificate") or printed).get("difference")
    for key, into in (("parameters", report.parameters), ("macs", report.macs)):
        if isinstance(printed.get(key), dict):
            into += [printed[key]["before"], printed[key]["after"]]
    plan = json.loads(plan_path.read_text())
    certificate = plan.get("certificate")
    if options.widths_only:
        audit(Model(path), Model(target), plan, options.ratio, report)
        return report
    if certificate is None:
        report.failures.append(f"no proof: {run.stdout[-300:]} {run.stderr[-300:]}")
    else:
        report.difference = certificate["difference"]
    try:
        onnx.checker.check_model(str(target), full_check=True)
    except Exception as error:
        report.failures.append(f"onnx.checker: {str(error)[:300]}")
    before, after = Model(path), Model(target)
    audit(before, after, plan, options.ratio, report)
    try:
        original = session(path)
        given = feeds(original, options.open_length)
        expected = original.run(None, given)
    except Exception as error:
        expected = None
        report.failures.append(f"onnxruntime on the original: {str(error)[:300]}")
    try:
        found = session(target).run(None, given)
        if expected is not None:
            if finite(expected) and not finite(found):
                report.failures.append("onnxruntime: results that are not finite")
            if [np.shape(a)[1:] for a in expected] != [np.shape(a)[1:] for a in found]:
                report.failures.append("onnxruntime: results of other shapes")
            elif not options.open_results and [np.shape(a) for a in expected] != [
                    np.shape(a) for a in found]:
                report.failures.append("onnxruntime: results of other lengths")
        if options.independent and (masked := zeroed(before, after, plan)) is not None:
            with tempfile.TemporaryDirectory(dir=folder) as inner:
                place = Path(inner) / "masked.onnx"
                onnx.save(masked, place)
                wanted = session(place).run(None, given)
            report.independent = distance(wanted, found)
            if not report.independent <= 1e-3:
                report.failures.append(f"onnxruntime: differs by {report.independent:.2e}")
    except Exception as error:
        report.failures.append(f"onnxruntime: {str(error)[:300]}")
    return report


def plain(reason: str) -> str:
    """A reason without the names in it."""
    return re.sub(r"'[^']*'", "'…'", reason)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--lapidary", default=".build/release/lapidary")
    parser.add_argument("--ratio", type=float, default=0.5)
    parser.add_argument("--open-length", type=int, default=64)
    parser.add_argument("--open-results", action="store_true")
    parser.add_argument("--independent", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--widths-only", action="store_true", help="run nothing")
    parser.add_argument("--report", type=Path)
    parser.add_argument("--folder", type=Path)
    options, options.extra = parser.parse_known_args()
    reports = []
    reasons = collections.Counter()
    for path in options.models:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            try:
                report = check(path, options, Path(folder))
            except Exception as error:
                report = Report(path.stem, failures=[f"check: {type(error).__name__}: {error}"])
        report.status = "FAIL" if report.failures else "ok"
        reports.append(report)
        for reason, count in report.frozen.items():
            reasons[plain(reason)] += count
        print(
            f"{report.model:32} {report.status:5} {report.seconds:6.1f} s"
            f" widths {report.halved}/{report.widths}"
            f" own {report.difference if report.difference is not None else '-'}"
            f" onnxruntime {report.independent if report.independent is not None else '-'}",
            flush=True)
        for failure in report.failures[:8]:
            print(f"    {failure}", flush=True)
        if len(report.failures) > 8:
            print(f"    and {len(report.failures) - 8} more", flush=True)
        if options.report:
            options.report.write_text(json.dumps([asdict(r) for r in reports], indent=1))
    print(f"{sum(not r.failures for r in reports)} of {len(reports)} models pass; frozen widths:")
    for reason, count in reasons.most_common():
        print(f"  {count:5} {reason}")
    return int(any(r.failures for r in reports))


if __name__ == "__main__":
    sys.exit(main())
