"""Loading and saving a model against onnx, and against copying the file."""

from __future__ import annotations

from pathlib import Path

from measuring import LAPIDARY, Row, timed
from peers import interpreter

SAVE = "import onnx, sys; onnx.save(onnx.load(sys.argv[1]), sys.argv[2])"


def rows(models: list[Path], folder: Path, rounds: int) -> list[Row]:
    result: list[Row] = []
    target = str(folder / "out.onnx")
    for model in models:
        contestants = {
            "lapidary convert": [LAPIDARY, "convert", str(model), "-o", target],
            "cp": ["cp", str(model), target],
            "onnx": [str(interpreter()), "-c", SAVE, str(model), target],
        }
        result += timed("load and save", model.stem, contestants, rounds)
    return result
