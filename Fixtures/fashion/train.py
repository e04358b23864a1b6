"""Train the small Fashion-MNIST classifier that Lapidary's tests prune, quantize and fuse.

Writes, beside this script or into --out:

    fashion.onnx      the classifier, opset 17, BatchNormalization nodes left in
    calibration.npz   image: 256 training images, float32 [256, 1, 28, 28]
    test.npz          image: the first 2,000 test images, float32 [2000, 1, 28, 28]
                      labels: their classes, int64 [2000]

Pixels are k / 255 with k = 0 ... 255; the model takes them as they are.

    python train.py [--data DIR] [--out DIR] [--epochs N] [--threads N]

Needs torch, numpy, onnx and onnxruntime from PyPI, and the data set's four IDX files, which Debian's
package dataset-fashion-mnist installs. Runs on the CPU and is seeded; floating-point sums depend on
the number of threads and on the processor, so that another machine may end with other last digits.

The network is small and deliberately varied, since each block couples channels in its own way:

    stage       output     what it exercises
    stem        16x28x28   Conv, BatchNorm, Relu
    down        32x14x14   Conv with stride
    residual    32x14x14   Add with the identity
    inverted    32x14x14   depthwise Conv, HardSwish, squeeze-and-excite with Sigmoid, Add
    projection  64x7x7     Add of two convolved paths
    branches    96x7x7     MaxPool, Concat of three paths
    inverted    96x7x7     depthwise Conv, Relu6, squeeze-and-excite with HardSigmoid, Add
    head        10         1x1 Conv, global average pool, Flatten, Gemm
"""

from __future__ import annotations

import argparse
import gzip
import struct
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional as F

SEED = 20
CALIBRATION_COUNT = 256
TEST_COUNT = 2000


# --- Data -------------------------------------------------------------------------------------


