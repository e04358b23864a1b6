"""Writes one model for each case of an operator of com.microsoft.

A case is a graph of one node without inputs: its operands are initializers, and what ONNX Runtime
computes for output y stands beside them as the initializer expected/y.

    generate.py FOLDER [NAME...]

writes all cases, or those named. Each case draws its numbers from a stream of its own, whose seed
is its name: a new case changes no other.
"""

import pathlib
import sys
import zlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

random = np.random.default_rng(0)


def drawn(name, make):
    """What `make` returns when it draws from the stream that belongs to this name."""
    global random
    random = np.random.default_rng(zlib.crc32(name.encode()))
    return make()


def floats(*shape, scale=1.0):
    return (random.standard_normal(shape) * scale).astype(np.float32)


def integers(kind, *shape):
    info = np.iinfo(kind)
    return random.integers(info.min, info.max + 1, shape).astype(kind)


def scale(value):
    return np.float32(value)


u8, s8 = np.uint8, np.int8
cases = []


def case(name, op, inputs, outputs=1, domain="com.microsoft", wanted=None, **attributes):
    """A case; `inputs` returns the operands, "" where one is left out."""
    cases.append((name, op, drawn(name, inputs), outputs, domain, wanted, attributes))


x = drawn("x", lambda: floats(2, 3, 8))
case("gelu", "Gelu", lambda: [x])
case("quick_gelu", "QuickGelu", lambda: [x], alpha=1.5)
case("fast_gelu", "FastGelu", lambda: [x])
case("fast_gelu_bias", "FastGelu", lambda: [x, floats(8)])
case("bias_gelu", "BiasGelu", lambda: [x, floats(8)])

gamma, beta = drawn("gamma, beta", lambda: [floats(8), floats(8)])
case("skip_layer_norm", "SkipLayerNormalization",
     lambda: [x, floats(2, 3, 8), gamma, beta, floats(8)],
     outputs=4, wanted=[0, 3], epsilon=1e-5)
case("skip_layer_norm_broadcast", "SkipLayerNormalization", lambda: [x, floats(3, 8), gamma])
case("skip_simplified", "SkipSimplifiedLayerNormalization",
     lambda: [x, floats(2, 3, 8), gamma, floats(8)],
     outputs=4, wanted=[0, 3], epsilon=1e-6)
case("simplified", "SimplifiedLayerNormalization",
     lambda: [x, gamma], outputs=2, domain="", epsilon=1e-6,
     axis=-1)

tokens = np.array([[1, 4, 0], [3, 2, 2]], np.int32)
case("embed", "EmbedLayerNormalization",
     lambda: [tokens, tokens % 2, floats(5, 8), floats(6, 8), floats(2, 8), gamma, beta,
              np.array([[1, 1, 0], [1, 1, 1]], np.int32)], outputs=2, epsilon=1e-6)

case("expand_dims", "ExpandDims", lambda: [floats(2, 3), np.array([1], np.int32)])
case("expand_dims_last", "ExpandDims", lambda: [integers(s8, 2, 3), np.array([-1], np.int32)])
case("fused_matmul", "FusedMatMul", lambda: [floats(2, 4, 3), floats(2, 5, 4)], transA=1, transB=1,
     alpha=0.5)
case("fused_matmul_broadcast", "FusedMatMul", lambda: [floats(3, 4), floats(2, 4, 5)], alpha=2.0)
case("fused_gemm", "FusedGemm", lambda: [floats(3, 4), floats(4, 5), floats(5)], activation="Relu")
case("fused_gemm_leaky", "FusedGemm", lambda: [floats(3, 4), floats(5, 4)], transB=1, alpha=0.5,
     activation="LeakyRelu", activation_alpha=0.2)
image, weight = drawn("image, weight", lambda: [floats(1, 2, 5, 5), floats(3, 2, 3, 3)])
case("fused_conv", "FusedConv",
     lambda: [image, weight, floats(3)], activation="Relu", pads=[1, 1, 1, 1])
case("fused_conv_add", "FusedConv", lambda: [image, weight, floats(3), floats(1, 3, 3, 3)],
     activation="Relu")
case("fused_conv_clip", "FusedConv", lambda: [image, weight], activation="Clip",
     activation_params=[-0.5, 0.5])

