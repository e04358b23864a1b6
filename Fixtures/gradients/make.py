"""Writes models of doubles that run graphs in their nodes, for derivatives: python make.py FOLDER

Each input has an initializer: where to differentiate. What the derivatives are follows from central
differences.
"""

import sys
import zlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = sys.argv[1] if len(sys.argv) > 1 else "."
BOOL, INT, DOUBLE = TensorProto.BOOL, TensorProto.INT64, TensorProto.DOUBLE


def value(name, shape, kind=DOUBLE):
    return helper.make_tensor_value_info(name, kind, shape)


def node(op, inputs, outputs, **attributes):
    return helper.make_node(op, inputs, outputs, **attributes)


def graph(nodes, inputs, outputs, constants=None):
    tensors = [numpy_helper.from_array(np.array(v), k) for k, v in (constants or {}).items()]
    return helper.make_graph(nodes, "g", inputs, outputs, tensors)


def case(name, body, given, functions=(), opset=17):
    """Shapes stand for numbers that are drawn from a stream whose seed is the name."""
    stream = np.random.default_rng(zlib.crc32(name.encode()))
    for info in body.input:
        start = given[info.name]
        if isinstance(start, tuple):
            start = stream.standard_normal(start)
        body.initializer.append(numpy_helper.from_array(np.asarray(start), info.name))
    imports = [helper.make_opsetid("", opset)] + [helper.make_opsetid("own", 1)] * bool(functions)
    model = helper.make_model(body, opset_imports=imports, ir_version=8, functions=list(functions))
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, f"{FOLDER}/{name}.onnx")


STEP = [value("i", [], INT), value("c", [], BOOL)]
GOES = value("c2", [], BOOL)
ON = node("Identity", ["c"], ["c2"])

# A branch that reads two values by name, and one that reads one.
yes = graph([node("Mul", ["x", "w"], ["t1"]), node("Tanh", ["t1"], ["t2"])], [],
            [value("t2", [3, 4])])
no = graph([node("Sin", ["x"], ["e1"]), node("Add", ["e1", "x"], ["e2"])], [],
           [value("e2", [3, 4])])
for flag in [True, False]:
    case(f"if_{flag}".lower(),
         graph([node("If", ["flag"], ["y0"], then_branch=yes, else_branch=no),
                node("Mul", ["y0", "x"], ["y"])],
               [value("flag", [], BOOL), value("x", [3, 4]), value("w", [4])],
               [value("y", [3, 4])]),
         {"flag": flag, "x": (3, 4), "w": (4,)})

# A branch in a branch.
inner = [graph([node("Exp", ["x"], ["q1"]), node("Mul", ["q1", "w"], ["q2"])], [],
               [value("q2", [4])]),
         graph([node("Neg", ["x"], ["q3"])], [], [value("q3", [4])])]
outer = [graph([node("Sin", ["w"], ["s"]),
                node("If", ["other"], ["r"], then_branch=inner[0], else_branch=inner[1]),
                node("Mul", ["r", "s"], ["t"])], [], [value("t", [4])]),
         graph([node("Identity", ["x"], ["u"])], [], [value("u", [4])])]
case("if_in_if",
     graph([node("If", ["flag"], ["y"], then_branch=outer[0], else_branch=outer[1])],
           [value("flag", [], BOOL), value("other", [], BOOL), value("x", [4]), value("w", [4])],
           [value("y", [4])]),
     {"flag": True, "other": True, "x": (4,), "w": (4,)})

# A recurrent layer, along and against several axes.
for axis, back, out, out_back in [(0, 0, 0, 0), (1, 1, 1, 1), (0, 1, 1, 0), (1, 0, 0, 1)]:
    body = graph([node("MatMul", ["h", "w"], ["a"]), node("Add", ["a", "xt"], ["b"]),
                  node("Tanh", ["b"], ["h2"]), node("Mul", ["h2", "xt"], ["yt"])],
                 [value("h", [2, 3]), value("xt", [2, 3])],
                 [value("h2", [2, 3]), value("yt", [2, 3])])
    xs, ys = [2, 3], [2, 3]
    xs.insert(axis, 5)
    ys.insert(out, 5)
    case(f"scan_{axis}{back}{out}{out_back}",
         graph([node("Scan", ["start", "x"], ["end", "y"], body=body, num_scan_inputs=1,
                     scan_input_axes=[axis], scan_input_directions=[back],
                     scan_output_axes=[out], scan_output_directions=[out_back])],
               [value("start", [2, 3]), value("x", xs), value("w", [3, 3])],
               [value("end", [2, 3]), value("y", ys)]),
         {"start": (2, 3), "x": tuple(xs), "w": (3, 3)})

# Nobody reads the last state.
body = graph([node("MatMul", ["h", "w"], ["a"]), node("Add", ["a", "xt"], ["b"]),
              node("Tanh", ["b"], ["h2"]), node("Identity", ["h2"], ["yt"])],
             [value("h", [2, 3]), value("xt", [2, 3])],
             [value("h2", [2, 3]), value("yt", [2, 3])])
