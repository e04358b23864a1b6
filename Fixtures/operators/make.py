"""Makes small models whose expected outputs are those of ONNX Runtime.

They cover what ONNX's own conformance cases leave out: options of recurrent layers, pools of
regions and norms, equations of Einsum. Usage: python make.py [NAME...], all cases without names
(needs numpy, onnx and onnxruntime). Each case draws its numbers from a stream of its own, whose seed is its name:
running the script again gives the same files, and a new case changes no other.
"""

import pathlib
import sys
import zlib

import numpy as np
import onnx
import onnxruntime
from onnx import helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent
CHOSEN = set(sys.argv[1:])


class Stream:
    """The numbers of one case, which its name decides."""

    def __init__(self, name):
        self.random = np.random.default_rng(zlib.crc32(name.encode()))

    def floats(self, *shape):
        return self.random.uniform(-1, 1, shape).astype(np.float32)


def case(name, op, inputs, outputs=1, opset=17, **attributes):
    """Writes a model whose inputs are initializers, with the expected outputs beside them.

    An input is an array, a shape to fill with numbers, or None where it is left out.
    """
    if CHOSEN and name not in CHOSEN:
        return
    stream = Stream(name)
    inputs = [stream.floats(*x) if isinstance(x, tuple) else x for x in inputs]
    names = ["" if x is None else f"x{i}" for i, x in enumerate(inputs)]
    constants = [numpy_helper.from_array(x, n) for n, x in zip(names, inputs) if x is not None]
    results = [f"y{i}" for i in range(outputs)]
    node = helper.make_node(op, names, results, **attributes)
    graph = helper.make_graph(
        [node], name, [], [helper.make_empty_tensor_value_info(n) for n in results], constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    found = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {})
    del graph.output[:]
    for n, y in zip(results, found):
        kind = helper.np_dtype_to_tensor_dtype(y.dtype)
        graph.output.append(helper.make_tensor_value_info(n, kind, y.shape))
        graph.initializer.append(numpy_helper.from_array(y, f"expected_{n}"))
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    onnx.save(model, FOLDER / f"{name}.onnx")


def recurrent(name, op, gates, directions=1, lengths=None, states=True, bias=True, **attributes):
    steps, batch, size, hidden = 4, 3, 2, 5
    state = (directions, batch, hidden) if states else None
    inputs = [
        (steps, batch, size),
        (directions, gates * hidden, size),
        (directions, gates * hidden, hidden),
        (directions, 2 * gates * hidden) if bias else None,
        None if lengths is None else np.array(lengths, np.int32),
        state,
    ]
    if op == "LSTM":
        inputs.append((directions, batch, hidden) if states else None)
        if attributes.pop("peepholes", False):
            inputs.append((directions, 3 * hidden))
    while inputs[-1] is None:
        inputs.pop()
    if directions == 2:
        attributes["direction"] = "bidirectional"
    outputs = 3 if op == "LSTM" else 2
    case(name, op, inputs, outputs, hidden_size=hidden, **attributes)


def main():
    recurrent("rnn_bidirectional", "RNN", 1, 2, activations=["Relu", "Tanh"])
    recurrent("rnn_reverse_lengths", "RNN", 1, lengths=[4, 2, 1], direction="reverse")
    recurrent(
        "rnn_activations", "RNN", 1, 2, activations=["LeakyRelu", "HardSigmoid"],
        activation_alpha=[0.1, 0.3], activation_beta=[0.0, 0.4],
    )
    recurrent("gru_bidirectional_lengths", "GRU", 3, 2, lengths=[3, 4, 2])
    recurrent("gru_linear_before_reset", "GRU", 3, 2, linear_before_reset=1)
    recurrent("gru_clip", "GRU", 3, clip=0.2)
    recurrent("gru_without_bias", "GRU", 3, bias=False, states=False, direction="reverse")
    recurrent("lstm_bidirectional_lengths", "LSTM", 4, 2, lengths=[4, 1, 3])
    recurrent("lstm_peepholes", "LSTM", 4, 2, peepholes=True)
    recurrent("lstm_clip", "LSTM", 4, peepholes=True, clip=0.25)
    recurrent("lstm_input_forget", "LSTM", 4, input_forget=1, direction="reverse")
    recurrent(
        "lstm_activations", "LSTM", 4, activations=["HardSigmoid", "Softsign", "Affine"],
        activation_alpha=[0.3, 0.7], activation_beta=[0.4, 0.2],
    )
    regions = np.array([[0, 0, 0, 7, 5], [1, 2, 1, 9, 9], [1, -3, 2, 4, 20]], np.float32)
    case("max_roi_pool", "MaxRoiPool", [(2, 3, 6, 8), regions], pooled_shape=[3, 2])
    case("max_roi_pool_scaled", "MaxRoiPool", [(2, 2, 6, 8), regions], pooled_shape=[2, 2],
         spatial_scale=0.5)
    case("lp_pool", "LpPool", [(1, 2, 7, 6)], kernel_shape=[3, 2], strides=[2, 1],
         pads=[1, 0, 1, 1], p=3)
    case("lp_pool_1d", "LpPool", [(1, 2, 9)], kernel_shape=[4], p=1)
    case("global_lp_pool", "GlobalLpPool", [(2, 3, 4, 5)], p=2)
    case("global_lp_pool_3", "GlobalLpPool", [(2, 3, 5)], p=3)
    case("einsum_contraction", "Einsum", [(2, 3, 4), (4, 3, 5)],
         equation="bij,jik->bk")
    case("einsum_ellipsis", "Einsum", [(2, 3, 4), (2, 4, 5)],
         equation="...ij,...jk->...ik")
    case("einsum_diagonal", "Einsum", [(3, 4, 3)], equation="iji->ji")
    case("einsum_implicit", "Einsum", [(3, 4), (4, 2)], equation="zb, ba")
    case("einsum_three", "Einsum", [(2, 3), (3, 4), (2, 4)],
         equation="ab,bc,ac->a")
    case("einsum_outer", "Einsum", [(3,), (4,)], equation="i,j->ji")
    case("einsum_sum", "Einsum", [(3, 4, 2)], equation="ijk->j")


main()
