"""Random graphs of what fusion rules look for, and of what nearly is that."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper, shape_inference

OPSETS = [13, 14, 17, 18, 20, 21, 23, 24]
ODD = [0.0, 1.0, -1.0, 1e-30, 1e30, -1e30, 3e38, 1e-38, 2.0**23 * 1.5, 1e-7]


class Maker:
    """A graph that grows by blocks."""

    def __init__(self, seed):
        self.random = np.random.default_rng(seed)
        self.opset = int(self.random.choice(OPSETS))
        self.nodes, self.constants, self.outputs = [], [], []
        rank = int(self.random.choice([2, 3, 3, 4, 4, 4]))
        self.input_shape = ["N"] + [int(self.random.choice([1, 2, 3, 4, 6, 8])) for _ in range(rank - 1)]
        self.value, self.shape = "x", list(self.input_shape)
        for _ in range(self.random.integers(2, 6)):
            block = BLOCKS[self.random.integers(len(BLOCKS))]
            before = (self.value, list(self.shape), len(self.nodes), len(self.constants))
            try:
                block(self)
                self.settle()
            except (Skip, TypeError, IndexError, ValueError, KeyError, onnx.shape_inference.InferenceError):
                self.value, self.shape = before[0], before[1]
                del self.nodes[before[2]:], self.constants[before[3]:]
                continue
            if self.chance(8):
                self.outputs.append(self.value)

    # Chances.
    def chance(self, percent):
        return self.random.integers(100) < percent

    def one(self, items):
        return items[self.random.integers(len(items))]

    def int(self, low, high):
        return int(self.random.integers(low, high + 1))

    # Constants.
    def floats(self, shape, positive=False, odd=0):
        array = self.random.normal(size=shape).astype(np.float32)
        if positive:
            array = np.abs(array) + np.float32(0.3)
        if odd and self.chance(odd):
            array = np.full(shape, self.one(ODD), np.float32) if self.chance(50) else np.where(
                self.random.random(shape) < 0.3, np.float32(self.one(ODD)), array).astype(np.float32)
        return self.constant(np.asarray(array, np.float32).reshape(shape))

    def constant(self, array):
        name = f"c{len(self.constants)}_{len(self.nodes)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array).reshape(array.shape), name))
        return name

    def ints(self, *values):
        return self.constant(np.array(values, np.int64))

    def scalar(self, value):
        rank = 0 if self.chance(75) else self.int(1, 5)
        return self.constant(np.full([1] * rank, value, np.float32))

    def beside(self, odd=20, positive=False):
        """A constant that meets the value: of channels, of the last axis, of other ranks."""
        shape = [1 if d == "N" else d for d in self.shape]
        rank = len(shape)
        kind = self.int(0, 7)
        if kind == 0:
            lengths = []
        elif kind == 1:
            lengths = [1] * self.int(1, rank + 1)
        elif kind in (2, 3) and rank > 1:
            lengths = [shape[1]] + [1] * (rank - 2)
            lengths = lengths if self.chance(50) else [1] + lengths
        elif kind == 4:
            lengths = shape[-1:]
        elif kind == 5:
            lengths = [1] + shape[1:]
        elif kind == 6:
            lengths = [1] * self.int(1, 2) + [1] + shape[1:]
        else:
            lengths = [d if self.chance(50) else 1 for d in shape[1:]]
        return self.floats(lengths, positive, odd)

    # Nodes.
    def put(self, op, *inputs, outputs=1, **attributes):
        names = [f"v{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(op, list(inputs), names, f"n{len(self.nodes)}", **attributes))
        return names[0] if outputs == 1 else names

    def then(self, op, *inputs, **attributes):
        self.value = self.put(op, self.value, *inputs, **attributes)

    def reshape_by(self, op, axes, **attributes):
        """An operator whose axes became an input."""
        return self.put(op, self.value, self.ints(*axes), **attributes)

    def reduce_mean(self, value, axes, keep=1):
        if self.opset >= 18:
            return self.put("ReduceMean", value, self.ints(*axes), keepdims=keep)
        return self.put("ReduceMean", value, axes=list(axes), keepdims=keep)

    def settle(self):
        """Reads the shape of the value off inference; what it cannot tell is not used."""
        model = self.model([self.value])
        inferred = shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
        info = inferred.graph.output[0].type.tensor_type
        known = [v for v in inferred.graph.output]
        shape = [d.dim_param or (d.dim_value if d.HasField("dim_value") else None)
                 for d in known[0].type.tensor_type.shape.dim]
        if info.elem_type != TensorProto.FLOAT or not shape or None in shape or len(shape) > 6:
            raise Skip
        self.shape = ["N" if isinstance(d, str) else d for d in shape]
        if shape.count("N") > 1 or 0 in shape or any(isinstance(d, str) and d != "N" for d in shape):
            raise Skip
        if np.prod([d for d in self.shape if d != "N"]) > 4000:
            raise Skip

    def model(self, outputs):
        graph = helper.make_graph(
            self.nodes, "random",
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, self.input_shape)],
            [onnx.ValueInfoProto(name=name) for name in outputs], self.constants)
        for output in graph.output:
            output.type.tensor_type.elem_type = TensorProto.FLOAT
        return helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", self.opset)], ir_version=9)

    def result(self):
        return self.model(list(dict.fromkeys([*self.outputs, self.value])))


class Skip(Exception):
    """The block does not fit what is there."""


def need(condition):
    if not condition:
        raise Skip


def normalization(m):
    need(len(m.shape) >= 2 and m.shape[1] != "N")
    c = [m.shape[1]]
    m.then("BatchNormalization", m.floats(c, odd=15), m.floats(c, odd=10), m.floats(c, odd=10),
           m.floats(c, positive=True), epsilon=m.one([1e-5, 1e-3, 0.0]))


def affine(m):
    for _ in range(m.int(1, 3)):
        op = m.one(["Mul", "Add", "Sub", "Div"])
        operands = [m.value, m.beside(positive=op == "Div", odd=12)]
        if m.chance(25) and op != "Div":
            operands.reverse()
        m.value = m.put(op, *operands)


def convolution(m):
    need(len(m.shape) in (3, 4))
    if m.chance(25):
        m.chance(50) and normalization(m) or affine(m)
        m.settle()
    c, spatial = m.shape[1], len(m.shape) - 2
    need(c != "N" and "N" not in m.shape[2:])
    group = m.one([g for g in range(1, c + 1) if c % g == 0])
    rows = group * m.int(1, 3)
    kernel = [m.int(1, 3) for _ in range(spatial)]
    attributes = {"group": group}
    if m.chance(20):
        pads = [0] * 2 + [m.int(0, 1) for _ in range(spatial)] + [0] * 2 + [m.int(0, 1) for _ in range(spatial)]
        value = [m.constant(np.float32(m.one([0, 0, 1])))] if m.chance(60) else []
        m.then("Pad", m.ints(*pads), *value)
    if m.chance(15):
        attributes["auto_pad"] = m.one(["SAME_UPPER", "SAME_LOWER", "VALID"])
    elif m.chance(50):
        attributes["pads"] = [m.int(0, 1) for _ in range(2 * spatial)]
    if m.chance(30):
        attributes["strides"] = [m.int(1, 2) for _ in range(spatial)]
    bias = [m.floats([rows], odd=5)] if m.chance(50) else []
    if m.chance(20):
        m.then("ConvTranspose", m.floats([c, rows // group, *kernel]), *bias, **attributes)
    else:
        m.then("Conv", m.floats([rows, c // group, *kernel]), *bias, **attributes)
    m.settle()
    m.one([normalization, affine, clamps, activation])(m)


def product(m):
    need(m.shape[-1] != "N" and len(m.shape) >= 2)
    if m.chance(25):
        affine(m)
        m.settle()
    depth, columns = m.shape[-1], m.int(1, 5)
    if len(m.shape) == 2 and m.chance(50):
        turned = m.chance(50)
        bias = [m.floats(m.one([[columns], [1, columns], [], [1]]), odd=10)] if m.chance(60) else []
        attributes = {"alpha": float(m.one([1.0, 0.5, -2.0])), "beta": float(m.one([1.0, 0.0, 3.0]))}
        m.then("Gemm", m.floats([columns, depth] if turned else [depth, columns]), *bias,
               transB=int(turned), **attributes)
    else:
        stack = m.one([[], [], [1], [1, 1]])
        m.then("MatMul", m.floats([*stack, depth, columns], odd=5))
    m.settle()
    m.one([normalization, affine, clamps, product, activation])(m)


def clamps(m):
    for _ in range(m.int(1, 3)):
        kind = m.int(0, 4)
        if kind == 0:
            m.then("Relu")
        elif kind == 1:
            m.then("Clip", m.constant(np.float32(m.one([0, -1, 0.5, 2]))), m.constant(np.float32(m.one([6, 1, 0.2]))))
        elif kind == 2:
            m.then("Clip", "", m.constant(np.float32(m.one([6, 1]))))
        else:
            m.then(m.one(["Max", "Min"]), m.scalar(m.one([0, 1, 6, -1])))


def activation(m):
    kind, x = m.int(0, 9), m.value
    if kind == 0:
        half = m.put("Mul", x, m.scalar(0.5)) if m.chance(50) else None
        erf = m.put("Erf", m.put("Div", x, m.scalar(1.4142135)) if m.chance(50) else m.put("Mul", x, m.scalar(0.70710678)))
        total = m.put("Add", erf, m.scalar(1.0))
        m.value = m.put("Mul", half, total) if half else m.put("Mul", m.put("Mul", x, total), m.scalar(0.5))
    elif kind == 1:
        cube = m.put("Pow", x, m.scalar(3.0)) if m.chance(50) else m.put("Mul", m.put("Mul", x, x), x)
        inner = m.put("Add", x, m.put("Mul", cube, m.scalar(0.044715)))
        tanh = m.put("Tanh", m.put("Mul", inner, m.scalar(0.7978846)))
        m.value = m.put("Mul", m.put("Mul", x, m.scalar(0.5)), m.put("Add", tanh, m.scalar(1.0)))
    elif kind == 2:
        line = m.put("Add", x, m.scalar(3.0))
        clip = m.put("Clip", line, m.constant(np.float32(0)), m.constant(np.float32(6)))
        m.value = m.put("Div", m.put("Mul", x, clip), m.scalar(6.0)) if m.chance(50) else m.put(
            "Mul", x, m.put("Div", clip, m.scalar(6.0)))
    elif kind == 3:
        line = m.put("Add", m.put("Mul", x, m.scalar(m.one([1 / 6, 0.2]))), m.scalar(0.5))
        m.value = m.put("Clip", line, m.constant(np.float32(0)), m.constant(np.float32(1)))
    elif kind == 4:
        m.value = m.put("Mul", x, m.put("Sigmoid", x))
    elif kind == 5:
        m.value = m.put("Mul", x, m.put("Tanh", m.put("Softplus", x)))
    elif kind == 6:
        m.value = m.put("Log", m.put("Add", m.put("Exp", x), m.scalar(1.0)))
    elif kind == 7:
        m.value = m.put("Log", m.put("Softmax", x, axis=-1))
    elif kind == 8:
        m.value = m.put("Mul", m.put("HardSigmoid", x, alpha=m.one([1 / 6, 0.2]), beta=0.5), x)
    else:
        m.value = m.put("Mul", x, m.put("Reciprocal", m.put("Add", m.put("Abs", x), m.scalar(1.0))))


def means(m):
    axes = m.one([[-1], [-1], [len(m.shape) - 1], [-2, -1]])
    need(all(m.shape[a] != "N" for a in axes))
    x, eps = m.value, m.scalar(m.one([1e-5, 1e-12, 0.1]))
    scale = m.one([m.shape[-1:], m.shape[-1:], [1] + m.shape[-1:], [1] * 4 + m.shape[-1:], []])
    if m.chance(60):
        centre = m.put("Sub", x, m.reduce_mean(x, axes))
        square = m.put("Pow", centre, m.scalar(2.0)) if m.chance(60) else m.put("Mul", centre, centre)
        deviation = m.put("Sqrt", m.put("Add", m.reduce_mean(square, axes), eps))
        normal = m.put("Div", centre, deviation)
        normal = m.put("Mul", normal, m.floats(scale)) if m.chance(80) else normal
        m.value = m.put("Add", normal, m.floats(m.shape[-1:])) if m.chance(80) else normal
    else:
        square = m.put("Pow", x, m.scalar(2.0)) if m.chance(60) else m.put("Mul", x, x)
        root = m.put("Sqrt", m.put("Add", m.reduce_mean(square, axes), eps))
        normal = m.put("Div", x, root) if m.chance(50) else m.put("Mul", x, m.put("Reciprocal", root))
        m.value = m.put("Mul", normal, m.floats(scale))


def movement(m):
    for _ in range(m.int(1, 3)):
        m.settle()
        rank, kind = len(m.shape), m.int(0, 9)
        if kind in (0, 1):
            m.then("Transpose", perm=[int(i) for i in m.random.permutation(rank)])
        elif kind == 2 and m.shape[0] == "N":
            rest = int(np.prod(m.shape[1:]))
            m.then("Reshape", m.ints(*m.one([[0, -1], [-1, rest], [0, 1, rest], [-1, rest, 1]])))
        elif kind == 3:
            m.then("Flatten", axis=m.int(0, rank))
        elif kind == 4:
            m.value = m.reshape_by("Unsqueeze", [m.int(0, rank)])
        elif kind == 5 and 1 in m.shape:
            m.value = m.reshape_by("Squeeze", [m.shape.index(1)])
        elif kind == 6:
            axis = m.int(0, rank - 1)
            need(m.shape[axis] != "N" and m.shape[axis] > 1)
            cut = m.int(1, m.shape[axis] - 1)
            parts = m.put("Split", m.value, m.ints(cut, m.shape[axis] - cut), outputs=2, axis=axis)
            m.value = m.put("Concat", *(parts if m.chance(60) else parts[::-1]), axis=axis)
        elif kind == 7:
            axis = m.int(0, rank - 1)
            need(m.shape[axis] != "N")
            m.then("Slice", m.ints(m.int(0, m.shape[axis] - 1)), m.ints(2**31), m.ints(axis))
        elif kind == 8:
            axis = m.int(0, rank - 1)
            need(m.shape[axis] != "N")
            m.then("Gather", m.ints(*[m.int(0, m.shape[axis] - 1) for _ in range(m.int(1, 4))]), axis=axis)
        else:
            m.then("Expand", m.ints(*[1 if d == "N" else d for d in m.shape]))
        if m.chance(40):
            m.then(m.one(["Relu", "Sigmoid", "Abs", "Neg"]))


def identities(m):
    kind = m.int(0, 9)
    if kind == 0:
        m.then("Identity")
    elif kind == 1:
        m.then("Add", m.scalar(m.one([0.0, -0.0])))
    elif kind == 2:
        m.then(m.one(["Mul", "Div"]), m.scalar(1.0))
    elif kind == 3:
        m.then("Neg")
        m.then("Neg")
    elif kind == 4:
        m.then("Cast", to=m.one([TensorProto.DOUBLE, TensorProto.FLOAT16, TensorProto.FLOAT]))
        m.then("Cast", to=TensorProto.FLOAT)
    elif kind == 5:
        m.then("Add", m.scalar(12582912.0))
        m.then("Sub", m.scalar(12582912.0))
    elif kind == 6:
        m.then("Pow", m.scalar(m.one([1.0, 2.0, 0.5, 0.0])))
    elif kind == 7:
        condition = m.put("Greater", m.value, m.scalar(0.0))
        m.value = m.put("Where", m.put("Not", condition), m.value, m.beside(odd=5))
    elif kind == 8:
        m.then("Dropout")
    else:
        m.then("Mul", m.scalar(0.0))


def pools(m):
    need(len(m.shape) in (3, 4) and "N" not in m.shape[1:])
    spatial = len(m.shape) - 2
    if m.chance(40):
        pads = [0, 0] + [m.int(0, 1) for _ in range(spatial)]
        value = [m.constant(np.float32(m.one([0.0, -np.inf, -3e38])))] if m.chance(70) else []
        m.then("Pad", m.ints(*pads, *pads), *value)
    kernel = [m.int(1, 2) for _ in range(spatial)]
    if m.chance(50):
        m.then("MaxPool", kernel_shape=kernel)
    else:
        m.then("AveragePool", kernel_shape=kernel, count_include_pad=m.int(0, 1))


def branches(m):
    start, shape = m.value, list(m.shape)
    m.one([affine, convolution, product, activation, movement])(m)
    left = m.value
    m.value, m.shape = start, shape
    m.one([affine, convolution, product, clamps, movement])(m)
    op = m.one(["Add", "Mul", "Sub", "Concat", "Max"])
    m.value = m.put(op, left, m.value, **({"axis": len(shape) - 1} if op == "Concat" else {}))


def targets(m):
    """A computed target of a Reshape."""
    shape = m.put("Shape", m.value)
    batch = m.put("Gather", shape, m.constant(np.array(0, np.int64)), axis=0)
    batch = m.put("Unsqueeze", batch, m.ints(0))
    target = m.put("Concat", batch, m.ints(*m.one([[-1], [1, -1], [int(np.prod(m.shape[1:]))]])), axis=0)
    m.then("Reshape", target)


BLOCKS = [affine, convolution, convolution, convolution, product, product, product, clamps, activation,
          activation, means, movement, movement, identities, identities, pools, branches, targets,
          normalization]
