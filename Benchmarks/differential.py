"""Compares random graphs with onnxruntime, its optimisations off, node by node.

    DIFFERENTIAL_GRAPHS=20000 DIFFERENTIAL_FOLDER=graphs \\
      swift test -c release --filter DifferentialTests
    python Benchmarks/differential.py graphs

The test writes each graph with its inputs and what the reference backend computes at each node; this
script runs the graph in onnxruntime and, where it differs, each node for itself: in values beyond 1e-4,
in infinities, or in what is no number. Where that is onnxruntime's doing, or the standard leaves it
open, a line of EXPLAINED says why.
"""

import argparse
import collections
import json
import os
import pathlib
import sys

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime

# Where onnxruntime and the standard differ: operators, on which operands, and why. The words: "nan", "inf"
# (infinities), "huge" (1e18 and beyond, whose squares overflow), "tiny" (below 1e-18, whose squares
# vanish), "empty" (no elements), "flat" (a spread far below the mean), "aligned" (corners),
# "cancelled" (a result 10,000 times smaller than the operands), "any".
EXPLAINED = [
    ("MaxPool GlobalMaxPool", "nan inf", "the largest element is that above the lowest finite float:"
     " what is no number is skipped, and minus infinity is raised to it"),
    ("ReduceMax ReduceMin ArgMax ArgMin TopK Hardmax", "nan",
     "what is no number is compared with others in the order of places, and lost or kept by it"),
    ("MeanVarianceNormalization", "any", "divides by the deviation alone, where the function that the"
     " standard states adds 1e-9"),
    ("LRN", "nan inf huge", "its sums run along the channels, and what is no number or infinite stays"
     " in them where the window has passed it"),
    ("InstanceNormalization GroupNormalization LayerNormalization RMSNormalization LpNormalization"
     " ReduceL2", "huge tiny", "squares are floats, which overflow or vanish; the result is a float"),
    ("InstanceNormalization GroupNormalization", "flat", "the mean goes into the bias, scaled by the"
     " deviation, so that rounding is relative to it"),
    ("MatMulInteger QLinearMatMul ReduceMean", "empty", "sums of nothing are left as memory had them,"
     " and their axes as they were"),
    ("LSTM GRU Attention", "nan inf", "the vectorised functions between bounds give a number for what"
     " is none"),
    ("ReduceLogSumExp", "nan", "an infinite element decides, though another one is no number"),
    ("Resize GridSample", "nan inf", "whether an element of weight 0 takes part, and gives no number,"
     " depends on its place"),
    ("DFT", "nan inf", "the imaginary part of a bin of a real signal where every factor is 0 is computed"
     " nevertheless; NumPy, which the standard's reference asks, leaves it 0"),
    ("Resize", "aligned", "the length is rounded before the corners are aligned"),
    ("ReduceSum", "cancelled", "the standard states no order: numbers that cancel leave its rounding"),
    ("ReduceSum ReduceMean ReduceProd GlobalAveragePool Conv MatMul", "huge", "the standard states no order: numbers"
     " that cancel, or products that overflow on the way, depend on it"),
]


def session(model):
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])


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
    place = tuple(np.argwhere(~same)[0]) if a.shape else ()
    return f"at {[int(i) for i in place]}: {a[place]} against {b[place]}"


def properties(node, operands, result):
    """The words of EXPLAINED that hold for a node's operands."""
    found = {"any"}
    largest = [np.abs(a[np.isfinite(a)]).max(initial=0) for a in (operands[0], result)]
    if largest[1] * 1e4 < largest[0]:
        found.add("cancelled")
    for array in operands:
        if array.size == 0:
            found.add("empty")
        elif array.dtype.kind == "f":
            size = np.abs(array)
            found |= {word for word, holds in [
                ("nan", np.isnan(array)), ("inf", np.isinf(array)),
                ("huge", np.isfinite(array) & (size >= 1e18)),
                ("tiny", (size > 0) & (size < 1e-18))] if holds.any()}
    if any(a.name == "coordinate_transformation_mode" and a.s == b"align_corners"
           for a in node.attribute):
        found.add("aligned")
    if operands and operands[0].ndim > 2 and operands[0].size:
        groups = next((a.i for a in node.attribute if a.name == "num_groups"), operands[0].shape[1])
        rows = operands[0].astype(np.float64).reshape(operands[0].shape[0], groups, -1)
        with np.errstate(all="ignore"):
            if (rows.std(axis=2) < 0.03 * np.abs(rows.mean(axis=2))).any():
                found.add("flat")
    return found


