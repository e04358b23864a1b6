"""Runs the operator cases of the newest `onnx` wheel and says what is new in it.

    python Benchmarks/newest.py LAPIDARY [--environment FOLDER]

The newest release from PyPI is installed into FOLDER (.build/newest-env); with `--environment -` the
running interpreter's own packages are used. What is new: operator sets and versions of the format
beyond those that Lapidary states, operators that OPERATORS.md does not have, operators whose newest
version lies beyond the range there, and cases that fail or that Lapidary cannot run. For a scheduled job:
the status is 1 where something is new or fails, 0 where nothing is.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def install(folder: Path) -> str:
    """The interpreter of an environment with the newest release."""
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
    subprocess.run(
        [python, "-m", "pip", "install", "--quiet", "--upgrade", "onnx", "numpy", "ml_dtypes"],
        check=True)
    return str(python)


def stated() -> dict[str, tuple[int, int]]:
    """What OPERATORS.md says: the first and the last opset of each operator of ONNX's own."""
    found = {}
    for line in (ROOT / "OPERATORS.md").read_text().splitlines():
        match = re.match(r"\| ([A-Za-z0-9_.]+) \| ([0-9–, ]+) \|", line)
        if match:
            numbers = [int(n) for n in re.findall(r"\d+", match[2])]
            found[match[1]] = (numbers[0], numbers[-1])
    return found


def schemas() -> list[str]:
    """What the installed release has that Lapidary does not state."""
    import onnx

    known = stated()
    newest = max(last for _, last in known.values())
    lines = []
    if onnx.defs.onnx_opset_version() > newest:
        lines.append(f"operator set {onnx.defs.onnx_opset_version()}, known up to {newest}")
    for schema in onnx.defs.get_all_schemas():
        if schema.domain or schema.deprecated:
            continue
        if schema.name not in known:
            lines.append(f"operator {schema.name}, since {schema.since_version}: not known")
        elif schema.since_version > known[schema.name][1]:
            lines.append(
                f"operator {schema.name}: version {schema.since_version}, known up to "
                f"{known[schema.name][1]}")
    types = onnx.TensorProto.DataType.items()
    text = (ROOT / "Sources/IR/Tensor/ElementType.swift").read_text()
    for name, number in types:
        if f"ElementType(rawValue: {number})" not in text:
            lines.append(f"element type {name} = {number}: not known")
    return lines


def equal(expected, found, relative: float, absolute: float) -> bool:
    import numpy as np

    if isinstance(expected, (list, tuple)):
        return len(expected) == len(found) and all(
            equal(a, b, relative, absolute) for a, b in zip(expected, found))
    if expected is None or found is None:
        return expected is None and found is None
    a, b = np.asarray(expected), np.asarray(found)
    if a.shape != b.shape or a.dtype != b.dtype:
        return False
    if a.dtype.kind in "OSU":
        return bool((a.astype(str) == b.astype(str)).all())
    return bool(np.allclose(
        a.astype(np.float64) if a.dtype.kind not in "c" else a,
        b.astype(np.float64) if b.dtype.kind not in "c" else b, relative, absolute, equal_nan=True))


def value(path: Path, info):
    """A value from a file, by the declared kind."""
    import onnx
    from onnx import numpy_helper

    data = path.read_bytes()
    if info.type.HasField("sequence_type"):
        message = onnx.SequenceProto()
        message.ParseFromString(data)
        return numpy_helper.to_list(message)
    if info.type.HasField("optional_type"):
        message = onnx.OptionalProto()
        message.ParseFromString(data)
        return numpy_helper.to_optional(message)
    message = onnx.TensorProto()
    message.ParseFromString(data)
    return numpy_helper.to_array(message)


# What these give is not stated exactly: only types and shapes are compared.
RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
          "RandomUniformLike"}


def shape(found):
    import numpy as np

    return np.zeros_like(np.asarray(found))


def run_case(lapidary: str, folder: Path, work: Path) -> str | None:
    """What is wrong with a case; nil when it passes."""
    import onnx

    model = onnx.load(folder / "model.onnx")
    data = folder / "test_data_set_0"
    if not any(data.glob("input_*.pb")):
        return "skipped: it has no inputs"
    for old in work.glob("*"):
        old.unlink()
    run = subprocess.run(
        [lapidary, "run", str(folder / "model.onnx"), "--inputs", str(data), "-o", str(work),
         "--quiet"],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if run.returncode:
        return run.stderr.strip().splitlines()[0]
    tolerance = folder / "tolerance"
    relative, absolute = 1e-3, 1e-5
    if tolerance.exists():
        relative, absolute = (float(word) for word in tolerance.read_text().split())
    for index, info in enumerate(model.graph.output):
        expected = value(data / f"output_{index}.pb", info)
        found = value(work / f"output_{index}.pb", info)
        if any(node.op_type in RANDOM for node in model.graph.node):
            expected, found = shape(expected), shape(found)
        if not equal(expected, found, relative, absolute):
            return f"output '{info.name}' differs"
    return None


def examine(lapidary: str) -> int:
    import onnx

    print(f"onnx {onnx.__version__}: operator set {onnx.defs.onnx_opset_version()}, "
          f"IR version {onnx.IR_VERSION}")
    news = schemas()
    for line in news:
        print(f"new: {line}")
    with tempfile.TemporaryDirectory() as folder:
        cases = Path(folder) / "cases"
        subprocess.run(
            [sys.executable, str(ROOT / "Fixtures/conformance/generate_cases.py"), str(cases)],
            check=True, stdout=subprocess.DEVNULL)
        work = Path(folder) / "work"
        work.mkdir()
        passed, wrong, skipped = 0, [], 0
        for case in sorted((cases / "node").iterdir()):
            found = run_case(lapidary, case, work)
            if found is None:
                passed += 1
            elif found.startswith("skipped"):
                skipped += 1
            else:
                wrong.append((case.name, found))
    for name, text in wrong:
        print(f"fails: {name}: {text[:160]}")
    print(f"{passed} cases pass, {len(wrong)} fail, {skipped} have no inputs; {len(news)} news")
    return 1 if news or wrong else 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("lapidary")
    parser.add_argument("--environment", default=str(ROOT / ".build" / "newest-env"))
    arguments = parser.parse_args()
    lapidary = os.path.abspath(arguments.lapidary)
    if arguments.environment == "-":
        sys.exit(examine(lapidary))
    python = install(Path(arguments.environment))
    sys.exit(subprocess.run([python, __file__, lapidary, "--environment", "-"]).returncode)


main()
