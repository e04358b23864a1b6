"""Makes the models of this folder: networks whose inputs have open lengths.

    pip install torch onnx onnxscript && python Fixtures/shapes/make.py

Each is small, seeded, and exercises shape inference: lengths that a graph computes from Shape, and
that flow through Reshape, Slice, Range, Expand, Resize and Split.
"""

import pathlib
import zlib

import numpy as np
import onnx
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

HERE = pathlib.Path(__file__).parent
WIDTH, HEADS, VOCABULARY = 16, 2, 32


class Attention(nn.Module):
    """Causal self-attention that continues from keys and values of earlier steps."""

    def __init__(self):
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x, past_key, past_value):
        batch, length, _ = x.shape
        q, k, v = self.qkv(x).split(WIDTH, dim=2)
        shape = (batch, length, HEADS, WIDTH // HEADS)
        q, k, v = (t.view(shape).transpose(1, 2) for t in (q, k, v))
        k, v = torch.cat([past_key, k], 2), torch.cat([past_value, v], 2)
        total = k.shape[2]
        scores = q @ k.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
        mask = torch.ones(total, total, dtype=torch.bool).tril()[total - length : total, :total]
        scores = scores.masked_fill(~mask, -1e9)
        y = (scores.softmax(-1) @ v).transpose(1, 2).reshape(batch, length, WIDTH)
        return self.out(y), k, v


class GPT(nn.Module):
    """One decoder block of GPT-2's kind, with key and value cache."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(64, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.mlp = nn.Sequential(nn.Linear(WIDTH, 2 * WIDTH), nn.GELU(), nn.Linear(2 * WIDTH, WIDTH))
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)

    def forward(self, ids, past_key, past_value):
        past = past_key.shape[2]
        place = torch.arange(past, past + ids.shape[1], device=ids.device).unsqueeze(0)
        x = self.tokens(ids) + self.positions(place)
        y, k, v = self.attention(self.norm1(x), past_key, past_value)
        x = x + y
        x = x + self.mlp(self.norm2(x))
        return self.head(x), k, v


class BERT(nn.Module):
    """One encoder block with a mask over padding."""

    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.positions = nn.Embedding(64, WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.pool = nn.Linear(WIDTH, WIDTH)

    def forward(self, ids, attention_mask):
        batch, length = ids.shape
        x = self.tokens(ids) + self.positions(torch.arange(length)).unsqueeze(0)
        mask = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -1e9
        q, k, v = self.qkv(x).chunk(3, dim=-1)
        q, k, v = (
            t.reshape(batch, length, HEADS, -1).permute(0, 2, 1, 3) for t in (q, k, v)
        )
        y = ((q @ k.transpose(2, 3)) / 2.8 + mask).softmax(-1) @ v
        y = y.permute(0, 2, 1, 3).flatten(2)
        x = self.norm(x + self.out(y))
        return x, torch.tanh(self.pool(x[:, 0]))


class UNet(nn.Module):
    """Down twice, up again to the lengths of the way down, whatever they were."""

    def __init__(self):
        super().__init__()
        self.a, self.b, self.c = nn.Conv2d(3, 4, 3, 1, 1), nn.Conv2d(4, 8, 3, 2, 1), nn.Conv2d(8, 8, 3, 2, 1)
        self.d, self.e = nn.Conv2d(16, 8, 3, 1, 1), nn.Conv2d(12, 2, 1)

    def forward(self, x):
        a = self.a(x).relu()
        b = self.b(a).relu()
        c = self.c(b).relu()
        up = F.interpolate(c, size=b.shape[2:], mode="bilinear", align_corners=False)
        d = self.d(torch.cat([up, b], 1)).relu()
        up = F.interpolate(d, size=a.shape[2:], mode="nearest")
        y = self.e(torch.cat([up, a], 1))
        half = F.interpolate(y, scale_factor=0.5, mode="nearest")
        return y, half


class Windows(nn.Module):
    """Splits an image into windows after padding it to a multiple, as Swin does, and back."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 8, 4, 2, 1)
        self.mix = nn.Linear(8, 8)

    def forward(self, x):
        x = self.stem(x)
        n, c, h, w = x.shape
        right, below = (4 - w % 4) % 4, (4 - h % 4) % 4
        x = F.pad(x, (0, right, 0, below))
        height, width = h + below, w + right
        t = x.view(n, c, height // 4, 4, width // 4, 4).permute(0, 2, 4, 3, 5, 1)
        t = self.mix(t.reshape(-1, 16, c))
        t = t.view(n, height // 4, width // 4, 4, 4, c).permute(0, 5, 1, 3, 2, 4)
        x = t.reshape(n, c, height, width)[:, :, :h, :w]
        return F.avg_pool2d(x, 3, 2, ceil_mode=True).flatten(2).mean(2), x


def save(model, name):
    """Without the exporter's notes, which name source files."""
    del model.metadata_props[:]
    for node in model.graph.node:
        del node.metadata_props[:]
        node.doc_string = ""
    onnx.checker.check_model(model)
    onnx.save(model, HERE / f"{name}.onnx")


def export(name, make, inputs, names, outputs, lengths):
    """Exports with both of torch's exporters what `make` makes, its weights seeded by the name.

    `lengths` names the open axes of each input.
    """
    torch.manual_seed(zlib.crc32(name.encode()))
    module = make().eval()
    torch.onnx.export(
        module, inputs, HERE / f"{name}.onnx", input_names=names, output_names=outputs,
        dynamic_axes=dict(zip(names, lengths)), opset_version=17, dynamo=False,
    )
    save(onnx.load(HERE / f"{name}.onnx"), name)
    shapes = tuple({k: torch.export.Dim.DYNAMIC for k in axes} for axes in lengths)
    program = torch.onnx.export(
        module, inputs, input_names=names, output_names=outputs, dynamic_shapes=shapes,
        opset_version=18, dynamo=True, verbose=False,
    )
    save(program.model_proto, f"{name}_dynamo")


def decoder():
    """A decoder layer written by hand, with relative positions: lengths such as 2*P + 2*S - 1."""
    rng = np.random.default_rng(zlib.crc32(b"decoder"))
    nodes, weights = [], []

    def weight(name, *shape):
        array = (rng.standard_normal(shape) * 0.3).astype(np.float32)
        weights.append(numpy_helper.from_array(array, name))
        return name

    def integers(name, *values, scalar=False):
        array = np.array(values[0] if scalar else values, np.int64)
        weights.append(numpy_helper.from_array(array, name))
        return name

    def node(op, name, *inputs, outputs=1, **attributes):
        out = [name] if outputs == 1 else [f"{name}_{i}" for i in range(outputs)]
        nodes.append(helper.make_node(op, inputs, out, name=name, **attributes))
        return out[0] if outputs == 1 else out

    zero, one, two = (integers(n, v, scalar=True) for n, v in (("zero", 0), ("one", 1), ("two", 2)))
    axis0, axis1, last = (integers(n, v) for n, v in (("axis0", 0), ("axis1", 1), ("last", -1)))
    split = integers("heads", 0, 0, HEADS, WIDTH // HEADS)
    x = node("Gather", "embedded", weight("table", VOCABULARY, WIDTH), "ids")
    ids_shape = node("Shape", "ids_shape", "ids")
    length = node("Gather", "length", ids_shape, one)
    past = node("Gather", "past", node("Shape", "past_shape", "past_key"), two)
    total = node("Add", "total", past, length)
    queries = {}
    for part in "qkv":
        t = node("MatMul", f"{part}_flat", x, weight(f"w{part}", WIDTH, WIDTH))
        t = node("Reshape", f"{part}_split", t, split)
        queries[part] = node("Transpose", part, t, perm=[0, 2, 1, 3])
    k = node("Concat", "present_key", "past_key", queries["k"], axis=2)
    v = node("Concat", "present_value", "past_value", queries["v"], axis=2)
    scores = node("MatMul", "raw", queries["q"], node("Transpose", "k_turned", k, perm=[0, 1, 3, 2]))
    # A table of biases for every distance between two places: 2*total - 1 rows.
    least = node("Sub", "least", one, total)
    distances = node("Range", "distances", least, total, one)
    bias = node("Cast", "bias", node("Abs", "apart", distances), to=TensorProto.FLOAT)
    rows = node("Range", "rows", past, total, one)
    columns = node("Range", "columns", zero, total, one)
    apart = node(
        "Sub", "index", node("Unsqueeze", "columns2", columns, axis0),
        node("Unsqueeze", "rows2", rows, axis1))
    index = node("Add", "index_up", apart, node("Sub", "up", total, one))
    scores = node("Sub", "biased", scores, node("Gather", "bias_of", bias, index))
    seen = node("LessOrEqual", "seen", apart, zero)
    low = numpy_helper.from_array(np.float32(-1e9), "low")
    weights.append(low)
    scores = node("Where", "masked", seen, scores, "low")
    y = node("MatMul", "mixed", node("Softmax", "attention", scores, axis=-1), v)
    y = node("Transpose", "mixed_turned", y, perm=[0, 2, 1, 3])
    batch = node("Unsqueeze", "batch", node("Gather", "batch_0", ids_shape, zero), axis0)
    target = node("Concat", "target", batch, node("Unsqueeze", "length1", length, axis0),
                  integers("width", WIDTH), axis=0)
    y = node("Reshape", "joined", y, target)
    x = node("Add", "residual", x, y)
    # The last place only, and everything but the ends of past and present together.
    node("Slice", "newest", x, last, integers("far", np.iinfo(np.int64).max), axis1)
    inner = node("Slice", "inner", node("Concat", "twice", "past_key", k, axis=2), axis1, last,
                 integers("axis2", 2))
    node("ReduceMean", "summary", inner, axes=[3], keepdims=0)
    cache = ["batch", HEADS, "past", WIDTH // HEADS]
    graph = helper.make_graph(
        nodes, "decoder",
        [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "sequence"])]
        + [helper.make_tensor_value_info(f"past_{n}", TensorProto.FLOAT, cache) for n in ("key", "value")],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in (
            ("newest", ["batch", 1, WIDTH]), ("summary", ["batch", HEADS, None]),
            ("present_key", ["batch", HEADS, None, WIDTH // HEADS]),
            ("present_value", ["batch", HEADS, None, WIDTH // HEADS]))],
        weights)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save(model, "decoder")


def main():
    decoder()
    cache = torch.zeros(2, HEADS, 5, WIDTH // HEADS)
    export(
        "gpt", GPT, (torch.ones(2, 3, dtype=torch.long), cache, cache),
        ["ids", "past_key", "past_value"], ["logits", "present_key", "present_value"],
        [{0: "batch", 1: "sequence"}, {0: "batch", 2: "past"}, {0: "batch", 2: "past"}])
    export(
        "bert", BERT, (torch.ones(2, 7, dtype=torch.long), torch.ones(2, 7, dtype=torch.long)),
        ["ids", "attention_mask"], ["hidden", "pooled"],
        [{0: "batch", 1: "sequence"}, {0: "batch", 1: "sequence"}])
    image = torch.zeros(2, 3, 37, 45)
    axes = [{0: "N", 2: "H", 3: "W"}]
    export("unet", UNet, (image,), ["x"], ["y", "half"], axes)
    export("windows", Windows, (image,), ["x"], ["y", "z"], axes)


if __name__ == "__main__":
    main()