def why(node, operands, result):
    """Why a node differs; None where nobody knows."""
    holds = properties(node, operands, result)
    return next((reason for names, needs, reason in EXPLAINED
                 if node.op_type in names.split() and holds & set(needs.split())), None)


def run(model, inputs):
    """Results by name; a text where onnxruntime has no kernel, or refuses the model."""
    try:
        runner = session(model)
        return dict(zip((o.name for o in runner.get_outputs()), runner.run(None, inputs)))
    except Exception as error:
        return str(error).splitlines()[0][:110]


def alone(model, node, known):
    """A model of one node, and its inputs."""
    names = list(dict.fromkeys(i for i in node.input if i))
    graph = onnx.helper.make_graph(
        [node], "node",
        [onnx.helper.make_tensor_value_info(
            n, onnx.helper.np_dtype_to_tensor_dtype(known[n].dtype), known[n].shape) for n in names],
        [onnx.helper.make_empty_tensor_value_info(o) for o in node.output if o])
    # What has to be constant stays one.
    fixed = [i for i in model.graph.initializer if i.name in names]
    for tensor in fixed:
        graph.initializer.append(tensor)
    kept = [i for i in graph.input if i.name not in {t.name for t in fixed}]
    del graph.input[:]
    graph.input.extend(kept)
    return (onnx.helper.make_model(graph, opset_imports=model.opset_import, ir_version=model.ir_version),
            {i.name: known[i.name] for i in kept})


def examine(case):
    """The verdicts on a case: same, refused, explained or different, and more of each.

    Where the whole graph does not run or differs, each node is run for itself on what the reference
    backend computed before it, so that nothing hides behind the first difference.
    """
    model = onnx.load(case / "model.onnx")
    inputs, expected = dict(np.load(case / "inputs.npz")), dict(np.load(case / "values.npz"))
    named = {output.name for output in model.graph.output}
    whole = onnx.ModelProto()
    whole.CopyFrom(model)
    for name in (o for node in model.graph.node for o in node.output if o and o not in named):
        whole.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    results = run(whole, inputs)
    if not isinstance(results, str) and not any(
            disagreement(expected[name], results[name]) for name in expected):
        return [("same", "")]
    known = inputs | expected | {
        i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    verdicts = []
    for node in model.graph.node:
        # What NumPy has no type for is not there.
        if not all(i in known for i in node.input if i) or node.output[0] not in expected:
            continue
        found = run(*alone(model, node, known))
        if isinstance(found, str):
            verdicts.append(("refused", f"{node.op_type}: {found}"))
            continue
        texts = [disagreement(expected[name], found[name]) for name in node.output if name in expected]
        text = next((text for text in texts if text), None)
        if text:
            reason = why(node, [known[i] for i in node.input if i], expected[node.output[0]])
            verdicts.append(
                ("explained", f"{node.op_type}: onnxruntime: {reason}") if reason else ("different", f"{node.op_type} {text}"))
    return verdicts or [("same", "")]


def apart(case):
    """The same in a process of its own, which onnxruntime may end."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os.write(write, json.dumps(examine(case)).encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else [("refused", "onnxruntime ended the process")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print")
    arguments = parser.parse_args()
    counts, kinds = collections.Counter(), collections.Counter()
    for case in sorted(arguments.folder.iterdir(), key=lambda path: int(path.name)):
        if not (case / "values.npz").exists():
            continue
        verdicts = apart(case)
        counts["graphs"] += 1
        for verdict, text in verdicts:
            counts[verdict] += 1
            if verdict == "different" and counts[verdict] <= arguments.show:
                print(f"{case.name}: {text}", flush=True)
            elif verdict != "same":
                kinds[f"{verdict}: {text}"] += 1
    for kind, count in kinds.most_common(60):
        print(f"{count:6} {kind}")
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    sys.exit(1 if counts["different"] else 0)


if __name__ == "__main__":
    main()