def read_idx(path: Path) -> np.ndarray:
    """Read a gzipped IDX file of unsigned bytes: a magic number, the extents, then the values."""
    with gzip.open(path, "rb") as file:
        content = file.read()
    zero, kind, rank = struct.unpack_from(">HBB", content)
    if zero != 0 or kind != 0x08:
        raise ValueError(f"{path}: not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{rank}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * rank).reshape(shape)


def read_split(folder: Path, prefix: str) -> tuple[np.ndarray, np.ndarray]:
    """Return a split's images, float32 [N, 1, 28, 28] in [0, 1], and labels, int64 [N]."""
    pixels = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz")
    labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz")
    images = pixels.astype(np.float32)[:, np.newaxis] / np.float32(255)
    return images, labels.astype(np.int64)


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Flip each image left to right with probability 1/2 and shift it by up to 2 pixels."""
    count, _, height, width = images.shape
    padded = F.pad(images, (2, 2, 2, 2))[:, 0]
    top = torch.randint(0, 5, (count, 1), generator=generator)
    left = torch.randint(0, 5, (count, 1), generator=generator)
    flipped = torch.rand(count, 1, generator=generator) < 0.5
    across = torch.arange(width).expand(count, width)
    across = torch.where(flipped, width - 1 - across, across)
    rows = (top + torch.arange(height))[:, :, None]
    columns = (left + across)[:, None, :]
    return padded[torch.arange(count)[:, None, None], rows, columns][:, None]


# --- Model ------------------------------------------------------------------------------------


class ConvNorm(nn.Sequential):
    """A convolution without bias, "same" padding, BatchNorm, and an activation if one is given."""

    def __init__(
        self,
        inputs: int,
        outputs: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        activation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(outputs)
        if activation is not None:
            self.activation = activation


class Residual(nn.Module):
    """Two 3x3 convolutions beside a shortcut: the identity, or a 1x1 projection if shapes change."""

    def __init__(self, inputs: int, outputs: int, *, stride: int = 1) -> None:
        super().__init__()
        self.first = ConvNorm(inputs, outputs, 3, stride=stride, activation=nn.ReLU())
        self.second = ConvNorm(outputs, outputs, 3)
        keeps_shape = inputs == outputs and stride == 1
        self.shortcut = nn.Identity() if keeps_shape else ConvNorm(inputs, outputs, 1, stride=stride)
        self.activation = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return self.activation(self.second(self.first(x)) + self.shortcut(x))


class SqueezeExcite(nn.Module):
    """Scale each channel by a gate computed from all channels' means."""

    def __init__(self, channels: int, squeezed: int, gate: nn.Module) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.reduce = nn.Conv2d(channels, squeezed, 1)
        self.activation = nn.ReLU()
        self.expand = nn.Conv2d(squeezed, channels, 1)
        self.gate = gate

    def forward(self, x: Tensor) -> Tensor:
        return x * self.gate(self.expand(self.activation(self.reduce(self.pool(x)))))


class InvertedResidual(nn.Module):
    """Expand, filter each channel alone, gate, and project back, beside the identity."""

    def __init__(
        self, channels: int, expanded: int, squeezed: int, *, activation: type[nn.Module], gate: nn.Module
    ) -> None:
        super().__init__()
        self.expand = ConvNorm(channels, expanded, 1, activation=activation())
        self.depthwise = ConvNorm(expanded, expanded, 3, groups=expanded, activation=activation())
        self.excite = SqueezeExcite(expanded, squeezed, gate)
        self.project = ConvNorm(expanded, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.project(self.excite(self.depthwise(self.expand(x))))


class Branches(nn.Module):
    """Three parallel paths, joined along the channels: 32 + 48 + 16."""

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.point = ConvNorm(inputs, 32, 1, activation=nn.ReLU())
        self.wide = nn.Sequential(
            ConvNorm(inputs, 32, 1, activation=nn.ReLU()),
            ConvNorm(32, 48, 3, activation=nn.ReLU()),
        )
        self.pooled = nn.Sequential(
            nn.MaxPool2d(3, stride=1, padding=1),
            ConvNorm(inputs, 16, 1, activation=nn.ReLU()),
        )

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([self.point(x), self.wide(x), self.pooled(x)], dim=1)


class Classifier(nn.Module):
    """Images [N, 1, 28, 28] in [0, 1] to logits [N, 10]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = ConvNorm(1, 16, 3, activation=nn.ReLU())
        self.down = ConvNorm(16, 32, 3, stride=2, activation=nn.ReLU())
        self.residual = Residual(32, 32)
        self.inverted1 = InvertedResidual(32, 64, 16, activation=nn.Hardswish, gate=nn.Sigmoid())
        self.projection = Residual(32, 64, stride=2)
        self.branches = Branches(64)
        self.inverted2 = InvertedResidual(96, 288, 32, activation=nn.ReLU6, gate=nn.Hardsigmoid())
        self.last = ConvNorm(96, 192, 1, activation=nn.ReLU())
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.linear = nn.Linear(192, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.residual(self.down(self.stem(image)))
        x = self.projection(self.inverted1(x))
        x = self.inverted2(self.branches(x))
        x = torch.flatten(self.pool(self.last(x)), 1)
        return self.linear(self.dropout(x))


# --- Training ---------------------------------------------------------------------------------


def train(model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int, batch: int = 128) -> None:
    """Train in place: SGD with Nesterov momentum, one cosine cycle after a short warm-up."""
    generator = torch.Generator().manual_seed(SEED)
    steps = len(images) // batch
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim <= 1]  # biases and BatchNorm: no decay
    optimizer = torch.optim.SGD(
        [{"params": matrices, "weight_decay": 5e-4}, {"params": vectors, "weight_decay": 0.0}],
        lr=0.1,
        momentum=0.9,
        nesterov=True,
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=0.1, total_steps=epochs * steps, pct_start=0.15, cycle_momentum=False
    )
    model.train()
    start = time.monotonic()
    for epoch in range(epochs):
        order = torch.randperm(len(images), generator=generator)
        total = 0.0
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            logits = model(augment(images[chosen], generator))
            loss = F.cross_entropy(logits, labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        elapsed = time.monotonic() - start
        print(f"epoch {epoch + 1:2d}/{epochs}  loss {total / steps:.4f}  {elapsed:5.0f} s", flush=True)
    model.eval()


def predict(model: nn.Module, images: Tensor) -> np.ndarray:
    """Return the class with the largest logit for each image."""
    with torch.no_grad():
        return torch.cat([model(part).argmax(1) for part in images.split(500)]).numpy()


# --- Output -----------------------------------------------------------------------------------


def export(model: nn.Module, path: Path) -> None:
    """Write the model with its BatchNorms as nodes of their own, in inference mode."""
    torch.onnx.export(
        model,
        (torch.zeros(1, 1, 28, 28),),
        str(path),
        dynamo=False,
        opset_version=17,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
        training=torch.onnx.TrainingMode.PRESERVE,  # in EVAL the exporter folds BatchNorm away
        do_constant_folding=False,
    )


def verify(path: Path, images: np.ndarray, expected: np.ndarray) -> None:
    """Check the file's structure and that ONNX Runtime agrees with PyTorch on every image."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    norms = [node for node in model.graph.node if node.op_type == "BatchNormalization"]
    for node in norms:
        modes = [a.i for a in node.attribute if a.name == "training_mode"]
        if len(node.output) != 1 or any(modes):
            raise ValueError(f"{node.name}: BatchNormalization in training mode")
    if not norms:
        raise ValueError("no BatchNormalization was left in the model")
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    predicted = session.run(["logits"], {"image": images})[0].argmax(1)
    differing = int((predicted != expected).sum())
    if differing:
        raise ValueError(f"ONNX Runtime and PyTorch disagree on {differing} of {len(images)} images")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--epochs", type=int, default=18)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    torch.manual_seed(SEED)
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(arguments.threads)
    train_images, train_labels = read_split(arguments.data, "train")
    test_images, test_labels = read_split(arguments.data, "t10k")

    model = Classifier().to(memory_format=torch.channels_last)  # twice as fast on a CPU
    train(model, torch.from_numpy(train_images), torch.from_numpy(train_labels), epochs=arguments.epochs)

    chosen = np.random.default_rng(SEED).choice(len(train_images), CALIBRATION_COUNT, replace=False)
    chosen.sort()
    arguments.out.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(arguments.out / "calibration.npz", image=train_images[chosen])
    np.savez_compressed(
        arguments.out / "test.npz", image=test_images[:TEST_COUNT], labels=test_labels[:TEST_COUNT]
    )
    path = arguments.out / "fashion.onnx"
    export(model, path)

    predicted = predict(model, torch.from_numpy(test_images))
    verify(path, test_images[:TEST_COUNT], predicted[:TEST_COUNT])
    correct = predicted == test_labels
    print(f"parameters: {sum(p.numel() for p in model.parameters())}")
    print(f"file: {path.stat().st_size} bytes")
    print(f"accuracy on all {len(correct)} test images: {correct.mean():.2%}")
    print(f"accuracy on the first {TEST_COUNT}: {correct[:TEST_COUNT].mean():.2%}")


if __name__ == "__main__":
    main()
