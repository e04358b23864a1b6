"""The Python interface, against numpy and onnx. `python -m unittest` in `python/` runs it; the command
is the one that LAPIDARY_BINARY names, or that of the installed wheel."""

from __future__ import annotations

import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from typing import Any
from unittest import mock

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import lapidary
from lapidary._large import write_model

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FASHION = ROOT / "Fixtures" / "fashion"


def linear(seed: int = 0, hidden: int = 8) -> onnx.ModelProto:
    """relu(x @ w + b) @ v"""
    random = np.random.default_rng(seed)
    weights = {
        "w": random.standard_normal((4, hidden)).astype(np.float32),
        "b": random.standard_normal(hidden).astype(np.float32),
        "v": random.standard_normal((hidden, 3)).astype(np.float32),
    }
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["x", "w"], ["p"], "first"),
            helper.make_node("Add", ["p", "b"], ["s"], "bias"),
            helper.make_node("Relu", ["s"], ["r"], "relu"),
            helper.make_node("MatMul", ["r", "v"], ["layer/y:0"], "second"),
        ],
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 4])],
        [helper.make_tensor_value_info("layer/y:0", TensorProto.FLOAT, ["N", 3])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


def expected(model: onnx.ModelProto, x: "np.ndarray[Any, Any]") -> "np.ndarray[Any, Any]":
    weights = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    result: "np.ndarray[Any, Any]" = (
        np.maximum(x @ weights["w"] + weights["b"], 0) @ weights["v"])
    return result


class RunTests(unittest.TestCase):
    def test_run_equals_numpy(self) -> None:
        model = linear()
        x = np.random.default_rng(1).standard_normal((5, 4)).astype(np.float32)
        for form in (model, model.SerializeToString()):
            outputs = lapidary.run(form, {"x": x})
            self.assertEqual(list(outputs), ["layer/y:0"])
            np.testing.assert_allclose(outputs["layer/y:0"], expected(model, x), atol=1e-5)

    def test_run_takes_paths(self) -> None:
        outputs = lapidary.run(FASHION / "fashion.onnx", "random:3", backend="reference")
        self.assertEqual(outputs["logits"].shape, (3, 10))


class LargeModelTests(unittest.TestCase):
    """Models beyond protobuf's limit, which is lowered here."""

    def test_weights_go_beside_the_model(self) -> None:
        model = linear(hidden=1000)
        before = model.SerializeToString()
        x = np.random.default_rng(1).standard_normal((2, 4)).astype(np.float32)
        with mock.patch("lapidary._large.LARGEST", 10_000):
            fused = lapidary.fuse(model)
            found = lapidary.run(model, {"x": x})["layer/y:0"]
        self.assertEqual(model.SerializeToString(), before)
        np.testing.assert_allclose(found, expected(model, x), rtol=1e-4, atol=1e-4)
        self.assertLess(os.path.getsize(fused.path), 10_000)
        self.assertGreater(len(fused.model.SerializeToString()), 10_000)
        np.testing.assert_allclose(
            lapidary.run(fused.path, {"x": x})["layer/y:0"], found, atol=1e-4)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "saved.onnx")
            fused.save(path)
            self.assertEqual(onnx.load(path).graph.node, fused.model.graph.node)

    def test_what_protobuf_refuses_is_an_error(self) -> None:
        class Refused:
            graph = onnx.GraphProto()

            def SerializeToString(self) -> bytes:
                raise ValueError("too large")

        with self.assertRaises(lapidary.Error) as caught:
            write_model(Refused(), "nowhere.onnx")
        self.assertEqual(caught.exception.code, "limit")


