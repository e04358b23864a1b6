"""Compares random graphs with onnxruntime, its optimisations off.

    DIFFERENTIAL_GRAPHS=20000 DIFFERENTIAL_FOLDER=graphs \\
      swift test -c release --filter DifferentialTests
    python Benchmarks/differential.py graphs

The test writes each graph with its inputs and the reference backend's results; this script runs the
graph in onnxruntime and prints what differs: in values beyond 1e-4, in infinities, or in what is no
number. What is onnxruntime's doing is counted by the rule in EXPLAINED that says why.
"""

import argparse
import collections
import pathlib
import sys

import numpy as np
import onnx
import onnxruntime

# Where onnxruntime and the standard differ, by the operators that a graph has.
EXPLAINED = [
    ({"MaxPool", "GlobalMaxPool"}, "onnxruntime's largest element skips what is no number and starts"
     " at the lowest finite float"),
    ({"Max", "Min", "ReduceMax", "ReduceMin", "ArgMax", "ArgMin", "TopK", "Clip"},
     "onnxruntime's order of what is no number depends on its place"),
]


def session(path):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def disagreement(expected, found):
    """What differs, in words; None where nothing does."""
    if expected.dtype != found.dtype or expected.shape != found.shape:
        return f"{expected.dtype}{expected.shape} against {found.dtype}{found.shape}"
    if expected.dtype.kind != "f":
        return None if np.array_equal(expected, found) else "elements differ"
    a, b = expected.astype(np.float64), found.astype(np.float64)
    finite = np.isfinite(a) & np.isfinite(b)
    same = np.isnan(a) & np.isnan(b) | (a == b)
    ordinary = np.abs(a[np.isfinite(a) & (np.abs(a) < 1e6)])
    scale = max(1e-3, ordinary.max() if ordinary.size else 0)
    with np.errstate(invalid="ignore", over="ignore"):
        same |= finite & (np.abs(a - b) <= 1e-4 * np.maximum(np.abs(a), scale))
    if same.all():
        return None
    place = np.argwhere(~same)[0] if a.shape else ()
    return f"at {list(place)}: {a[tuple(place)]} against {b[tuple(place)]}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print")
    arguments = parser.parse_args()
    counts, kinds, shown = collections.Counter(), collections.Counter(), 0
    for case in sorted(arguments.folder.iterdir(), key=lambda path: int(path.name)):
        operators = {node.op_type for node in onnx.load(case / "model.onnx").graph.node}
        inputs = dict(np.load(case / "inputs.npz"))
        expected = dict(np.load(case / "outputs.npz"))
        try:
            runner = session(case / "model.onnx")
            results = dict(zip((o.name for o in runner.get_outputs()), runner.run(None, inputs)))
        except Exception as error:  # onnxruntime has no kernel, or refuses the graph
            counts["refused"] += 1
            kinds[f"refused: {str(error).splitlines()[0][:110]}"] += 1
            continue
        texts = [(n, disagreement(expected[n], results[n])) for n in expected]
        texts = [(name, text) for name, text in texts if text]
        if not texts:
            counts["same"] += 1
            continue
        reason = next((why for names, why in EXPLAINED if names & operators
                       and any(not np.isfinite(v).all() for v in inputs.values()
                               if v.dtype.kind == "f")), None)
        counts["explained" if reason else "different"] += 1
        if reason:
            kinds[reason] += 1
        elif shown < arguments.show:
            shown += 1
            print(f"{case.name}: {texts[0][0]} {texts[0][1]} ({', '.join(sorted(operators))})")
    for kind, count in kinds.most_common(20):
        print(f"{count:6} {kind}")
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    sys.exit(1 if counts["different"] else 0)


if __name__ == "__main__":
    main()
