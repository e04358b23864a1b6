"""Simplifying a model against onnxsim and onnxslim."""

from __future__ import annotations

from pathlib import Path

from measuring import LAPIDARY, Row, timed
from peers import interpreter

SIM = (
    "import onnx, onnxsim, sys; m, ok = onnxsim.simplify(onnx.load(sys.argv[1]));"
    "onnx.save(m, sys.argv[2])"
)
SLIM = "import onnxslim, sys; onnxslim.slim(sys.argv[1], sys.argv[2])"


def rows(models: list[Path], folder: Path, rounds: int) -> list[Row]:
    result: list[Row] = []
    target = str(folder / "out.onnx")
    for model in models:
        contestants = {
            "lapidary fuse --no-verify": [LAPIDARY, "fuse", str(model), "-o", target, "--no-verify"],
            "onnxsim": [str(interpreter()), "-c", SIM, str(model), target],
            "onnxslim": [str(interpreter()), "-c", SLIM, str(model), target],
        }
        result += timed("simplify", model.stem, contestants, rounds)
    return result
