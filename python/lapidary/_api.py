"""What the package offers."""

from __future__ import annotations

import os
import weakref
from typing import TYPE_CHECKING, Any, Dict, Iterable, List, Mapping, Optional, Sequence, Union

from ._command import Error, call
from ._files import Workspace

if TYPE_CHECKING:
    import numpy as np
    import onnx

Model = Union[str, "os.PathLike[str]", bytes, "onnx.ModelProto"]
"""A path, a serialized model or a model."""
Data = Union[str, "os.PathLike[str]", Mapping[str, "np.ndarray[Any, Any]"]]
"""A path, ``random:N``, or arrays by the inputs' names (and ``labels``), first axis the samples."""
Names = Union[str, Sequence[str]]


class Result:
    """A model that was made, and what the command says of it."""

    def __init__(self, path: str, report: Dict[str, Any], workspace: Optional[Workspace]) -> None:
        self.path = path
        """Where the model is; in memory, and gone with this object, unless ``output`` was given."""
        self.report = report
        """The command's report."""
        if workspace is not None:
            weakref.finalize(self, workspace.remove)

    @property
    def model(self) -> "onnx.ModelProto":
        """The model, loaded."""
        import onnx

        return onnx.load(self.path)

    def to_bytes(self) -> bytes:
        """The model's file."""
        with open(self.path, "rb") as file:
            return file.read()

    def save(self, path: "Union[str, os.PathLike[str]]") -> None:
        """Writes the model to a file, with its weights inside unless they were beside it."""
        call(["convert", self.path, "-o", os.fspath(path), "--quiet"])


class Difference:
    """What two models differ in."""

    def __init__(self, equal: bool, report: Dict[str, Any]) -> None:
        self.equal = equal
        """Whether they are the same."""
        self.report = report
        """The command's report."""

    def __bool__(self) -> bool:
        return not self.equal


def _names(values: Names) -> List[str]:
    return [values] if isinstance(values, str) else list(values)


def _option(name: str, value: object) -> List[str]:
    """``--name value``; nothing for None and False."""
    flag = "--" + name.replace("_", "-")
    if value is None or value is False:
        return []
    if value is True:
        return [flag]
    if isinstance(value, (list, tuple)):
        return [word for item in value for word in (flag, str(item))]
    return [flag, str(value)]


def _pairs(values: "Union[None, Mapping[str, object], Sequence[str]]") -> Optional[List[str]]:
    if values is None:
        return None
    if isinstance(values, Mapping):
        return [f"{key}={value}" for key, value in values.items()]
    return list(values)


def _make(
    command: str, model: Model, output: "Union[None, str, os.PathLike[str]]",
    options: Iterable[str], data: Mapping[str, Optional[Data]],
) -> Result:
    """Runs a command that makes a model."""
    workspace = Workspace()
    try:
        words = [command, workspace.model(model), "--format", "json", *options]
        for name, value in data.items():
            if value is not None:
                words += ["--" + name, workspace.data(value)]
        path = workspace.name(".onnx") if output is None else os.fspath(output)
        report = call([*words, "-o", path]).report
    except BaseException:
        workspace.remove()
        raise
    if output is not None:
        workspace.remove()
    return Result(path, report, workspace if output is None else None)


def _common(verify: bool, threads: int, seed: int) -> List[str]:
    words = [] if verify else ["--no-verify"]
    return words + ["--threads", str(threads), "--seed", str(seed)]


def compress(
    model: Model, *, output: "Union[None, str, os.PathLike[str]]" = None,
    calibration: Optional[Data] = None, evaluate: Optional[Data] = None,
    recipe: "Union[None, str, os.PathLike[str]]" = None, ratio: Optional[float] = None,
    macs: Optional[float] = None, params: Optional[float] = None, bytes: Optional[float] = None,
    preprocess: Optional[str] = None, fuse: bool = True, prune: bool = True, recover: bool = True,
    quantize: bool = True, verify: bool = True, threads: int = 0, seed: int = 0,
) -> Result:
    """Fuses, prunes, recovers and quantizes, and proves each step.

    Without a target nothing is pruned; without calibration data nothing is quantized.
    """
    options = _common(verify, threads, seed)
    for name, value in (("recipe", recipe), ("ratio", ratio), ("macs", macs), ("params", params),
                        ("bytes", bytes), ("preprocess", preprocess)):
        options += _option(name, value)
    for name, wanted in (("fuse", fuse), ("prune", prune), ("recover", recover),
                         ("quantize", quantize)):
        options += [] if wanted else [f"--no-{name}"]
    return _make("compress", model, output, options,
                 {"calibration": calibration, "evaluate": evaluate})


def fuse(
    model: Model, *, output: "Union[None, str, os.PathLike[str]]" = None, target: str = "onnx",
    only: Names = (), skip: Names = (), verify: bool = True, threads: int = 0, seed: int = 0,
) -> Result:
    """Simplifies a model: fuses operators, folds constants, removes what does nothing."""
    options = [*_common(verify, threads, seed), "--target", target]
    for name, rules in (("only", _names(only)), ("skip", _names(skip))):
        options += ["--" + name, *rules] if rules else []
    return _make("fuse", model, output, options, {})


