"""Writes the operator cases of the installed Python package `onnx`: python generate_cases.py FOLDER

The layout is that of libonnx-testdata, whose cases end at an older opset:
FOLDER/node/test_NAME/{model.onnx,test_data_set_0/{input,output}_0.pb}. A case that has a tolerance of
its own gets it as a file `tolerance`: the relative and the absolute one.
"""

import os
import sys
import warnings

import numpy as np
from onnx import TensorProto, numpy_helper
from onnx.backend.test.case.node import collect_testcases


def proto(value, info):
    """The value in the message that the type of its input or output asks for."""
    if info.type.HasField("sequence_type"):
        return numpy_helper.from_list(value, info.name)
    if info.type.HasField("optional_type"):
        return numpy_helper.from_optional(value, info.name)
    if isinstance(value, TensorProto):
        return value
    return numpy_helper.from_array(np.asarray(value), info.name)


def write(path, data):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def main(folder):
    warnings.filterwarnings("ignore")
    cases = collect_testcases(None)
    for case in cases:
        top = os.path.join(folder, case.kind, case.name)
        write(f"{top}/model.onnx", case.model.SerializeToString())
        if (case.rtol, case.atol) != (1e-3, 1e-7):
            write(f"{top}/tolerance", f"{case.rtol} {case.atol}\n".encode())
        for number, data in enumerate(case.data_sets):
            ports = case.model.graph.input, case.model.graph.output
            for name, values, infos in zip(("input", "output"), data, ports):
                for index, (value, info) in enumerate(zip(values, infos)):
                    path = f"{top}/test_data_set_{number}/{name}_{index}.pb"
                    write(path, proto(value, info).SerializeToString())
    print(f"{len(cases)} cases in {folder}")


if __name__ == "__main__":
    main(sys.argv[1])