class MakingTests(unittest.TestCase):
    def test_fuse(self) -> None:
        model = linear()
        fused = lapidary.fuse(model)
        self.assertLess(len(fused.model.graph.node), len(model.graph.node))
        onnx.checker.check_model(fused.model, full_check=True)
        x = np.random.default_rng(1).standard_normal((2, 4)).astype(np.float32)
        np.testing.assert_allclose(
            lapidary.run(fused.path, {"x": x})["layer/y:0"], expected(model, x), atol=1e-5)

    def test_prune_and_quantize(self) -> None:
        pruned = lapidary.prune(FASHION / "fashion.onnx", ratio=0.5)
        self.assertLess(len(pruned.to_bytes()), (FASHION / "fashion.onnx").stat().st_size // 2)
        with np.load(FASHION / "calibration.npz") as data:
            samples = {"image": data["image"][:32]}
        integers = lapidary.quantize(pruned.model, samples)
        kinds = {node.op_type for node in integers.model.graph.node}
        self.assertIn("QuantizeLinear", kinds)

    def test_compress_writes_where_it_is_told(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "small.onnx")
            result = lapidary.compress(
                FASHION / "fashion.onnx", output=path, ratio=0.3,
                calibration=FASHION / "calibration.npz")
            self.assertEqual(result.path, path)
            self.assertEqual(result.report["stages"][-1]["stage"], "quantized")
            self.assertEqual(sorted(os.listdir(folder)), ["small.onnx"])

    def test_edit(self) -> None:
        edited = lapidary.edit(
            FASHION / "fashion.onnx", preprocess="0-1", layout="nhwc", rename={"image": "pixels"})
        pixels = np.random.default_rng(2).integers(0, 256, (2, 28, 28, 1), dtype=np.uint8)
        after = lapidary.run(edited.path, {"pixels": pixels})["logits"]
        image = (pixels.astype(np.float32) / 255).transpose(0, 3, 1, 2)
        before = lapidary.run(FASHION / "fashion.onnx", {"image": image})["logits"]
        np.testing.assert_allclose(after, before, atol=1e-6 * np.abs(before).max())

    def test_result_goes_with_its_object(self) -> None:
        result = lapidary.fuse(linear())
        folder = os.path.dirname(result.path)
        self.assertTrue(os.path.exists(result.path))
        del result
        self.assertFalse(os.path.exists(folder))

    def test_diff(self) -> None:
        self.assertTrue(lapidary.diff(linear(), linear()).equal)
        found = lapidary.diff(linear(), linear(1))
        self.assertTrue(found and not found.equal)

    def test_inspect(self) -> None:
        self.assertIn("parameters", str(lapidary.inspect(linear())))


class ErrorTests(unittest.TestCase):
    def test_errors_say_what_and_where(self) -> None:
        with self.assertRaises(lapidary.Error) as caught:
            lapidary.inspect("nowhere.onnx")
        self.assertEqual(caught.exception.code, "file")
        with self.assertRaises(lapidary.Error) as caught:
            lapidary.inspect(b"no model")
        self.assertEqual(caught.exception.code, "malformed")
        self.assertTrue(caught.exception.place)
        with self.assertRaises(lapidary.Error) as caught:
            lapidary.edit(linear(), rename={"a": "b"})
        self.assertEqual(caught.exception.code, "request")
        self.assertEqual(caught.exception.place, ["rename"])
        with self.assertRaises(lapidary.Error) as caught:
            lapidary.prune(linear())
        self.assertEqual((caught.exception.code, caught.exception.status), ("usage", 64))

    def test_an_interrupted_call_ends_the_command(self) -> None:
        program = (
            "import lapidary\n"
            f"lapidary.run({str(FASHION / 'fashion.onnx')!r}, 'random:200000')\n")
        child = subprocess.Popen(
            [sys.executable, "-c", program], stderr=subprocess.DEVNULL, start_new_session=True)
        running = b""
        for _ in range(100):
            time.sleep(0.1)
            running = subprocess.run(
                ["pgrep", "-P", str(child.pid)], stdout=subprocess.PIPE).stdout
            if running:
                break
        self.assertTrue(running)
        time.sleep(0.3)
        child.send_signal(signal.SIGINT)
        child.wait(timeout=30)
        self.assertNotEqual(child.returncode, 0)
        for number in running.split():
            self.assertFalse(os.path.exists(f"/proc/{int(number)}/exe"))


if __name__ == "__main__":
    unittest.main()
