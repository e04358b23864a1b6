"""Train classifiers of four kinds on Fashion-MNIST, to report accuracy on networks nobody tuned on.

    python train.py KIND [KIND ...] [--seed N] [--epochs N] [--threads N] [--data DIR] [--out DIR]

KIND is residual, inverted, dense or vit. Writes into --out, none of it committed:

    KIND-SEED.onnx     the classifier, opset 17, BatchNormalization nodes left in, batch open
    fit.npz            image, labels: 256 images to calibrate and fit with
    fit2048.npz        image, labels: 2,048 images, the 256 among them
    choose.npz         image, labels: 2,000 other images, to choose constants with
    test.npz           image, labels: the 10,000 test images, to report with and for nothing else

The networks see the first 50,000 training images; fit and choose come from the last 10,000. Pixels
are k / 255 with k = 0 ... 255. A stem of stride 2 leaves 14 x 14, so that an epoch takes minutes on
one core. Needs what ../fashion/train.py needs, from which the parts come.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "fashion"))

import train as fashion  # noqa: E402
from train import ConvNorm, InvertedResidual, Residual  # noqa: E402

TRAINED = 50_000


class Head(nn.Module):
    """Mean over the picture, then a linear layer to ten classes."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.linear = nn.Linear(channels, 10)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(torch.flatten(self.pool(x), 1))


def residual() -> nn.Module:
    """ResNet-20's shape: three stages of three residual blocks, 16, 32 and 64 channels wide."""
    blocks, width = [ConvNorm(1, 16, 3, stride=2, activation=nn.ReLU())], 16
    for stage, channels in enumerate((16, 32, 64)):
        for block in range(3):
            stride = 2 if stage > 0 and block == 0 else 1
            blocks.append(Residual(width, channels, stride=stride))
            width = channels
    return nn.Sequential(*blocks, Head(width))


class Stage(nn.Sequential):
    """A strided separable convolution to new channels, then inverted residual blocks with gates."""

    def __init__(self, inputs: int, outputs: int, blocks: int, *, stride: int) -> None:
        super().__init__(
            ConvNorm(inputs, inputs, 3, stride=stride, groups=inputs, activation=nn.Hardswish()),
            ConvNorm(inputs, outputs, 1),
            *(
                InvertedResidual(
                    outputs, 4 * outputs, outputs, activation=nn.Hardswish, gate=nn.Hardsigmoid()
                )
                for _ in range(blocks)
            ),
        )


def inverted() -> nn.Module:
    """MobileNetV3's shape: inverted residual blocks with squeeze-and-excite and HardSwish."""
    return nn.Sequential(
        ConvNorm(1, 16, 3, stride=2, activation=nn.Hardswish()),
        Stage(16, 24, 2, stride=1),
        Stage(24, 40, 2, stride=2),
        Stage(40, 64, 2, stride=1),
        ConvNorm(64, 192, 1, activation=nn.Hardswish()),
        Head(192),
    )


class DenseLayer(nn.Module):
    """A bottleneck whose output is joined to its input along the channels."""

    def __init__(self, inputs: int, growth: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(inputs)
        self.activation = nn.ReLU()
        self.reduce = ConvNorm(inputs, 2 * growth, 1, activation=nn.ReLU())
        self.conv = nn.Conv2d(2 * growth, growth, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x, self.conv(self.reduce(self.activation(self.norm(x))))], dim=1)


