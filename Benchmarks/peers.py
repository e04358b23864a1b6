"""The Python environment of the tools that lapidary is measured against, pinned."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".build" / "bench-env"
HERE = Path(__file__).resolve().parent


def interpreter() -> Path:
    """The environment's interpreter; another one with the packages may be given by BENCH_PYTHON."""
    given = os.environ.get("BENCH_PYTHON")
    return Path(given) if given else FOLDER / "bin" / "python"


def versions(python: Path, requirements: Path) -> dict[str, str | None]:
    """The installed version of each package of a requirements file, None where it is missing."""
    names = [line.split("==")[0] for line in pins(requirements)]
    code = (
        "import importlib.metadata as m, json, sys\n"
        "def version(name):\n"
        "  try: return m.version(name)\n"
        "  except m.PackageNotFoundError: return None\n"
        "print(json.dumps({name: version(name) for name in sys.argv[1:]}))"
    )
    import json

    text = subprocess.run([python, "-c", code, *names], capture_output=True, text=True, check=True)
    return json.loads(text.stdout)


def pins(requirements: Path) -> list[str]:
    lines = requirements.read_text().splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def ensure(requirements: str) -> dict[str, str | None]:
    """Makes the environment and installs what is missing; returns the versions there are."""
    path = HERE / requirements
    python = interpreter()
    if not python.exists():
        print(f"making {FOLDER.relative_to(ROOT)}", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", FOLDER], check=True)
    wanted = dict(line.split("==") for line in pins(path))
    found = versions(python, path)
    if found != wanted and not os.environ.get("BENCH_PYTHON"):
        print(f"installing {requirements}", file=sys.stderr)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", path], check=True)
        found = versions(python, path)
    for name, version in wanted.items():
        if found[name] != version:
            print(f"note: {name} {found[name]}, pinned is {version}", file=sys.stderr)
    return found
