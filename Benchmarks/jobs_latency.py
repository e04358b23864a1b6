"""Latency, planning time and peak memory against onnxruntime, batch 1."""

from __future__ import annotations

import subprocess
from pathlib import Path

from measuring import LAPIDARY, THREADS, Row, compared, in_turns, median, report
from peers import interpreter

HERE = Path(__file__).resolve().parent


def commands(model: Path, runs: int, inputs: Path | None) -> dict[str, list[str]]:
    own = [LAPIDARY, "bench", str(model), "--runs", str(runs), "--format", "json"]
    own += ["--threads", str(THREADS), "--inputs", str(inputs) if inputs else "random:1"]
    peer = [str(interpreter()), str(HERE / "onnxruntime_latency.py"), str(model), str(runs)]
    peer += [str(THREADS)] + ([str(inputs)] if inputs else [])
    return {"lapidary": own, "onnxruntime": peer}


def tokens(folder: Path) -> Path:
    """One sequence of 128 tokens for MiniLM."""
    path = folder / "tokens.npz"
    code = (
        "import numpy, sys; ones = numpy.ones((1, 128), numpy.int64);"
        "ids = numpy.random.default_rng(0).integers(999, 29999, (1, 128));"
        "numpy.savez(sys.argv[1], input_ids=ids, attention_mask=ones)"
    )
    subprocess.run([interpreter(), "-c", code, path], check=True)
    return path


def rows(models: list[Path], folder: Path, rounds: int) -> list[Row]:
    result: list[Row] = []
    for model in models:
        inputs = tokens(folder) if model.stem.startswith("minilm") else None
        reports = in_turns(commands(model, 15, inputs), rounds, report)
        for job, unit, figure in [
            ("latency", "ms", lambda r: r["median_ms"]),
            # Ours compiles primitives in the first run.
            ("planning", "ms", planning),
            # Without what each process held before it read the model.
            ("peak memory", "MB", lambda r: (r["peak_bytes"] - r["process_bytes"]) / 1e6),
        ]:
            figures = {
                tool: median([figure(r) if r else None for r in found])
                for tool, found in reports.items()
            }
            result += compared(job, model.stem, unit, figures)
    return result


def planning(figures: dict) -> float:
    compiling = figures.get("first_run_ms", figures["median_ms"]) - figures["median_ms"]
    return figures["plan_ms"] + figures.get("load_ms", 0) + compiling


def integer_rows(model: Path, folder: Path, rounds: int) -> list[Row]:
    """The model quantized by us, against itself in float and against onnxruntime."""
    quantized = folder / f"{model.stem}.int8.onnx"
    command = [LAPIDARY, "quantize", str(model), "--calibration", "random:8"]
    subprocess.run(command + ["-o", str(quantized), "--no-verify"], check=True, capture_output=True)
    contestants = commands(quantized, 15, None)
    contestants["lapidary, float"] = commands(model, 15, None)["lapidary"]
    reports = in_turns(contestants, rounds, report)
    figures = {
        tool: median([r["median_ms"] if r else None for r in found])
        for tool, found in reports.items()
    }
    return compared("latency, INT8", model.stem, "ms", figures)
