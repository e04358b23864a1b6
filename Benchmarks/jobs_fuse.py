"""Simplifying a model against onnxsim and onnxslim."""

from __future__ import annotations

import subprocess
from pathlib import Path

from measuring import LAPIDARY, Row, timed
from peers import interpreter

SIM = (
    "import onnx, onnxsim, sys; m, ok = onnxsim.simplify(onnx.load(sys.argv[1]));"
    "onnx.save(m, sys.argv[2])"
)
SLIM = "import onnxslim, sys; onnxslim.slim(sys.argv[1], sys.argv[2])"

# Convolutions with their normalization, activation and a node that does nothing, one after another.
CHAIN = """
import numpy, onnx, sys
from onnx import helper, numpy_helper, TensorProto
blocks, path = int(sys.argv[1]) // 4, sys.argv[2]
random = numpy.random.default_rng(0)
nodes, tensors, last = [], [], "x"
def constant(name, values):
    tensors.append(numpy_helper.from_array(values.astype(numpy.float32), name))
    return name
for i in range(blocks):
    weight = constant(f"w{i}", random.normal(size=(4, 4, 1, 1)) / 2)
    statistics = [constant(f"{part}{i}", random.uniform(0.8, 1.2, 4)) for part in "sbmv"]
    nodes += [
        helper.make_node("Conv", [last, weight], [f"c{i}"]),
        helper.make_node("BatchNormalization", [f"c{i}", *statistics], [f"n{i}"]),
        helper.make_node("Relu", [f"n{i}"], [f"r{i}"]),
        helper.make_node("Identity", [f"r{i}"], [f"y{i}"]),
    ]
    last = f"y{i}"
shape = lambda name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4, 8, 8])
graph = helper.make_graph(nodes, "chain", [shape("x")], [shape(last)], tensors)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.save(model, path)
"""


def chain(folder: Path, nodes: int) -> Path:
    """A model of so many nodes."""
    path = folder / f"chain_{nodes}.onnx"
    subprocess.run([interpreter(), "-c", CHAIN, str(nodes), path], check=True)
    return path


def rows(models: list[Path], folder: Path, rounds: int) -> list[Row]:
    result: list[Row] = []
    target = str(folder / "out.onnx")
    for model in [*models, chain(folder, 10_000)]:
        contestants = {
            "lapidary fuse --no-verify": [LAPIDARY, "fuse", str(model), "-o", target, "--no-verify"],
            "onnxsim": [str(interpreter()), "-c", SIM, str(model), target],
            "onnxslim": [str(interpreter()), "-c", SLIM, str(model), target],
        }
        result += timed("simplify", model.stem, contestants, rounds)
    return result
