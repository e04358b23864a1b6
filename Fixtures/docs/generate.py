"""Writes the small detector of docs/deploy-a-detector.md: random weights, the operators of real ones.

    python Fixtures/docs/generate.py Fixtures/docs
"""

import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def main() -> None:
    random = np.random.default_rng(0)
    tensors, nodes = [], []

    def weight(name: str, *shape: int) -> str:
        scale = 1 / np.sqrt(np.prod(shape[1:]) or 1)
        values = (random.standard_normal(shape) * scale).astype(np.float32)
        tensors.append(numpy_helper.from_array(values, name))
        return name

    def integers(name: str, *values: int) -> str:
        tensors.append(numpy_helper.from_array(np.array(values, np.int64), name))
        return name

    def conv(name: str, x: str, channels: int, out: int, stride: int = 1) -> str:
        nodes.append(helper.make_node(
            "Conv", [x, weight(f"{name}.w", out, channels, 3, 3), weight(f"{name}.b", out)],
            [f"{name}.conv"], name, pads=[1, 1, 1, 1], strides=[stride, stride]))
        return f"{name}.conv"

    def relu(name: str, x: str) -> str:
        nodes.append(helper.make_node("Relu", [x], [f"{name}.out"], f"{name}.relu"))
        return f"{name}.out"

    x = "image"
    for index, (channels, out) in enumerate([(3, 16), (16, 32), (32, 32)]):
        x = relu(f"stem{index}", conv(f"stem{index}", x, channels, out, 2))
    # A batch of one is written into the reshapes, as exporters do.
    for name, values in (("boxes", 4), ("scores", 5)):
        head = conv(name, x, 32, values)
        nodes.append(helper.make_node("Transpose", [head], [f"{name}.last"], perm=[0, 2, 3, 1]))
        nodes.append(helper.make_node(
            "Reshape", [f"{name}.last", integers(f"{name}.shape", 1, -1, values)],
            [name if name == "boxes" else "logits"]))
    nodes.append(helper.make_node("Sigmoid", ["logits"], ["scores"]))
    graph = helper.make_graph(
        nodes, "detector",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 64, 64])],
        [helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, 64, 4]),
         helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 64, 5])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, pathlib.Path(sys.argv[1]) / "detector.onnx")


main()
