"""Files through which arrays and models go to the command and come back: in memory where the system
has a folder there, so that nothing is written to a disk and large models are mapped, not copied."""

from __future__ import annotations

import os
import shutil
import tempfile
from types import TracebackType
from typing import TYPE_CHECKING, Any, Mapping, Optional, Type, Union

from ._large import write_model

if TYPE_CHECKING:
    import numpy as np
    import onnx



class Workspace:
    """A folder that is gone when it is left."""

    def __init__(self) -> None:
        root = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.path = tempfile.mkdtemp(prefix="lapidary-", dir=root)
        self._count = 0

    def __enter__(self) -> "Workspace":
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], error: Optional[BaseException],
        trace: Optional[TracebackType],
    ) -> None:
        self.remove()

    def remove(self) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def name(self, suffix: str) -> str:
        """A path that nothing has."""
        self._count += 1
        return os.path.join(self.path, f"{self._count}{suffix}")

    def model(self, model: "Union[str, os.PathLike[str], bytes, onnx.ModelProto]") -> str:
        """The path of a model: its own, or that of a file it was written to."""
        if isinstance(model, (str, os.PathLike)):
            return os.fspath(model)
        path = self.name(".onnx")
        if isinstance(model, (bytes, bytearray, memoryview)):
            with open(path, "wb") as file:
                file.write(model)
            return path
        write_model(model, path)
        return path

    def data(self, data: "Union[str, os.PathLike[str], Mapping[str, np.ndarray[Any, Any]]]") -> str:
        """What the command is told of data: a path or ``random:N``, or a file with arrays."""
        if isinstance(data, (str, os.PathLike)):
            return os.fspath(data)
        import numpy as np

        path = self.name(".npz")
        arrays: "dict[str, Any]" = {name: np.asarray(array) for name, array in data.items()}
        np.savez(path, **arrays)
        return path
