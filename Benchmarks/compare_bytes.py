"""Says what two builds of `lapidary` do differently, byte by byte.

Every command below runs with both builds on every model; the files it writes, its plan, what it
prints and its exit status must be the same. Nothing else does: a change that only moves code leaves
no trace here, and one that mends a fault shows exactly what it mended.

    python3 Benchmarks/compare_bytes.py OLD NEW [FOLDER or MODEL.onnx]...

Without models, those of Fixtures are taken; `--no-fixtures` leaves them out beside others. OLD is
the path of a binary, or `commit:NAME`: that commit is then checked out into a worktree below
.build/bytes and built there with optimisation, once.

Differences that are meant stand in Benchmarks/byte_differences.txt, one a line:

    MODEL COMMAND WHAT   REASON

The first three are patterns (fnmatch): the model's file name, the command as this script calls it
(`--list`), and one of `status`, `stdout`, `messages`, `plan`, `output` or a file's name. A line that
starts with # is a comment. A line without a reason is an error, and one that no difference fits is
named at the end.

Ends with status 1 when something differs that is not listed, and 2 when it could not compare.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import fnmatch
import hashlib
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "Fixtures"

# What is run, by the name that reports and the list of differences use. MODEL and DATA are
# replaced; arguments of data that a model has none of are left out.
COMMANDS: dict[str, list[str]] = {
    "text": ["text", "MODEL"],
    "groups": ["groups", "MODEL"],
    "infer": ["infer", "MODEL", "-o", "output.onnx"],
    "convert": ["convert", "MODEL", "-o", "output.onnx"],
    "fuse": ["fuse", "MODEL", "-o", "output.onnx", "--explain"],
    "fuse-ort": ["fuse", "MODEL", "-o", "output.onnx", "--target", "onnxruntime"],
    "prune": ["prune", "MODEL", "-o", "output.onnx", "--ratio", "0.5", "--plan", "plan.json"],
    "plan-only": ["prune", "MODEL", "--ratio", "0.5", "--plan-only", "plan.json"],
    "sparsify": ["sparsify", "MODEL", "-o", "output.onnx", "--ratio", "0.5", "--plan", "plan.json"],
    "quantize": ["quantize", "MODEL", "-o", "output.onnx", "--calibration", "DATA"],
    "compress": ["compress", "MODEL", "-o", "output.onnx", "--ratio", "0.3", "--calibration", "DATA",
                 "--evaluate", "LABELLED"],
}
NAMES = {"output.onnx": "output", "plan.json": "plan"}


@dataclass(frozen=True)
class Data:
    """What a model is calibrated and evaluated with."""

    samples: str
    labelled: str | None

    @staticmethod
    def of(model: Path) -> Data:
        """Data beside the model where there is some, else samples that the command makes up."""
        beside, calibration = model.with_suffix(".npz"), model.parent / "calibration.npz"
        test = model.parent / "test.npz"
        if beside.exists():
            return Data(str(beside), None)
        if calibration.exists():
            return Data(str(calibration), str(test) if test.exists() else None)
        return Data("random:8", None)


@dataclass
class Expected:
    """A line of the list of differences."""

    line: int
    model: str
    command: str
    what: str
    reason: str
    used: bool = False

    def fits(self, model: str, command: str, what: str) -> bool:
        pairs = [(model, self.model), (command, self.command), (what, self.what)]
        return all(fnmatch.fnmatchcase(text, pattern) for text, pattern in pairs)


def expected_differences(path: Path) -> list[Expected]:
    lines = path.read_text().splitlines() if path.exists() else []
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = line.split(None, 3)
        if len(parts) < 4:
            sys.exit(f"error: {path}:{number}: expected MODEL COMMAND WHAT REASON, found {line!r}")
        found.append(Expected(number, *parts))
    return found


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def arguments(command: str, model: Path) -> list[str]:
    data = Data.of(model)
    line = list(COMMANDS[command])
    if data.labelled is None and "LABELLED" in line:
        at = line.index("LABELLED")
        del line[at - 1 : at + 1]
    places = {"MODEL": str(model), "DATA": data.samples, "LABELLED": data.labelled}
    return [places.get(word) or word for word in line]


def outcome(binary: str, command: str, model: Path, limit: float) -> dict[str, str]:
    """Digests of all that one run leaves behind, by what it is."""
    with tempfile.TemporaryDirectory(prefix="lapidary-bytes-") as folder:
        try:
            done = subprocess.run([binary, *arguments(command, model)], cwd=folder,
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=limit)
        except subprocess.TimeoutExpired:
            return {"status": f"took more than {limit:g} s"}
        found = {
            "status": str(done.returncode),
            "stdout": hashlib.sha256(done.stdout).hexdigest(),
            "messages": hashlib.sha256(done.stderr).hexdigest(),
        }
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file():
                name = str(path.relative_to(folder))
                found[NAMES.get(name, name)] = digest(path)
        return found


def differences(old: dict[str, str], new: dict[str, str]) -> list[tuple[str, str]]:
    """What differs, and how."""
    found = []
    for what in sorted(old.keys() | new.keys()):
        before, after = old.get(what), new.get(what)
        if before == after:
            continue
        if what == "status":
            found.append((what, f"{before} before, {after} now"))
        elif before is None or after is None:
            found.append((what, "only now" if before is None else "only before"))
        else:
            found.append((what, "other bytes"))
    return found


def built(name: str) -> str:
    """The path of a binary; builds a commit first where one is named."""
    if not name.startswith("commit:"):
        return str(Path(name).resolve(strict=True))
    commit = subprocess.check_output(["git", "rev-parse", "--verify", name.removeprefix("commit:")],
                                     cwd=ROOT, text=True).strip()
    tree = ROOT / ".build" / "bytes" / commit
    if not tree.exists():
        subprocess.run(["git", "worktree", "add", "--detach", str(tree), commit], cwd=ROOT,
                       check=True)
    swift = os.environ.get("SWIFT", "swift")
    subprocess.run([swift, "build", "-c", "release", "--product", "lapidary"], cwd=tree, check=True)
    return str(tree / ".build" / "release" / "lapidary")


def models(arguments: argparse.Namespace) -> list[Path]:
    given = [] if arguments.no_fixtures else [FIXTURES]
    found: list[Path] = []
    for path in [*given, *arguments.models]:
        found += sorted(path.rglob("*.onnx")) if path.is_dir() else [path]
    return [path.resolve(strict=True) for path in dict.fromkeys(found)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("old", nargs="?", help="a binary, or commit:NAME to build one")
    parser.add_argument("new", nargs="?", help="a binary, or commit:NAME to build one")
    parser.add_argument("models", nargs="*", type=Path, help="models, or folders of them")
    parser.add_argument("--no-fixtures", action="store_true", help="leave Fixtures out")
    parser.add_argument("--only", action="append", choices=COMMANDS, metavar="COMMAND",
                        help="only this command; may be repeated")
    parser.add_argument("--match", default="*", help="only models whose file name fits")
    parser.add_argument("--limit", type=float, default=120, metavar="SECONDS",
                        help="how long one run may take (default: 120)")
    parser.add_argument("--jobs", type=int, default=1, help="runs at a time (default: 1)")
    parser.add_argument("--expected", type=Path, default=ROOT / "Benchmarks/byte_differences.txt",
                        help="the list of differences that are meant")
    parser.add_argument("--list", action="store_true", help="list the commands and end")
    options = parser.parse_args()
    if options.list:
        for name, line in COMMANDS.items():
            print(f"{name:10} lapidary {' '.join(line)}")
        return 0
    if options.old is None or options.new is None:
        parser.error("two binaries are needed")

    listed = expected_differences(options.expected)
    old, new = built(options.old), built(options.new)
    tasks = [(model, command) for model in models(options)
             if fnmatch.fnmatchcase(model.name, options.match)
             for command in options.only or COMMANDS]

    def compared(task: tuple[Path, str]) -> list[tuple[str, str]]:
        model, command = task
        return differences(outcome(old, command, model, options.limit),
                           outcome(new, command, model, options.limit))

    unexpected = meant = 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (model, command), found in zip(tasks, pool.map(compared, tasks)):
            for what, how in found:
                fitting = [line for line in listed if line.fits(model.name, command, what)]
                for line in fitting:
                    line.used = True
                if fitting:
                    meant += 1
                    continue
                unexpected += 1
                shown = model.relative_to(ROOT) if model.is_relative_to(ROOT) else model
                print(f"{shown}: {command}: {what}: {how}", flush=True)
    ran = len(tasks)
    print(f"{ran} runs with each: {unexpected} differences, {meant} more that are meant",
          file=sys.stderr)
    if not options.only and options.match == "*":
        for line in listed:
            if not line.used:
                print(f"note: {options.expected.name}:{line.line} fits no difference here",
                      file=sys.stderr)
    return 1 if unexpected else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
