"""Makes ONNX models smaller and faster as files, and proves each step.

Every function drives the command ``lapidary``, which comes in the same wheel: there is no second
implementation. Models are paths, serialized bytes or ``onnx.ModelProto``; data are mappings of numpy
arrays, first axis the samples, or paths.
"""

from ._api import Difference, Model, Result, Data, diff, edit, fuse, inspect, prune, quantize, run
from ._api import compress
from ._command import Error, find_binary, version

__all__ = [
    "Data", "Difference", "Error", "Model", "Result", "compress", "diff", "edit", "find_binary",
    "fuse", "inspect", "prune", "quantize", "run", "version",
]
__version__ = version()
