"""Fuses random graphs of what rules look for, and compares before and after.

    python Benchmarks/check_fusion.py LAPIDARY [--graphs 2000] [--first 1] [--jobs 2] [--keep FOLDER]

Each graph has a free batch and is made of spellings that rules match or nearly match, with constants
of any rank, of 0, 1, -1, very large and very small. Both models run in Lapidary's executor and in
onnxruntime with its optimisations off, on noise, on a single sample, on none, on zeros, on what is no
number, on infinities and on numbers near the ends of the range of floats. Results must be equal:

- noise, batches, zeros, extremes: within 1e-4 of the largest element;
- no number and infinities: at the same places.

Where numbers of the model itself overflow on the way, a model that computes the same in fewer steps may
not: then only what was finite must stay so, and nothing is asked where finite numbers on the way come
within a thousandth of the largest float, since sums of parts then overflow in one order and not in
another, nor of infinities and no number among numbers whose squares overflow. Where numbers of the model cancel, so that its own results
move by more than that once its input and weights change in their last bit, ten times as much is allowed.
onnxruntime's MaxPool takes what is no number for the lowest float; such graphs have none.
"""

import argparse
import concurrent.futures
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
from onnx import helper

from fusible_graphs import Maker

# onnxruntime's kernels for these give no number where squares overflow, the standard's 0.
SQUARING = {"LayerNormalization", "RMSNormalization"}


def feeds(maker):
    def shape(n):
        return [n if d == "N" else d for d in maker.input_shape]

    random = maker.random
    noise = random.normal(size=shape(3)).astype(np.float32)
    yield "noise", noise
    yield "one sample", random.normal(size=shape(1)).astype(np.float32)
    yield "no sample", np.zeros(shape(0), np.float32)
    yield "zeros", np.zeros(shape(2), np.float32)
    for name, values in [("no number", [np.nan]), ("infinities", [np.inf, -np.inf]),
                         ("large", [1e12, -1e12, 1e6, 1e-12]), ("extremes", [3.4e38, -3.4e38, 1e30, -1e30, 1e-30, 1e15, -1e15, 1e-40])]:
        array = random.normal(size=shape(2)).astype(np.float32)
        mask = random.random(array.shape) < 0.15
        array[mask] = random.choice(np.array(values, np.float32), mask.sum())
        yield name, array


def disagreement(before, after, noise, overflows, shaken=()):
    """What differs, in words; None where nothing does.

    `shaken` are results of the first model whose input and weights changed in their last bit."""
    if before.dtype != after.dtype or before.shape != after.shape:
        return f"{before.dtype}{before.shape} against {after.dtype}{after.shape}"
    a, b = before.astype(np.float64), after.astype(np.float64)
    finite = np.isfinite(a)
    ordinary = np.abs(a[finite])
    scale = max(1e-6, noise if np.isfinite(noise) else 0, ordinary.max() if ordinary.size else 0)
    with np.errstate(invalid="ignore", over="ignore"):
        same = np.isnan(a) & np.isnan(b) | (a == b) | finite & (np.abs(a - b) <= 1e-4 * scale)
        for other in shaken:
            same |= finite & (np.abs(a - b) <= 10 * np.abs(a - other.astype(np.float64)))
    if overflows:
        same = np.isfinite(b) | ~finite
    if same.all():
        return None
    place = tuple(np.argwhere(~same)[0]) if a.shape else ()
    return f"at {[int(i) for i in place]}: {a[place]} before, {b[place]} after"


