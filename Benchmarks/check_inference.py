"""Compares inferred types with those that ONNX Runtime computes, and the outputs of both.

    python Benchmarks/check_inference.py MODEL.onnx … [--set N=2 --set H=40 …]

Every intermediate becomes an output of the model, ONNX Runtime runs it without optimisations on
seeded inputs, and each actual type must equal the one that `lapidary infer` wrote, its names bound
to the inputs' lengths. Where the rank itself depends on a length, as behind a Squeeze of whatever is
1, `infer` is asked again with the inputs' lengths. `lapidary run` must give the same outputs within 1e-4 of their largest value.
"""

import argparse
import math
import pathlib
import re
import subprocess
import sys
import tempfile
from fractions import Fraction

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime as ort
from onnx import TensorProto, helper

LAPIDARY = pathlib.Path(__file__).parent.parent / ".build/release/lapidary"
# Lengths that models need which do not take any.
LENGTHS = {
    "silero_vad": {"batch": 2, "sequence": 576},
    "ppocr_cls": {"x_dim_0": 2, "x_dim_2": 48, "x_dim_3": 192},
}
ELEMENTS = {k: helper.tensor_dtype_to_np_dtype(k) for k in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13)}


def value(text, names):
    """The length that a dimension's name stands for; None where a name is not bound."""
    if text in names:
        return names[text]
    # Names may hold dots, as those of Paddle do.
    values = {re.sub(r"[^A-Za-z0-9_]", "_", k): v for k, v in names.items()}
    for name in sorted((k for k in names if re.search(r"\W", k)), key=len, reverse=True):
        text = text.replace(name, re.sub(r"[^A-Za-z0-9_]", "_", name))
    code = re.sub(r"([A-Za-z_0-9]+(?:\*[A-Za-z_0-9]+)*)/(\d+)", r"F(\1,\2)", text)
    words = {"floor": math.floor, "max": max, "min": min, "F": Fraction}
    try:
        return int(eval(code, {**words, **values}))
    except (NameError, SyntaxError, TypeError):
        return None


def open_name(value_name, axis):
    """The name that `infer` gives a length that nobody named."""
    return re.sub(r"[^A-Za-z0-9_]", "_", value_name) + f"_dim_{axis}"


def feeds(model, lengths):
    """Seeded inputs; masks are ones, indices are small."""
    rng = np.random.default_rng(7)
    weights = {w.name for w in model.graph.initializer}
    result, names = {}, dict(lengths)
    for info in model.graph.input:
        if info.name in weights:
            continue
        shape = []
        for axis, d in enumerate(info.type.tensor_type.shape.dim):
            if d.HasField("dim_value") and d.dim_value > 0:
                shape.append(d.dim_value)
            elif d.dim_param:
                known = value(d.dim_param, names)
                if known is None:
                    known = names.get(open_name(info.name, axis))
                if known is None:
                    known = names[d.dim_param] = 2 if axis == 0 else 7 + len(names)
                shape.append(known)
            else:
                shape.append(names.get(open_name(info.name, axis), 1))
        kind = ELEMENTS[info.type.tensor_type.elem_type]
        if np.issubdtype(kind, np.floating):
            result[info.name] = rng.standard_normal(shape).astype(kind)
        elif "mask" in info.name:
            result[info.name] = np.ones(shape, kind)
        elif info.name in ("sr", "position_ids", "token_type_ids"):
            result[info.name] = np.full(shape, 16000 if info.name == "sr" else 0, kind)
        else:
            result[info.name] = rng.integers(0, 20, shape).astype(kind)
    return result, names


def typed(command, path, folder, lengths=None):
    """What `infer` says about each value, by name."""
    target = folder / "typed.onnx"
    # What a file declares may be wrong, as the rank of ddddocr's output is.
    infer = [command, "infer", "--replace", "--force", "--quiet", path, "-o", target]
    for name, length in (lengths or {}).items():
        if name != "?":
            infer += ["--dim", f"{name}={length}"]
    subprocess.run(infer, check=True)
    graph = onnx.load(target, load_external_data=False).graph
    return {v.name: v.type for v in [*graph.value_info, *graph.output]}


