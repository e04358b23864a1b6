"""Make attention models and what ONNX Runtime computes when their weak heads are cut by hand.

For each case two models are built by the same function: NAME.onnx with all heads, and one with the
weak ones left out of every array, which only ONNX Runtime sees. NAME.npz holds an input `x`, and `y`,
ONNX Runtime's output of the second. Pruning NAME.onnx by half must give a model that computes `y`.

    python generate.py

Needs numpy, onnx and onnxruntime from PyPI.
"""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
POSITIONS, HIDDEN, OUTPUTS = 6, 16, 5
MICROSOFT = "com.microsoft"


def stream(name: str) -> np.random.Generator:
    """Numbers that belong to one name, so that a new case changes no other."""
    return np.random.default_rng(zlib.crc32(name.encode()))


class Builder:
    """A graph under construction; `kept` says of each array which indices along an axis stay."""

    def __init__(self, name: str, cut: bool) -> None:
        self.random = stream(name)
        self.cut = cut
        self.nodes: list[onnx.NodeProto] = []
        self.arrays: list[onnx.TensorProto] = []

    def array(self, name: str, values: np.ndarray) -> str:
        self.arrays.append(numpy_helper.from_array(values, name))
        return name

    def weight(self, name: str, shape: tuple[int, ...], axis: int, strong: np.ndarray) -> str:
        """An array whose indices along an axis are ten times weaker where they are not strong."""
        values = self.random.uniform(0.3, 0.5, shape) * self.random.choice([-1, 1], shape)
        sizes = [1] * len(shape)
        sizes[axis] = -1
        values = values * np.where(strong, 1, 0.1).reshape(sizes)
        if self.cut:
            values = np.compress(strong, values, axis)
        return self.array(name, values.astype(np.float32))

    def project(self, name: str, strong: np.ndarray) -> str:
        """A product and a bias whose columns are strong or weak."""
        weight = self.weight(f"{name}.w", (HIDDEN, len(strong)), 1, strong)
        bias = self.weight(f"{name}.b", (len(strong),), 0, strong)
        self.nodes.append(helper.make_node("MatMul", ["x", weight], [f"{name}.m"]))
        self.nodes.append(helper.make_node("Add", [f"{name}.m", bias], [name]))
        return name

    def model(self, value: str, strong: np.ndarray, domain: str, opset: int) -> onnx.ModelProto:
        weight = self.weight("out.w", (len(strong), OUTPUTS), 0, strong)
        self.nodes.append(helper.make_node("MatMul", [value, weight], ["y"]))
        x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [2, POSITIONS, HIDDEN])
        y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, POSITIONS, OUTPUTS])
        graph = helper.make_graph(self.nodes, "attention", [x], [y], self.arrays)
        opsets = [helper.make_opsetid("", opset)]
        if domain:
            opsets.append(helper.make_opsetid(domain, 1))
        model = helper.make_model(graph, opset_imports=opsets, ir_version=10)
        onnx.checker.check_model(model)
        return model


def heads(strong: list[int], width: int) -> np.ndarray:
    """Which columns are strong when whole heads are."""
    return np.repeat(np.array(strong, bool), width)


def elements(strong: list[int], count: int) -> np.ndarray:
    """Which columns are strong when the same elements of every head are."""
    return np.tile(np.array(strong, bool), count)


def attention_gqa(build: Builder) -> onnx.ModelProto:
    """Four heads of queries that share two of keys; the second of keys goes with its two."""
    queries, keys = heads([1, 1, 0, 0], 8), heads([1, 0], 8)
    names = [build.project("q", queries), build.project("k", keys), build.project("v", keys)]
    few = 1 if build.cut else 2
    attributes = {"q_num_heads": 2 * few, "kv_num_heads": few}
    build.nodes.append(helper.make_node("Attention", names, ["a"], **attributes))
    return build.model("a", queries, "", 23)