def dense(growth: int = 12) -> nn.Module:
    """DenseNet's shape: three blocks of six layers, halved between by a 1 x 1 convolution."""
    parts: list[nn.Module] = [ConvNorm(1, 24, 3, stride=2, activation=nn.ReLU())]
    width = 24
    for block in range(3):
        for _ in range(6):
            parts.append(DenseLayer(width, growth))
            width += growth
        if block < 2:
            parts += [ConvNorm(width, width // 2, 1, activation=nn.ReLU()), nn.AvgPool2d(2)]
            width //= 2
    return nn.Sequential(*parts, nn.BatchNorm2d(width), nn.ReLU(), Head(width))


class EncoderLayer(nn.Module):
    """Attention with one packed projection and a two-layer perceptron, both behind a LayerNorm."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.packed, self.projection = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.expand, self.contract = nn.Linear(width, 2 * width), nn.Linear(2 * width, width)
        self.activation = nn.GELU()

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        packed = self.packed(self.norm1(x)).reshape(batch, length, 3, self.heads, width // self.heads)
        query, key, value = packed.permute(2, 0, 3, 1, 4).unbind(0)
        weights = (query @ key.transpose(-2, -1) * (width // self.heads) ** -0.5).softmax(-1)
        x = x + self.projection((weights @ value).transpose(1, 2).reshape(batch, length, width))
        return x + self.contract(self.activation(self.expand(self.norm2(x))))


class Transformer(nn.Module):
    """A small ViT: patches of 4 x 4, learned positions, four layers, mean of the tokens."""

    def __init__(self, width: int = 64, heads: int = 4, layers: int = 4) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 4, stride=4)
        self.positions = nn.Parameter(torch.randn(1, 49, width) * 0.02)
        self.layers = nn.Sequential(*(EncoderLayer(width, heads) for _ in range(layers)))
        self.norm, self.linear = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, image: Tensor) -> Tensor:
        x = self.patches(image).flatten(2).transpose(1, 2) + self.positions
        return self.linear(self.norm(self.layers(x)).mean(1))


KINDS = {"residual": residual, "inverted": inverted, "dense": dense, "vit": Transformer}


def train_vit(model: nn.Module, images: Tensor, labels: Tensor, *, epochs: int, seed: int) -> None:
    """Train in place with AdamW and one cosine cycle: transformers do not learn from plain SGD."""
    generator, batch = torch.Generator().manual_seed(seed), 128
    steps = len(images) // batch
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=2e-3, total_steps=epochs * steps, pct_start=0.1
    )
    model.train()
    for epoch in range(epochs):
        order, total = torch.randperm(len(images), generator=generator), 0.0
        for step in range(steps):
            chosen = order[step * batch : (step + 1) * batch]
            logits = model(fashion.augment(images[chosen], generator))
            loss = nn.functional.cross_entropy(logits, labels[chosen], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
        print(f"epoch {epoch + 1:2d}/{epochs}  loss {total / steps:.4f}", flush=True)
    model.eval()


def write_data(folder: Path, out: Path) -> None:
    """Write the three splits; which images are drawn does not depend on the networks' seeds."""
    images, labels = fashion.read_split(folder, "train")
    order = TRAINED + np.random.default_rng(0).permutation(len(images) - TRAINED)
    parts = {"fit": order[:256], "fit2048": order[:2048], "choose": order[2048:4048]}
    for name, chosen in parts.items():
        np.savez_compressed(out / f"{name}.npz", image=images[chosen], labels=labels[chosen])
    images, labels = fashion.read_split(folder, "t10k")
    np.savez_compressed(out / "test.npz", image=images, labels=labels)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kinds", nargs="+", choices=KINDS)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()

    torch.set_num_threads(arguments.threads)
    arguments.out.mkdir(parents=True, exist_ok=True)
    write_data(arguments.data, arguments.out)
    images, labels = (torch.from_numpy(a) for a in fashion.read_split(arguments.data, "train"))
    images, labels = images[:TRAINED], labels[:TRAINED]
    test_images, test_labels = fashion.read_split(arguments.data, "t10k")
    for kind in arguments.kinds:
        torch.manual_seed(arguments.seed)
        model = KINDS[kind]()
        if kind == "vit":
            train_vit(model, images, labels, epochs=arguments.epochs, seed=arguments.seed)
        else:
            model = model.to(memory_format=torch.channels_last)  # twice as fast on a CPU
            fashion.train(model, images, labels, epochs=arguments.epochs)
        fashion.export(model, arguments.out / f"{kind}-{arguments.seed}.onnx")
        correct = fashion.predict(model, torch.from_numpy(test_images)) == test_labels
        count = sum(p.numel() for p in model.parameters())
        print(f"{kind}-{arguments.seed}: {count} parameters, top-1 {correct.mean():.2%}", flush=True)


if __name__ == "__main__":
    main()