def check(command, path, lengths, folder):
    model = onnx.load(path)
    declared = typed(command, path, folder)
    inputs, names = feeds(model, lengths)
    for info in model.graph.input:
        if info.name in inputs:
            for axis, d in enumerate(info.type.tensor_type.shape.dim):
                for known in filter(None, [d.dim_param, open_name(info.name, axis)]):
                    names[known] = inputs[info.name].shape[axis]
    outputs = [o.name for o in model.graph.output]
    inner = [n for node in model.graph.node for n in node.output if n and n not in outputs]
    for name in inner:
        model.graph.output.append(onnx.ValueInfoProto(name=name))
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    wide = folder / "wide.onnx"
    onnx.save(model, wide)
    try:
        session = ort.InferenceSession(wide, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # Sequences cannot become outputs without a type.
        del model.graph.output[len(outputs):]
        kept = [n for n in inner if n in declared and declared[n].HasField("tensor_type")]
        model.graph.output.extend(onnx.ValueInfoProto(name=n) for n in kept)
        onnx.save(model, wide)
        session = ort.InferenceSession(wide, options, providers=["CPUExecutionProvider"])
        inner = kept
    actual = dict(zip([o.name for o in session.get_outputs()], session.run(None, inputs)))
    bare = [n for n, a in actual.items() if isinstance(a, np.ndarray)
            and not (n in declared and declared[n].tensor_type.HasField("shape"))]
    if bare:
        declared.update(typed(command, path, folder, names))
    wrong, untyped, bound = [], [], 0
    for name, array in actual.items():
        if not isinstance(array, np.ndarray):
            continue
        kind = declared[name].tensor_type if name in declared else None
        if kind is None or not kind.HasField("shape"):
            untyped.append(name)
            continue
        found = []
        for axis, d in enumerate(kind.shape.dim):
            if d.HasField("dim_value"):
                found.append(d.dim_value)
            elif not d.dim_param:
                untyped.append(f"{name} axis {axis}")
                found.append(array.shape[axis] if axis < array.ndim else None)
            else:
                length = value(d.dim_param, names)
                if length is None and (name in outputs or re.fullmatch(r"\w+", d.dim_param)):
                    # A length of its own: it is whatever it is here and, but for the labels that
                    # exporters give outputs, the same further down.
                    length = array.shape[axis] if axis < array.ndim else None
                    if name not in outputs:
                        names[d.dim_param] = length
                    bound += 1
                found.append(length)
        if tuple(found) != array.shape or ELEMENTS.get(kind.elem_type) != array.dtype:
            text = [d.dim_param or d.dim_value for d in kind.shape.dim]
            wrong.append(f"{name}: inferred {kind.elem_type}{text} = {found}, actual {array.dtype}{array.shape}")
    order = [i.name for i in model.graph.input if i.name in inputs]
    (folder / "in").mkdir()
    for place, name in enumerate(order):
        tensor = onnx.numpy_helper.from_array(inputs[name], name)
        (folder / "in" / f"input_{place}.pb").write_bytes(tensor.SerializeToString())
    run = subprocess.run(
        [command, "run", path, "--inputs", folder / "in", "-o", folder / "out"],
        capture_output=True, text=True)
    worst, difference = 0.0, run.stderr.strip()
    if run.returncode == 0:
        difference, results = None, {}
        for place, name in enumerate(outputs):
            tensor = onnx.TensorProto.FromString((folder / f"out/output_{place}.pb").read_bytes())
            results[name] = onnx.numpy_helper.to_array(tensor)
        for name in outputs:
            a, b = actual[name].astype(np.float64), results[name].astype(np.float64)
            kept = np.isfinite(a)
            if a.shape != b.shape or not np.array_equal(kept, np.isfinite(b)):
                difference = (f"'{name}': expected {a.shape}, {kept.sum()} finite, "
                              f"found {b.shape}, {np.isfinite(b).sum()} finite")
                continue
            apart = np.abs(a[kept] - b[kept]).max(initial=0)
            worst = max(worst, float(apart / (np.abs(a[kept]).max(initial=0) or 1)))
    fine = not wrong and not untyped and difference is None and worst < 1e-4
    print(f"{'ok  ' if fine else 'FAIL'} {path.name}: {len(actual)} values, {len(wrong)} wrong, "
          f"{len(bare)} shapes known from lengths alone, {len(untyped)} unknown, "
          f"{bound} named lengths of their own, outputs {worst:.1e}"
          + (f", run: {difference}" if difference else ""))
    for line in [*wrong[:5], *untyped[:5]]:
        print("    ", line)
    return fine


def main(check=check, about=__doc__, **further):
    """Checks the models of the command line; further options, with their defaults, go to `check`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("models", nargs="+", type=pathlib.Path)
    parser.add_argument("--set", action="append", default=[], help="a length, such as N=2")
    parser.add_argument("--lapidary", type=pathlib.Path, default=LAPIDARY, help="the command")
    for name, default in further.items():
        parser.add_argument(f"--{name}", default=default)
    options = parser.parse_args()
    lengths = {k: int(v) for k, v in (s.split("=") for s in options.set)}
    fine = True
    for path in options.models:
        with tempfile.TemporaryDirectory() as folder:
            try:
                known = {**LENGTHS.get(path.stem, {}), **lengths}
                fine &= check(
                    options.lapidary.resolve(), path, known, pathlib.Path(folder),
                    **{name: getattr(options, name) for name in further})
            except Exception as error:
                print(f"FAIL {path.name}: {type(error).__name__}: {str(error)[:300]}")
                fine = False
    sys.exit(0 if fine else 1)


if __name__ == "__main__":
    main()
