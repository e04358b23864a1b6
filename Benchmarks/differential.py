"""Compares random graphs with onnxruntime, its optimisations off, node by node.

    DIFFERENTIAL_GRAPHS=20000 DIFFERENTIAL_FOLDER=graphs \\
      swift test -c release --filter DifferentialTests
    python Benchmarks/differential.py graphs

The test writes each graph with its inputs and what the reference backend computes at each node; this
script runs the graph in onnxruntime and looks for the first node that differs: in values beyond 1e-4,
in infinities, or in what is no number. Where that is onnxruntime's doing, a line of EXPLAINED says why.
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

SQUARES = "onnxruntime squares in float, which overflows or loses what is small beside large elements"
NOTHING = "onnxruntime leaves sums of nothing as memory had them, and calls a mean of nothing 0"
ORDER = "onnxruntime's order of what is no number depends on its place"
LOST = "onnxruntime's vectorised functions give a number for what is none"
ZEROS = "onnxruntime leaves out products with a weight of 0, also those of infinities"

# Where onnxruntime and the standard differ: operators, when, and why. "odd": where an operand or the
# result holds what is no number, infinities or numbers beyond 1e18; "empty": where one has no elements.
EXPLAINED = [
    ("MaxPool GlobalMaxPool", "odd", "onnxruntime's largest element skips what is no number and"
     " starts at the lowest finite float"),
    ("Max Min ReduceMax ReduceMin ArgMax ArgMin TopK Clip Hardmax Relu", "odd", ORDER),
    ("MeanVarianceNormalization", "any", "onnxruntime divides by the deviation alone, where the"
     " standard adds 1e-9, and squares in float"),
    ("LRN", "any", "onnxruntime's sums run along the channels, so that what is no number stays in them"),
    ("InstanceNormalization GroupNormalization LayerNormalization RMSNormalization LpNormalization"
     " ReduceL2 ReduceSumSquare LpPool", "odd", SQUARES),
    ("MatMul Gemm MatMulInteger QLinearMatMul Einsum ReduceMean ReduceL1 ReduceL2 ReduceSum"
     " ReduceSumSquare ReduceProd ReduceMax ReduceMin ReduceLogSum ReduceLogSumExp", "empty", NOTHING),
    ("LSTM GRU RNN Attention Softmax LogSoftmax Sigmoid Tanh Softplus Gelu Erf Elu Selu Celu Swish Mish"
     " HardSwish HardSigmoid", "odd", LOST),
    ("Resize GridSample ConvTranspose AveragePool Conv", "odd", ZEROS),
    ("Resize", "aligned", "onnxruntime rounds the length before it aligns the corners"),
    ("ReduceLogSumExp", "odd", "onnxruntime takes the largest element off, which the standard does not"
     " say and which is exact where the sum overflows"),
    ("MatMul Gemm Conv ConvTranspose Einsum CumSum ReduceSum ReduceMean ReduceProd Mean Sum AveragePool"
     " GlobalAveragePool BatchNormalization", "odd",
     "sums of numbers beyond 1e18 of either sign: the order in which they are added decides"),
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


def why(node, operands, result):
    """Why a node differs; None where nobody knows."""
    def is_odd(array):
        return array.dtype.kind == "f" and array.size > 0 and not (np.abs(array) < 1e18).all()

    arrays = [*operands, result]
    holds = {"any"}
    if any(is_odd(array) for array in arrays):
        holds.add("odd")
    if any(array.size == 0 for array in arrays):
        holds.add("empty")
    if any(a.name == "coordinate_transformation_mode" and a.s == b"align_corners"
           for a in node.attribute):
        holds.add("aligned")
    return next((reason for names, needs, reason in EXPLAINED
                 if node.op_type in names.split() and needs in holds), None)


def examine(case):
    """What onnxruntime makes of a case: same, refused, explained or different, and more of it."""
    model = onnx.load(case / "model.onnx")
    inputs, expected = dict(np.load(case / "inputs.npz")), dict(np.load(case / "values.npz"))
    named = {output.name for output in model.graph.output}
    for name in (o for node in model.graph.node for o in node.output if o and o not in named):
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info(name))
    try:
        runner = session(model)
        results = dict(zip((o.name for o in runner.get_outputs()), runner.run(None, inputs)))
    except Exception as error:  # onnxruntime has no kernel, or refuses the graph
        return "refused", str(error).splitlines()[0][:110]
    known = inputs | expected | {
        i.name: onnx.numpy_helper.to_array(i) for i in model.graph.initializer}
    for node in model.graph.node:
        for name in node.output:
            if name not in expected:
                continue
            text = disagreement(expected[name], results[name])
            if not text:
                continue
            reason = why(node, [known[i] for i in node.input if i], expected[name])
            return ("explained", reason) if reason else ("different", f"{node.op_type} {text}")
    return "same", ""


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
    return json.loads(text) if text else ("refused", "onnxruntime ended the process")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--show", type=int, default=20, help="how many differences to print")
    arguments = parser.parse_args()
    counts, kinds = collections.Counter(), collections.Counter()
    for case in sorted(arguments.folder.iterdir(), key=lambda path: int(path.name)):
        if not (case / "values.npz").exists():
            continue
        verdict, text = apart(case)
        counts[verdict] += 1
        if verdict == "different" and counts[verdict] <= arguments.show:
            print(f"{case.name}: {text}", flush=True)
        elif verdict != "same":
            kinds[f"{verdict}: {text}"] += 1
    for kind, count in kinds.most_common(40):
        print(f"{count:6} {kind}")
    print(", ".join(f"{count} {name}" for name, count in counts.items()))
    sys.exit(1 if counts["different"] else 0)


if __name__ == "__main__":
    main()