for kind, zeros in [(u8, (120, 3, 77)), (s8, (5, -100, 20))]:
    tag = kind.__name__
    za, zb, zc = (kind(z) for z in zeros)
    a, b = drawn(f"a, b of {tag}", lambda: [integers(kind, 4, 33), integers(kind, 33)])
    case(f"qlinear_mul_{tag}", "QLinearMul",
         lambda: [a, scale(0.03), za, b, scale(0.05), zb, scale(0.1), zc])
    case(f"qlinear_add_{tag}", "QLinearAdd",
         lambda: [a, scale(0.03), za, b, scale(0.05), zb, scale(0.1), zc])
    everything = np.arange(256).astype(u8).view(kind)
    case(f"qlinear_sigmoid_{tag}", "QLinearSigmoid",
         lambda: [everything, scale(0.06), za, scale(1 / 256), kind(np.iinfo(kind).min)])
    case(f"qlinear_leaky_relu_{tag}", "QLinearLeakyRelu",
         lambda: [everything, scale(0.06), za, scale(0.04), zc], alpha=0.1)
    pool = drawn(f"pool of {tag}", lambda: integers(kind, 1, 3, 6, 7))
    case(f"qlinear_average_pool_{tag}", "QLinearAveragePool",
         lambda: [pool, scale(0.05), za, scale(0.03), zc], kernel_shape=[3, 3], strides=[2, 2],
         pads=[1, 1, 1, 1])
    case(f"qlinear_average_pool_pad_{tag}", "QLinearAveragePool",
         lambda: [pool, scale(0.05), za, scale(0.03), zc], kernel_shape=[3, 3], pads=[1, 1, 1, 1],
         count_include_pad=1)
    case(f"qlinear_global_average_pool_{tag}", "QLinearGlobalAveragePool",
         lambda: [pool, scale(0.05), za, scale(0.01), zc])
    case(f"qlinear_softmax_{tag}", "QLinearSoftmax",
         lambda: [integers(kind, 3, 20), scale(0.03), za, scale(1 / 256), kind(np.iinfo(kind).min)],
         axis=-1, opset=13)
    case(f"qlinear_concat_{tag}", "QLinearConcat",
         lambda: [scale(0.04), zc, a, scale(0.03), za, integers(kind, 2, 33), scale(0.06), zb],
         axis=0)

case("qgemm", "QGemm",
     lambda: [integers(u8, 4, 16), scale(0.02), u8(100), integers(s8, 5, 16),
              floats(5, scale=0.1) ** 2,
              np.zeros(5, s8), random.integers(-999, 999, 5).astype(np.int32), scale(0.1), u8(128)],
     transB=1)
case("qgemm_float", "QGemm",
     lambda: [integers(u8, 4, 16), scale(0.02), u8(100), integers(s8, 16, 5), scale(0.01), s8(3),
              random.integers(-999, 999, (4, 5)).astype(np.int32)], alpha=0.5)
case("matmul_integer_to_float", "MatMulIntegerToFloat",
     lambda: [integers(u8, 2, 3, 16), integers(s8, 16, 5), scale(0.02), floats(5) ** 2, u8(100),
              integers(s8, 5), floats(5)])
case("dynamic_quantize_matmul", "DynamicQuantizeMatMul",
     lambda: [floats(3, 16), integers(s8, 16, 5), floats(5) ** 2, integers(s8, 5), floats(5)])
case("dynamic_quantize_matmul_u8", "DynamicQuantizeMatMul",
     lambda: [floats(3, 16), integers(u8, 16, 5), scale(0.02), u8(120)])
blocks = drawn("blocks", lambda: integers(u8, 6, 3, 8))
case("matmul_nbits", "MatMulNBits",
     lambda: [floats(2, 3, 40), blocks, floats(18)], K=40, N=6, bits=4,
     block_size=16)
case("matmul_nbits_zero", "MatMulNBits",
     lambda: [floats(2, 40), blocks, floats(18), integers(u8, 12), "", floats(6)], K=40, N=6,
     bits=4, block_size=16)
case("matmul_nbits_8", "MatMulNBits",
     lambda: [floats(2, 40), integers(u8, 6, 2, 32), floats(12)], K=40,
     N=6, bits=8, block_size=32)

for kind in (np.uint16, np.int16):
    tag, zero = kind.__name__, kind(1000)
    case(f"quantize_{tag}", "QuantizeLinear", lambda: [floats(3, 5, scale=99), scale(0.01), zero])
    case(f"dequantize_{tag}", "DequantizeLinear", lambda: [integers(kind, 3, 5), scale(0.01), zero])

