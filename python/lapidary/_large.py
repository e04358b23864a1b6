"""Writes models that are in memory, those beyond protobuf's limit included."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Set

from ._command import Error

if TYPE_CHECKING:
    import onnx

# Protobuf's limit for a message, and some room; a larger model's weights go beside it.
LARGEST = 2_000_000_000
# Bytes of an element by ONNX's number of its type; 1 where none is stated.
_BYTES = {1: 4, 4: 2, 5: 2, 6: 4, 7: 8, 10: 2, 11: 8, 12: 4, 13: 8, 14: 8, 15: 16, 16: 2}
# Smaller weights stay in the model.
_SMALL = 1024
# The system maps files from the start of a page.
_PAGE = 4096


def write_model(model: "onnx.ModelProto", path: str) -> None:
    """Writes a model, in one file where protobuf can. The model stays as it is.

    ``ByteSize`` would serialize it, and fail beyond the limit, so its size is estimated.
    """
    if sum(_size(tensor) for tensor in model.graph.initializer) >= LARGEST:
        return _write_apart(model, path)
    try:
        content = model.SerializeToString()
    except Exception as error:
        # An error of protobuf's own, which need not be installed as such.
        raise Error(
            f"expected a model that protobuf can serialize, found: {error}", code="limit",
            hint="save it with external data and hand over its path") from error
    with open(path, "wb") as file:
        file.write(content)


def _size(tensor: "onnx.TensorProto") -> int:
    size = _BYTES.get(tensor.data_type, 1)
    for length in tensor.dims:
        size *= length
    return size


def _write_apart(model: "onnx.ModelProto", path: str) -> None:
    """Writes the weights beside the model one by one, so that only one of them is in memory twice."""
    import onnx

    apart = onnx.ModelProto()
    _copy(model, apart, {"graph"})
    _copy(model.graph, apart.graph, {"initializer"})
    with open(path + ".data", "wb") as file:
        for tensor in model.graph.initializer:
            kept = apart.graph.initializer.add()
            if not tensor.HasField("raw_data") or _size(tensor) < _SMALL:
                kept.CopyFrom(tensor)
                continue
            _copy(tensor, kept, {"raw_data"})
            file.write(bytes(-file.tell() % _PAGE))
            start = file.tell()
            file.write(tensor.raw_data)
            kept.data_location = onnx.TensorProto.EXTERNAL
            for key, value in (("location", os.path.basename(path) + ".data"),
                               ("offset", start), ("length", file.tell() - start)):
                kept.external_data.add(key=key, value=str(value))
    with open(path, "wb") as file:
        file.write(apart.SerializeToString())


def _copy(source: Any, target: Any, left: Set[str]) -> None:
    """Copies the fields of a message but those that are left out."""
    for field, value in source.ListFields():
        if field.name in left:
            continue
        if hasattr(value, "extend"):
            getattr(target, field.name).extend(value)
        elif hasattr(value, "CopyFrom"):
            getattr(target, field.name).CopyFrom(value)
        else:
            setattr(target, field.name, value)
