"""Measures lapidary against its peers in one run, whole processes, and prints medians as Markdown.

Run it as `make bench`, after `make models`. Peers are Python packages (onnx, onnxsim, onnxslim,
onnxruntime); install them beside the interpreter that runs this script, pinned in `PEERS`. A peer
that is missing is listed as such. Results also go to Benchmarks/results/bench.json.
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAPIDARY = ROOT / ".build" / "release" / "lapidary"
PEERS = {"onnx": "1.23.2", "onnxsim": "0.8.1", "onnxslim": "0.1.98", "onnxruntime": "1.31.1"}
RUNS = 5

PYTHON_SAVE = "import onnx, sys; onnx.save(onnx.load(sys.argv[1]), sys.argv[2])"
PYTHON_SIM = (
    "import onnx, onnxsim, sys; m, ok = onnxsim.simplify(onnx.load(sys.argv[1]));"
    "onnx.save(m, sys.argv[2])"
)
PYTHON_SLIM = "import onnxslim, sys; onnxslim.slim(sys.argv[1], sys.argv[2])"
PYTHON_RUN = (
    "import onnxruntime, numpy, sys;"
    "s = onnxruntime.InferenceSession(sys.argv[1], providers=['CPUExecutionProvider']);"
    "x = s.get_inputs()[0];"
    "d = [v if isinstance(v, int) else 1 for v in x.shape];"
    "s.run(None, {x.name: numpy.zeros(d, numpy.float32)})"
)


def installed(package: str) -> str | None:
    """The version of a package beside this interpreter, or None."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def median_seconds(command: list[str]) -> float | None:
    """The median wall time of a command, or None when it fails."""
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            return None
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def python(code: str, *arguments: str) -> list[str]:
    return [sys.executable, "-c", code, *arguments]


def rows(model: Path, folder: Path) -> list[tuple[str, str, list[str], str | None]]:
    """Job, tool, command and the peer package that the command needs."""
    source, target = str(model), str(folder / "out.onnx")
    lapidary = str(LAPIDARY)
    return [
        ("load and save", "lapidary convert", [lapidary, "convert", source, "-o", target], None),
        ("load and save", "cp", ["cp", source, target], None),
        ("load and save", "onnx", python(PYTHON_SAVE, source, target), "onnx"),
        (
            "simplify",
            "lapidary fuse --no-verify",
            [lapidary, "fuse", source, "-o", target, "--no-verify"],
            None,
        ),
        ("simplify", "onnxsim", python(PYTHON_SIM, source, target), "onnxsim"),
        ("simplify", "onnxslim", python(PYTHON_SLIM, source, target), "onnxslim"),
        (
            "load and run once",
            "lapidary run",
            [lapidary, "run", source, "--inputs", "random:1", "-o", str(folder / "outputs")],
            None,
        ),
        ("load and run once", "onnxruntime", python(PYTHON_RUN, source), "onnxruntime"),
    ]


def main() -> int:
    if not LAPIDARY.exists():
        print("error: expected .build/release/lapidary, found none: run `make build`", file=sys.stderr)
        return 2
    given = [Path(argument) for argument in sys.argv[1:]]
    names = ["ppocr_cls.onnx", "deepcut.onnx", "minilm_l3.onnx"]
    models = given or [ROOT / "models" / name for name in names]
    models = [model for model in models if model.exists()] or [
        ROOT / "Fixtures" / "fashion" / "fashion.onnx"
    ]
    versions = {name: installed(name) for name in PEERS}
    for name, version in versions.items():
        if version and version != PEERS[name]:
            print(f"note: {name} {version}, pinned is {PEERS[name]}", file=sys.stderr)
    results = []
    print("| model | job | tool | median s | against lapidary |")
    print("|:--|:--|:--|--:|--:|")
    for model in models:
        with tempfile.TemporaryDirectory() as name:
            own: dict[str, float | None] = {}
            for job, tool, command, package in rows(model, Path(name)):
                if package and not versions[package]:
                    print(f"| {model.stem} | {job} | {tool} | not installed | |")
                    continue
                seconds = median_seconds(command)
                own.setdefault(job, seconds)
                ratio = ""
                if seconds and own[job]:
                    ratio = f"{seconds / own[job]:.1f} x"
                text = f"{seconds:.3f}" if seconds else "failed"
                print(f"| {model.stem} | {job} | {tool} | {text} | {ratio} |")
                results.append({"model": model.stem, "job": job, "tool": tool, "seconds": seconds})
    folder = ROOT / "Benchmarks" / "results"
    folder.mkdir(exist_ok=True)
    report = {"schema": 1, "runs": RUNS, "peers": versions, "rows": results}
    (folder / "bench.json").write_text(json.dumps(report, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