angles = drawn("angles", lambda: floats(16, 4))
cosines, sines = np.cos(angles), np.sin(angles)
case("rotary", "RotaryEmbedding",
     lambda: [floats(2, 3, 16), np.array([[3, 1, 2], [0, 15, 9]]), cosines, sines])
case("rotary_offset", "RotaryEmbedding",
     lambda: [floats(2, 2, 3, 8), np.array([5]), cosines, sines], interleaved=1)
case("rotary_partial", "RotaryEmbedding",
     lambda: [floats(2, 3, 24), np.array([5]), cosines, sines], num_heads=2, rotary_embedding_dim=8)

b, s, l, h, w = 2, 3, 4, 2, 8
q, k, v = drawn(
    "q, k, v", lambda: [floats(b, s, h * w), floats(b, l, h * w), floats(b, l, h * w)])
case("mha", "MultiHeadAttention", lambda: [q, k, v], num_heads=h)
case("mha_bias", "MultiHeadAttention", lambda: [q, k, v, floats(3 * h * w)], num_heads=h, scale=0.2)
mask = np.array([[1, 1, 0, 1], [1, 0, 0, 1]], np.int32)
case("mha_mask", "MultiHeadAttention", lambda: [q, k, v, "", mask, floats(1, h, s, l)], num_heads=h)
case("mha_lengths", "MultiHeadAttention",
     lambda: [q, k, v, "", np.array([2, 4], np.int32)], num_heads=h)
case("mha_past", "MultiHeadAttention",
     lambda: [q, floats(b, s, h * w), floats(b, s, h * w), "", "", "", floats(b, h, 5, w),
              floats(b, h, 5, w)], outputs=3, num_heads=h, unidirectional=1)
case("mha_cross", "MultiHeadAttention",
     lambda: [q, floats(b, h, l, w), floats(b, h, l, w)], num_heads=h)

hidden, weights, bias = drawn(
    "hidden, weights, bias",
    lambda: [floats(b, s, 12), floats(12, 3 * h * w, scale=0.4), floats(3 * h * w)])
case("attention", "Attention", lambda: [hidden, weights, bias], num_heads=h)
case("attention_mask", "Attention",
     lambda: [hidden, weights, bias, np.array([[1, 1, 0], [1, 0, 1]], np.int32)],
     num_heads=h)
case("attention_past", "Attention",
     lambda: [hidden, weights, bias, "", floats(2, b, h, 5, w)], outputs=2, num_heads=h,
     unidirectional=1)
case("attention_sizes", "Attention",
     lambda: [hidden, floats(12, 16 + 16 + 8), floats(40)], num_heads=h,
     qkv_hidden_sizes=[16, 16, 8])

# Four heads of queries over two of keys and values, of width 16.
gq, gk, gv = drawn("gq, gk, gv", lambda: [floats(b, s, 64), floats(b, s, 32), floats(b, s, 32)])
angles = drawn("wide angles", lambda: floats(16, 8))
cosines, sines = np.cos(angles), np.sin(angles)
last, total = np.array([2, 2], np.int32), np.array([3], np.int32)
gqa = dict(num_heads=4, kv_num_heads=2)
case("gqa_prompt", "GroupQueryAttention",
     lambda: [gq, gk, gv, "", "", last, total], outputs=3, **gqa)
case("gqa_rotary", "GroupQueryAttention",
     lambda: [floats(b, s, 128), "", "", "", "", last, total, cosines, sines], outputs=3,
     do_rotary=1, **gqa)
past = drawn("past", lambda: [floats(b, 2, 6, 16), floats(b, 2, 6, 16)])
one = drawn("one", lambda: [floats(b, 1, 64), floats(b, 1, 32), floats(b, 1, 32)])
case("gqa_token", "GroupQueryAttention",
     lambda: one + past + [np.array([6, 6], np.int32), np.array([7], np.int32), cosines, sines],
     outputs=3, do_rotary=1, rotary_interleaved=1, softcap=1.5, **gqa)
case("gqa_uneven", "GroupQueryAttention",
     lambda: one + past + [np.array([3, 6], np.int32), np.array([7], np.int32), cosines, sines],
     wanted=[0], do_rotary=1, **gqa)