def session(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level, options.intra_op_num_threads = 4, 1
    return onnxruntime.InferenceSession(
        path if isinstance(path, bytes) else str(path), options, providers=["CPUExecutionProvider"])


def magnitudes(path, array):
    """The largest finite magnitude of a model's values in onnxruntime, and whether all are finite."""
    model = onnx.load(path)
    named = {output.name for output in model.graph.output}
    for name in (name for node in model.graph.node for name in node.output):
        if name and name not in named:
            model.graph.output.append(helper.make_empty_tensor_value_info(name))
    try:
        values = session(model.SerializeToString()).run(None, {"x": array})
    except Exception:
        return 0, True
    numbers = [np.abs(v.astype(np.float64)).ravel() for v in values if v.dtype.kind == "f"]
    numbers = np.concatenate(numbers or [np.zeros(1)])
    finite = np.isfinite(numbers)
    return numbers[finite].max(initial=0), finite.all()


def shaken(path, array, seed):
    """Results of a model, three times, with its input and weights changed in their last bit."""
    random = np.random.default_rng(seed)

    def changed(values):
        with np.errstate(over="ignore"):
            return (values * (1 + 1.2e-7 * random.choice([-1, 1], values.shape))).astype(values.dtype)

    for _ in range(3):
        model = onnx.load(path)
        for initializer in model.graph.initializer:
            values = onnx.numpy_helper.to_array(initializer)
            if values.size > 1 and values.dtype.kind == "f":
                initializer.CopyFrom(onnx.numpy_helper.from_array(changed(values), initializer.name))
        yield session(model.SerializeToString()).run(None, {"x": changed(array)})


def run(lapidary, path, feed, names, work):
    found = subprocess.run(
        [lapidary, "run", path, "--inputs", feed, "-o", work, "--quiet", "--threads", "1"],
        capture_output=True, text=True)
    if found.returncode:
        return found.stderr.strip().splitlines()[:1]
    return [np.load(work / f"{name}.npy") for name in names]


def examine(lapidary, seed, keep):
    """The verdicts on a graph: (engine, feed, words)."""
    maker = Maker(seed)
    if not maker.nodes:
        return seed, "empty", []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        before, after = folder / "before.onnx", folder / "after.onnx"
        onnx.save(maker.result(), before)
        found, failures = fused(lapidary, maker, seed, before, after, folder)
        if failures and keep:
            shutil.copytree(folder, keep / str(seed), dirs_exist_ok=True)
        return seed, found, failures


def fused(lapidary, maker, turn, before, after, folder):
    result = subprocess.run([lapidary, "fuse", before, "-o", after, "--threads", "1"],
                            capture_output=True, text=True)
    if result.returncode:
        try:
            session(before).run(None, {"x": next(feeds(maker))[1]})
        except Exception:
            return "invalid", []
        return "failed", [("fuse", "", (result.stderr.strip().splitlines() or ["?"])[0])]
    names = [o.name for o in onnx.load(before).graph.output]
    failures, noise = [], {}
    squares = any(node.op_type in SQUARING for node in onnx.load(after).graph.node)
    pools = any(node.op_type == "MaxPool" for node in onnx.load(before).graph.node)
    try:
        sessions = [session(path) for path in (before, after)]
    except Exception as error:
        sessions = None
        try:
            session(before)
            failures.append(("onnxruntime", "load", str(error).splitlines()[0][:150]))
        except Exception:
            pass
    for index, (kind, array) in enumerate(feeds(maker)):
        feed = folder / f"{kind.replace(' ', '_')}.npz"
        np.savez(feed, x=array)
        pairs = []
        # A process a run is slow: one kind a graph is enough for the executor.
        if index == turn % 8 and kind != "no sample":
            pairs.append(("lapidary", [
                run(lapidary, path, feed, names, folder / "results") for path in (before, after)]))
        largest, is_finite = magnitudes(before, array)
        if largest >= 1e35 or largest >= 1e18 and kind in ("no number", "infinities"):
            continue
        overflows = kind not in ("no number", "infinities") and not (largest < 1e18 and is_finite)
        if sessions and not (squares and overflows) and not (pools and not is_finite):
            try:
                first = sessions[0].run(None, {"x": array})
                try:
                    pairs.append(("onnxruntime", [first, sessions[1].run(None, {"x": array})]))
                except Exception as error:
                    failures.append(("onnxruntime", kind, str(error).splitlines()[0][:150]))
            except Exception:
                pass
        for engine, (first, second) in pairs:
            if first and isinstance(first[0], str):
                if sessions and engine == "lapidary" and len(pairs) > 1:
                    failures.append((engine, kind, f"onnxruntime runs it, here: {first[0]}"))
                continue
            if second and isinstance(second[0], str):
                failures.append((engine, kind, second[0]))
                continue
            for name, a, b in zip(names, first, second):
                if kind == "noise":
                    noise[engine, name] = float(np.abs(a[np.isfinite(a)]).max(initial=0))
                words = disagreement(a, b, noise.get((engine, name), 0), overflows)
                if words and sessions:
                    others = [results[names.index(name)] for results in shaken(before, array, turn)]
                    words = disagreement(a, b, noise.get((engine, name), 0), overflows, others)
                if words:
                    failures.append((engine, kind, f"'{name}' {words}"))
    return "compared", failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("lapidary")
    parser.add_argument("--graphs", type=int, default=2000)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--keep", type=pathlib.Path, help="where graphs that differ are left")
    arguments = parser.parse_args()
    counts, differing = {}, 0
    seeds = range(arguments.first, arguments.first + arguments.graphs)
    with concurrent.futures.ProcessPoolExecutor(arguments.jobs) as pool:
        for seed, verdict, failures in pool.map(
                examine, *zip(*[(arguments.lapidary, seed, arguments.keep) for seed in seeds]), chunksize=8):
            counts[verdict] = counts.get(verdict, 0) + 1
            differing += bool(failures)
            for engine, kind, words in failures[:2]:
                print(f"{seed}: {engine}, {kind}: {words}", flush=True)
    print(", ".join(f"{n} {verdict}" for verdict, n in counts.items()) + f"; {differing} differ")
    sys.exit(1 if differing else 0)


if __name__ == "__main__":
    main()