case("scan_open",
     graph([node("Scan", ["start", "x"], ["", "y"], body=body, num_scan_inputs=1),
            node("ReduceSum", ["y", "axes"], ["z"], keepdims=0)],
           [value("start", [2, 3]), value("x", ["T", 2, 3]), value("w", [3, 3])],
           [value("z", [2, 3])], {"axes": [0]}),
     {"start": (2, 3), "x": (4, 2, 3), "w": (3, 3)})

# So many runs, of which one reads its own number; also none at all.
body = graph([node("Cast", ["i"], ["number"], to=DOUBLE), node("MatMul", ["s", "w"], ["a"]),
              node("Add", ["a", "number"], ["b"]), node("Sin", ["b"], ["s2"]),
              node("Mul", ["s2", "s"], ["o"]), ON],
             STEP + [value("s", [2, 3])], [GOES, value("s2", [2, 3]), value("o", [2, 3])])
for runs in [4, 1, 0]:
    case(f"loop_{runs}",
         graph([node("Loop", ["runs", "", "start"], ["end", "all"], body=body),
                node("Exp", ["end"], ["y"])],
               [value("runs", [], INT), value("start", [2, 3]), value("w", [3, 3])],
               [value("y", [2, 3]), value("all", ["L", 2, 3])]),
         {"runs": runs, "start": (2, 3), "w": (3, 3)})

# As long as a condition on numbers holds.
body = graph([node("Mul", ["s", "w"], ["s1"]), node("Add", ["s1", "more"], ["s2"]),
              node("Mul", ["s2", "s2"], ["q"]), node("ReduceSum", ["q"], ["sum"], keepdims=0),
              node("Less", ["sum", "limit"], ["c2"])],
             STEP + [value("s", [3])], [GOES, value("s2", [3])], {"more": 0.1, "limit": 50.0})
case("loop_while",
     graph([node("Loop", ["", "", "start"], ["y"], body=body)],
           [value("start", [3]), value("w", [3])], [value("y", [3])]),
     {"start": np.array([1.0, 0.5, -0.7]), "w": np.array([1.3, 1.1, 1.2])})

# A branch in a loop, on an integer that goes along.
even = graph([node("Mul", ["s", "w"], ["z2"])], [], [value("z2", [3])])
odd = graph([node("Sin", ["s"], ["z1"])], [], [value("z1", [3])])
body = graph([node("Mod", ["k", "two"], ["m"]), node("Equal", ["m", "one"], ["is_odd"]),
              node("If", ["is_odd"], ["s2"], then_branch=odd, else_branch=even),
              node("Add", ["k", "one"], ["k2"]), ON],
             STEP + [value("k", [], INT), value("s", [3])],
             [GOES, value("k2", [], INT), value("s2", [3])], {"two": 2, "one": 1})
case("if_in_loop",
     graph([node("Loop", ["runs", "", "count", "start"], ["last", "y"], body=body)],
           [value("runs", [], INT), value("count", [], INT), value("start", [3]),
            value("w", [3])],
           [value("last", [], INT), value("y", [3])]),
     {"runs": 5, "count": 0, "start": (3,), "w": (3,)})

# A loop in a loop.
body = graph([node("Mul", ["t", "w"], ["t1"]), node("Sin", ["t1"], ["t2"]),
              node("Identity", ["ci"], ["ci2"])],
             [value("ii", [], INT), value("ci", [], BOOL), value("t", [3])],
             [value("ci2", [], BOOL), value("t2", [3])])
body = graph([node("Loop", ["many", "", "s"], ["u"], body=body), node("Add", ["u", "s"], ["s2"]),
              ON],
             STEP + [value("s", [3])], [GOES, value("s2", [3])])
case("loop_in_loop",
     graph([node("Loop", ["runs", "", "start"], ["y"], body=body)],
           [value("runs", [], INT), value("many", [], INT), value("start", [3]),
            value("w", [3])], [value("y", [3])]),
     {"runs": 3, "many": 2, "start": (3,), "w": (3,)})

# A function that calls another one.
sets = [helper.make_opsetid("", 17), helper.make_opsetid("own", 1)]
functions = [
    helper.make_function("own", "Outer", ["a", "b"], ["r"],
                         [node("Mul", ["a", "b"], ["p"]),
                          node("Inner", ["p"], ["q"], domain="own"),
                          node("Add", ["q", "a"], ["r"])], sets, []),
    helper.make_function("own", "Inner", ["a"], ["r"], [node("Sin", ["a"], ["r"])], sets, [])]
case("function",
     graph([node("Outer", ["x", "w"], ["y0"], domain="own"), node("Exp", ["y0"], ["y1"]),
            node("Outer", ["y1", "x"], ["y"], domain="own")],
           [value("x", [2, 3]), value("w", [3])], [value("y", [2, 3])]),
     {"x": (2, 3), "w": (3,)}, functions)
