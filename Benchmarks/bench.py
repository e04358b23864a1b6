"""Measures lapidary against its peers in one run and prints medians as Markdown.

Run it as `make bench`. Peers are installed, pinned, into .build/bench-env; BENCH_PYTHON names
another interpreter that has them, BENCH_NNCF one that has NNCF. Torchvision's models are exported into models/tv where they are
missing, which needs torch; BENCH_MODELS names another folder that has them. Results also go to
Benchmarks/results/bench.json.

usage: bench.py [--rounds N] [--only JOB]... [--without-torch]
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import jobs_files
import jobs_fuse
import jobs_latency
import jobs_prune
import jobs_quantize
import peers
from measuring import LAPIDARY, ROOT, THREADS, Row

LATENCY = [
    "resnet50", "vgg19", "densenet121", "mobilenet_v3_large", "efficientnet_b0", "convnext_tiny",
]
PRUNE = ["resnet50", "densenet121", "vgg19", "vit_b_16"]
JOBS = ["files", "latency", "integers", "fuse", "quantize", "prune"]


def exported(names: list[str], torch: bool) -> list[Path]:
    """Torchvision's models by name; those that are missing are exported."""
    folder = Path(os.environ.get("BENCH_MODELS", ROOT / "models" / "tv"))
    missing = [name for name in names if not (folder / f"{name}.onnx").exists()]
    if missing and torch:
        script = Path(__file__).resolve().parent / "export_models.py"
        subprocess.run([peers.interpreter(), script, folder, *missing], check=True)
    return [path for name in names if (path := folder / f"{name}.onnx").exists()]


def fetched(name: str) -> list[Path]:
    """A model of `make models`, where it is there."""
    folders = [ROOT / "models", Path(os.environ.get("BENCH_MODELS", ROOT)).parent]
    return [path for folder in folders if (path := folder / name).exists()][:1]


def table(rows: list[Row]) -> str:
    lines = ["| job | model | tool | median | ours over this |", "|:--|:--|:--|--:|--:|"]
    for row in rows:
        value = "failed" if row.value is None else f"{row.value:.4g} {row.unit}"
        ratio = "" if row.ratio is None else f"{row.ratio:.2f}"
        lines.append(f"| {row.job} | {row.model} | {row.tool} | {value} | {ratio} |")
    return "\n".join(lines)


def geometric_mean(rows: list[Row]) -> float | None:
    ratios = [r.ratio for r in rows if r.job == "latency" and r.tool == "onnxruntime" and r.ratio]
    return math.exp(sum(map(math.log, ratios)) / len(ratios)) if ratios else None


def write(rows: list[Row], versions: dict[str, str | None], rounds: int) -> None:
    results = ROOT / "Benchmarks" / "results"
    results.mkdir(exist_ok=True)
    document = {
        "schema": 2, "machine": platform.processor() or platform.machine(), "threads": THREADS,
        "rounds": rounds, "peers": versions, "geometric_mean": geometric_mean(rows),
        "rows": [row.json() for row in rows],
    }
    (results / "bench.json").write_text(json.dumps(document, indent=2) + "\n")


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", action="append", choices=JOBS)
    parser.add_argument("--without-torch", action="store_true")
    options = parser.parse_args()
    jobs = options.only or JOBS
    torch = not options.without_torch
    if not Path(LAPIDARY).exists():
        print("error: expected .build/release/lapidary, found none: run `make build`", file=sys.stderr)
        return 2
    versions = peers.ensure("requirements.txt")
    if torch:
        versions |= peers.ensure("requirements-torch.txt")
    rows: list[Row] = []

    def done(measured: list[Row]) -> None:
        """Prints a job's rows as soon as they are there, and writes all so far."""
        rows.extend(measured)
        if measured:
            print(table(measured), flush=True)
        write(rows, versions, options.rounds)

    with tempfile.TemporaryDirectory() as name:
        folder, rounds = Path(name), options.rounds
        models = exported(LATENCY, torch)
        if "files" in jobs:
            done(jobs_files.rows(models[:2], folder, rounds))
        if "latency" in jobs:
            done(jobs_latency.rows(models + fetched("minilm_l3.onnx"), folder, rounds))
            if mean := geometric_mean(rows):
                print(f"\nLatency over onnxruntime's, geometric mean: {mean:.2f}\n", flush=True)
        if "integers" in jobs and models:
            done(jobs_latency.integer_rows(models[0], folder, rounds))
        if "fuse" in jobs:
            done(jobs_fuse.rows(models[:4], folder, rounds))
        if "quantize" in jobs:
            done(jobs_quantize.rows(folder, rounds))
        if "prune" in jobs and torch:
            for model in exported(PRUNE, torch):
                done(jobs_prune.rows([model], folder, rounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