for size in (2, 4):
    case(f"gqa_window_{size}", "GroupQueryAttention",
         lambda: one + past + [np.array([6, 6], np.int32), np.array([7], np.int32)], outputs=3,
         local_window_size=size, **gqa)
case("gqa_window_prompt", "GroupQueryAttention",
     lambda: [floats(b, 5, 64), floats(b, 5, 32), floats(b, 5, 32), "", "",
              np.array([4, 4], np.int32), np.array([5], np.int32)],
     outputs=3, local_window_size=2, **gqa)
case("gqa_smooth", "GroupQueryAttention", lambda: [gq, gk, gv, "", "", last, total], outputs=3,
     smooth_softmax=1, **gqa)
case("gqa_sink", "GroupQueryAttention",
     lambda: [gq, gk, gv, "", "", last, total, "", "", "", "", floats(4)], outputs=3, **gqa)


def quantized_lstm(name, directions=1, lengths=None, states=False, bias=True, peepholes=False,
                   columns=False, kind=s8, **attributes):
    """An LSTM of 5 steps, 3 sequences, 4 inputs and 6 units, its weights quantized."""
    steps, batch, inputs, units = 5, 3, 4, 6
    shape = (directions, 4 * units) if columns else (directions,)

    def weight(rows):
        zero = np.zeros(shape, kind) if columns or kind is s8 else np.full(shape, 120, kind)
        return [integers(kind, directions, rows, 4 * units),
                np.abs(floats(*shape, scale=0.002)) + scale(0.004), zero]

    def operands():
        w, w_scale, w_zero = weight(inputs)
        r, r_scale, r_zero = weight(units)
        state = [floats(directions, batch, units) for _ in range(2)] if states else ["", ""]
        return [
            floats(steps, batch, inputs), w, r,
            floats(directions, 8 * units, scale=0.3) if bias else "",
            "" if lengths is None else np.array(lengths, np.int32), *state,
            floats(directions, 3 * units, scale=0.3) if peepholes else "",
            w_scale, w_zero, r_scale, r_zero,
        ]

    case(name, "DynamicQuantizeLSTM", operands, outputs=3, hidden_size=units,
         direction=["forward", "bidirectional"][directions - 1], **attributes)


quantized_lstm("quantized_lstm")
quantized_lstm("quantized_lstm_bidirectional", directions=2, states=True)
quantized_lstm("quantized_lstm_columns", columns=True, bias=False)
quantized_lstm("quantized_lstm_uint8", kind=u8, peepholes=True, input_forget=1)
quantized_lstm("quantized_lstm_lengths", lengths=[5, 2, 4], states=True)


def write(folder, name, op, inputs, outputs, domain, wanted, attributes):
    names = ["" if isinstance(x, str) else f"x{i}" for i, x in enumerate(inputs)]
    wanted = list(range(outputs)) if wanted is None else wanted
    results = [f"y{i}" if i in wanted else "" for i in range(max(outputs, max(wanted) + 1))]
    if op == "GroupQueryAttention":
        results = [f"y{i}" for i in range(3)]
    node = helper.make_node(op, names, results, domain=domain, name=name, **attributes)
    operands = [
        numpy_helper.from_array(np.asarray(x), n) for x, n in zip(inputs, names) if n
    ]
    graph = helper.make_graph(
        [node], name, [], [onnx.ValueInfoProto(name=f"y{i}") for i in wanted], operands)
    imports = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    model = helper.make_model(graph, opset_imports=imports, ir_version=8)
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.intra_op_num_threads = 1  # Each thread would quantize its sequences by themselves.
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    for info, value in zip(list(model.graph.output), session.run(None, {})):
        model.graph.initializer.append(numpy_helper.from_array(value, f"expected/{info.name}"))
        kind = helper.np_dtype_to_tensor_dtype(value.dtype)
        info.CopyFrom(helper.make_tensor_value_info(info.name, kind, value.shape))
    (folder / f"{name}.onnx").write_bytes(model.SerializeToString())


folder = pathlib.Path(sys.argv[1])
chosen = set(sys.argv[2:])
if unknown := chosen - {entry[0] for entry in cases}:
    sys.exit(f"error: no case is called {', '.join(sorted(unknown))}")
folder.mkdir(parents=True, exist_ok=True)
for entry in cases:
    if not chosen or entry[0] in chosen:
        write(folder, *entry)