def prune(
    model: Model, *, output: "Union[None, str, os.PathLike[str]]" = None,
    ratio: Optional[float] = None, macs: Optional[float] = None, params: Optional[float] = None,
    bytes: Optional[float] = None, importance: str = "l2", scope: str = "local",
    round_to: Optional[int] = None, max_ratio: Optional[float] = None, keep: Names = (),
    calibration: Optional[Data] = None, verify: bool = True, threads: int = 0, seed: int = 0,
) -> Result:
    """Removes whole channels until a target is met; exactly one target has to be given."""
    options = _common(verify, threads, seed)
    for name, value in (("ratio", ratio), ("macs", macs), ("params", params), ("bytes", bytes),
                        ("importance", importance), ("scope", scope), ("round_to", round_to),
                        ("max_ratio", max_ratio), ("keep", _names(keep))):
        options += _option(name, value)
    return _make("prune", model, output, options, {"calibration": calibration})


def quantize(
    model: Model, calibration: Data, *, output: "Union[None, str, os.PathLike[str]]" = None,
    profile: str = "ort-x86", method: str = "minmax", percentile: Optional[float] = None,
    exclude: Names = (), preprocess: Optional[str] = None, verify: bool = True, threads: int = 0,
    seed: int = 0,
) -> Result:
    """Quantizes to 8-bit integers, with ranges from samples."""
    options = _common(verify, threads, seed)
    for name, value in (("profile", profile), ("method", method), ("percentile", percentile),
                        ("exclude", _names(exclude)), ("preprocess", preprocess)):
        options += _option(name, value)
    return _make("quantize", model, output, options, {"calibration": calibration})


def edit(
    model: Model, *, output: "Union[None, str, os.PathLike[str]]" = None, repair: bool = False,
    dim: "Union[None, Mapping[str, object], Sequence[str]]" = None,
    batch: "Union[None, int, str]" = None, extract: Optional[str] = None,
    outputs: Optional[Names] = None, drop_outputs: Optional[Names] = None,
    replace: "Union[None, Mapping[str, object], Sequence[str]]" = None,
    remove: Names = (), preprocess: Optional[str] = None, pictures: Optional[str] = None,
    input_type: Optional[str] = None, layout: Names = (),
    rename: "Union[None, Mapping[str, object], Sequence[str]]" = None,
    constant_inputs: bool = False, deduplicate: bool = False, strip: Names = (),
    metadata: "Union[None, Mapping[str, object], Sequence[str]]" = None,
    ir_version: Optional[int] = None, verify: bool = True, threads: int = 0, seed: int = 0,
) -> Result:
    """Edits a model: its inputs and outputs, a part of it, what it says of itself."""
    options = _common(verify, threads, seed)
    for name, value in (
        ("repair", repair), ("dim", _pairs(dim)), ("batch", batch), ("extract", extract),
        ("outputs", None if outputs is None else ",".join(_names(outputs))),
        ("drop_outputs", None if drop_outputs is None else ",".join(_names(drop_outputs))),
        ("replace", _pairs(replace)), ("remove", _names(remove)), ("preprocess", preprocess),
        ("pictures", pictures), ("input_type", input_type), ("layout", _names(layout)),
        ("rename", _pairs(rename)), ("constant_inputs", constant_inputs),
        ("deduplicate", deduplicate), ("strip", _names(strip)), ("metadata", _pairs(metadata)),
        ("ir_version", ir_version),
    ):
        options += _option(name, value)
    return _make("edit", model, output, options, {})


def inspect(model: Model) -> Dict[str, Any]:
    """Inputs, outputs, operators, cost and dynamic dimensions."""
    with Workspace() as workspace:
        return call(["inspect", workspace.model(model), "--format", "json"]).report


def diff(
    a: Model, b: Model, *, numeric: bool = False, threads: int = 0, seed: int = 0,
) -> Difference:
    """What two models differ in, matched by content and ports."""
    with Workspace() as workspace:
        words = ["diff", workspace.model(a), workspace.model(b), "--format", "json"]
        if numeric:
            words += ["--numeric", "--threads", str(threads), "--seed", str(seed)]
        outcome = call(words, allowed=(0, 1))
        return Difference(outcome.status == 0, outcome.report)


def run(
    model: Model, inputs: Data, *, backend: str = "accelerated", threads: int = 0, seed: int = 0,
) -> "Dict[str, np.ndarray[Any, Any]]":
    """Runs a model and gives its outputs by their names."""
    import numpy as np

    with Workspace() as workspace:
        folder = workspace.name("")
        report = call([
            "run", workspace.model(model), "--inputs", workspace.data(inputs), "-o", folder,
            "--backend", backend, "--threads", str(threads), "--seed", str(seed), "--format", "json",
        ]).report
        results: "Dict[str, np.ndarray[Any, Any]]" = {}
        for entry in report["outputs"]:
            path = os.path.join(folder, entry["file"])
            if not path.endswith(".npy"):
                raise Error(
                    f"output '{entry['output']}': expected a type that numpy has, found "
                    f"{entry['type']}", code="unsupported")
            results[entry["output"]] = np.load(path)
        return results
