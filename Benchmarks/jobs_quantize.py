"""Quantizing the committed classifier against onnxruntime's quantizer and NNCF: time, size, top-1.

All get the same 256 samples and are judged by onnxruntime on the same 2,000 labelled images. NNCF wants
packages that others do not go with, so it has an interpreter of its own: BENCH_NNCF names one that has
nncf, onnx and onnxruntime; without it there are no rows of NNCF.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from measuring import LAPIDARY, ROOT, Row, compared, in_turns, median, seconds
from peers import interpreter

FIXTURE = ROOT / "Fixtures" / "fashion"

ORT = """
import numpy, sys
from onnxruntime.quantization import (
    CalibrationDataReader, QuantFormat, QuantType, quantize_static)
from onnxruntime.quantization.shape_inference import quant_pre_process
samples = numpy.load(sys.argv[2])
name = next(n for n in samples.files if samples[n].ndim > 1)
class Reader(CalibrationDataReader):
    def __init__(self): self.rows = iter(samples[name].astype(numpy.float32))
    def get_next(self):
        row = next(self.rows, None)
        return None if row is None else {name: row[None]}
quant_pre_process(sys.argv[1], sys.argv[3], skip_symbolic_shape=True)
quantize_static(
    sys.argv[3], sys.argv[3], Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
    reduce_range=True, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8)
"""

NNCF = """
import nncf, numpy, onnx, sys
samples = numpy.load(sys.argv[2])
name = next(n for n in samples.files if samples[n].ndim > 1)
rows = [{name: row[None].astype(numpy.float32)} for row in samples[name]]
onnx.save(nncf.quantize(onnx.load(sys.argv[1]), nncf.Dataset(rows), subset_size=len(rows)), sys.argv[3])
"""

JUDGE = """
import numpy, onnxruntime, sys
data = numpy.load(sys.argv[2])
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
name = session.get_inputs()[0].name
labels = data["labels"]
found = [session.run(None, {name: row[None].astype(numpy.float32)})[0].argmax() for row in data[name]]
print(100 * (numpy.array(found) == labels).mean())
"""


def top1(model: str) -> float | None:
    """What onnxruntime makes of a model, in percent; None where it does not run it."""
    done = subprocess.run(
        [interpreter(), "-c", JUDGE, model, FIXTURE / "test.npz"], capture_output=True, text=True)
    return float(done.stdout) if done.returncode == 0 else None


def rows(folder: Path, rounds: int) -> list[Row]:
    model, data = str(FIXTURE / "fashion.onnx"), str(FIXTURE / "calibration.npz")

    def lapidary(target: str, *options: str) -> list[str]:
        return [LAPIDARY, "quantize", model, "-o", target, "--calibration", data, "--no-verify", "--force",
                *options]

    targets = {name: str(folder / f"q{place}.onnx") for place, name in enumerate(
        ["lapidary quantize", "lapidary quantize --weight-bits 4 --rounding gptq", "onnxruntime", "NNCF"])}
    names = list(targets)
    contestants = {
        names[0]: lapidary(targets[names[0]]),
        names[1]: lapidary(targets[names[1]], "--weight-bits", "4", "--rounding", "gptq"),
        names[2]: [str(interpreter()), "-c", ORT, model, data, targets[names[2]]],
    }
    if own := os.environ.get("BENCH_NNCF"):
        contestants[names[3]] = [own, "-c", NNCF, model, data, targets[names[3]]]
    times = in_turns(contestants, rounds, seconds)
    made = {name: targets[name] for name in contestants if Path(targets[name]).exists()}
    figures = {"fashion (float)": top1(model)} | {name: top1(path) for name, path in made.items()}
    sizes = {name: os.path.getsize(path) / 1000 for name, path in made.items()}
    return (
        compared("quantize", "fashion", "s", {name: median(values) for name, values in times.items()})
        + compared("quantize", "fashion", "kB", sizes)
        + [Row("quantize", "fashion", name, "% top-1", value) for name, value in figures.items()]
    )