def attention_widths(build: Builder) -> onnx.ModelProto:
    """Elements of every head; the scale stays that of the whole width."""
    strong = elements([1, 0, 1, 0, 0, 1, 1, 0], 4)
    names = [build.project(name, strong) for name in "qkv"]
    attributes = {"q_num_heads": 4, "kv_num_heads": 4}
    if build.cut:
        attributes["scale"] = 8**-0.5
    build.nodes.append(helper.make_node("Attention", names, ["a"], **attributes))
    return build.model("a", strong, "", 23)


def multi_head(build: Builder) -> onnx.ModelProto:
    """Values wider than queries and keys."""
    queries, values = heads([0, 1, 1, 0], 8), heads([0, 1, 1, 0], 12)
    names = [build.project("q", queries), build.project("k", queries), build.project("v", values)]
    count = 2 if build.cut else 4
    build.nodes.append(
        helper.make_node("MultiHeadAttention", names, ["a"], domain=MICROSOFT, num_heads=count)
    )
    return build.model("a", values, MICROSOFT, 17)


def multi_head_bias(build: Builder) -> onnx.ModelProto:
    """The biases of all three in one input."""
    strong = heads([1, 0, 0, 1], 8)
    names = [build.project(name, strong) for name in "qkv"]
    names.append(build.weight("biases", (96,), 0, np.tile(strong, 3)))
    count = 2 if build.cut else 4
    build.nodes.append(
        helper.make_node("MultiHeadAttention", names, ["a"], domain=MICROSOFT, num_heads=count)
    )
    return build.model("a", strong, MICROSOFT, 17)


def attention_sizes(build: Builder) -> onnx.ModelProto:
    """The projection inside, with values wider than queries and keys."""
    queries, values = heads([1, 0, 1, 0], 8), heads([1, 0, 1, 0], 12)
    columns = np.concatenate([queries, queries, values])
    weight = build.weight("qkv.w", (HIDDEN, len(columns)), 1, columns)
    bias = build.weight("qkv.b", (len(columns),), 0, columns)
    count = 2 if build.cut else 4
    sizes = [8 * count, 8 * count, 12 * count]
    build.nodes.append(
        helper.make_node(
            "Attention", ["x", weight, bias], ["a"], domain=MICROSOFT, num_heads=count,
            qkv_hidden_sizes=sizes, unidirectional=1,
        )
    )
    return build.model("a", values, MICROSOFT, 17)


def group_query(build: Builder) -> onnx.ModelProto:
    """Packed, turned by positions, over a cache that starts empty."""
    queries, keys = heads([0, 0, 1, 1], 16), heads([0, 1], 16)
    build.project("qkv", np.concatenate([queries, keys, keys]))
    angles = np.outer(np.arange(POSITIONS), 100 ** (-np.arange(8) / 8)).astype(np.float32)
    few = 1 if build.cut else 2
    inputs = ["qkv", "", "", "", ""]
    inputs.append(build.array("last", np.full(2, POSITIONS - 1, np.int32)))
    inputs.append(build.array("total", np.array([POSITIONS], np.int32)))
    inputs += [build.array("cosines", np.cos(angles)), build.array("sines", np.sin(angles))]
    build.nodes.append(
        helper.make_node(
            "GroupQueryAttention", inputs, ["a"], domain=MICROSOFT, num_heads=2 * few,
            kv_num_heads=few, do_rotary=1,
        )
    )
    return build.model("a", queries, MICROSOFT, 17)


def main() -> None:
    cases = [
        attention_gqa, attention_widths, multi_head, multi_head_bias, attention_sizes,
        group_query,
    ]
    for case in cases:
        name = case.__name__
        onnx.save(case(Builder(name, cut=False)), HERE / f"{name}.onnx")
        cut = case(Builder(name, cut=True))
        session = onnxruntime.InferenceSession(
            cut.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        x = stream(f"{name}, samples").standard_normal((2, POSITIONS, HIDDEN))
        x = x.astype(np.float32)
        np.savez(HERE / f"{name}.npz", x=x, y=session.run(["y"], {"x": x})[0])


if __name__ == "__main__":
    main()
