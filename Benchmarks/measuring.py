"""How rows are measured: whole processes, medians, the contestants taking turns."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LAPIDARY = str(ROOT / ".build" / "release" / "lapidary")
THREADS = 2


@dataclass
class Row:
    """One figure of one tool."""

    job: str
    model: str
    tool: str
    unit: str
    value: float | None
    # Our figure over this one; for a row of ours, 1.
    ratio: float | None = None

    def json(self) -> dict:
        return asdict(self)


def seconds(command: list[str]) -> float | None:
    """The wall time of a command, None where it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start if done.returncode == 0 else None


def report(command: list[str]) -> dict | None:
    """The JSON that a command prints, None where it fails."""
    environment = dict(os.environ, OMP_NUM_THREADS=str(THREADS))
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout) if done.returncode == 0 else None


def in_turns(contestants: dict[str, list[str]], rounds: int, measure) -> dict[str, list]:
    """What `measure` says of each command, the commands taking turns `rounds` times."""
    results: dict[str, list] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, command in contestants.items():
            results[name].append(measure(command))
    return results


def median(values: list[float | None]) -> float | None:
    """The median, None where a value is missing."""
    return None if not values or None in values else statistics.median(values)


def compared(job: str, model: str, unit: str, figures: dict[str, float | None]) -> list[Row]:
    """Rows with the ratio of the first tool's figure to each."""
    first = next(iter(figures.values()), None)
    return [
        Row(job, model, tool, unit, value, first / value if first and value else None)
        for tool, value in figures.items()
    ]


def timed(job: str, model: str, contestants: dict[str, list[str]], rounds: int) -> list[Row]:
    """Rows of the wall times of commands."""
    times = in_turns(contestants, rounds, seconds)
    return compared(job, model, "s", {name: median(values) for name, values in times.items()})
