"""Compares what every node of a model makes of the same inputs with ONNX Runtime, node by node.

    python Benchmarks/check_nodes.py MODEL.onnx … [--set N=2 --set H=40 …] [--backend reference]

ONNX Runtime runs the model without optimisations on seeded inputs. Then each node gets what ONNX
Runtime computed for it, so that an error is where it arises, and no order of nearly equal scores
depends on the last bits of what comes before, as in a detector's TopK. Numbers must agree within
1e-4 of the largest one of their tensor, whole numbers exactly. Masks of Dropout before opset 12,
where ONNX Runtime writes no mask, are left out.
"""

import subprocess

import numpy as np
import onnx
import onnx.numpy_helper
import onnxruntime as ort
from onnx import TensorProto, helper

from check_inference import feeds, main, typed


def session(model, path):
    onnx.save(model, path)
    options = ort.SessionOptions()
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 4
    return ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def computed(model, types, inputs, folder):
    """What ONNX Runtime computes for every tensor of the main graph, by name."""
    graph = model.graph
    del graph.output[:]
    for node in graph.node:
        for name in node.output:
            if node.op_type != "Constant" and name in types and types[name].HasField("tensor_type"):
                info = onnx.ValueInfoProto(name=name, type=types[name])
                info.type.tensor_type.ClearField("shape")
                graph.output.append(info)
    run = session(model, folder / "wide.onnx")
    names = [o.name for o in run.get_outputs()]
    return dict(zip(names, run.run(names, inputs)))


def free_names(graph):
    """Names that a subgraph reads from outside."""
    made = {i.name for i in [*graph.input, *graph.initializer]}
    made |= {name for node in graph.node for name in node.output}
    used = {o.name for o in graph.output}
    for node in graph.node:
        used |= read_names(node)
    return used - made


def read_names(node):
    used = {name for name in node.input if name}
    for attribute in node.attribute:
        for graph in [*attribute.graphs, *([attribute.g] if attribute.HasField("g") else [])]:
            used |= free_names(graph)
    return used


def cut(model, values):
    """Makes every node read its operands from outside; the operands' names, and the results'."""
    graph = model.graph
    fixed = {i.name for i in graph.initializer}
    fixed |= {o for node in graph.node if node.op_type == "Constant" for o in node.output}
    kept, operands, results = [], {}, {}
    for node in graph.node:
        if node.op_type == "Constant":
            kept.append(node)
            continue
        needed = read_names(node) - fixed
        outputs = [name for name in node.output if name]
        is_known = needed <= set(values) and all(name in values for name in outputs)
        if not is_known or node.op_type.startswith("Random"):
            continue
        operands.update(dict.fromkeys(sorted(needed)))
        for place, name in enumerate(node.output):
            if name and not (node.op_type == "Dropout" and place == 1):
                results[name] = node.op_type
            node.output[place] = name and name + "__made"
        kept.append(node)
    for field in [graph.node, graph.input, graph.output, graph.value_info]:
        del field[:]
    graph.node.extend(kept)

    def info(name, array, shape):
        kind = helper.np_dtype_to_tensor_dtype(array.dtype)
        return helper.make_tensor_value_info(name, kind, shape)

    graph.input.extend(info(n, values[n], values[n].shape) for n in operands)
    graph.output.extend(info(n + "__made", values[n], None) for n in results)
    return list(operands), results


def difference(wanted, found):
    """How far apart two arrays are, relative to the largest number; infinite where they cannot be
    compared."""
    if wanted.shape != found.shape or wanted.dtype != found.dtype:
        return float("inf")
    if wanted.dtype.kind != "f":
        return 0.0 if np.array_equal(wanted, found) else float("inf")
    finite = np.isfinite(wanted)
    if not np.array_equal(wanted[~finite], found[~finite], equal_nan=True):
        return float("inf")
    a, b = wanted[finite].astype(np.float64), found[finite].astype(np.float64)
    return float(np.abs(a - b).max(initial=0) / (np.abs(a).max(initial=0) or 1))


def check(command, path, lengths, folder, backend):
    types = typed(command, path, folder)
    model = onnx.load(path)
    inputs, _ = feeds(model, lengths)
    values = {**inputs, **computed(model, types, inputs, folder)}
    count = sum(node.op_type != "Constant" for node in model.graph.node)
    operands, results = cut(model, values)
    onnx.save(model, folder / "cut.onnx")
    (folder / "in").mkdir()
    for place, name in enumerate(operands):
        tensor = onnx.numpy_helper.from_array(values[name], name)
        (folder / "in" / f"input_{place}.pb").write_bytes(tensor.SerializeToString())
    subprocess.run(
        [command, "run", folder / "cut.onnx", "--inputs", folder / "in", "-o", folder / "out",
         "--quiet", "--backend", backend], check=True)
    apart = {}
    for place, name in enumerate(results):
        tensor = TensorProto.FromString((folder / f"out/output_{place}.pb").read_bytes())
        apart[name] = difference(values[name], onnx.numpy_helper.to_array(tensor))
    wrong = [name for name, error in apart.items() if not error < 1e-4]
    worst = max(apart.values(), default=0.0)
    print(f"{'FAIL' if wrong else 'ok  '} {path.name}: {len(results)} results of {count} nodes, "
          f"{len(wrong)} wrong, worst {worst:.1e}")
    for name in wrong[:5]:
        print(f"      {results[name]} {name}: {apart[name]:.1e}")
    return not wrong


if __name__ == "__main__":
    main(check, __doc__, backend="accelerated")
