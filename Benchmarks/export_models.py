"""Exports the torchvision models that benchmarks measure: untrained weights, lively statistics.

usage: export_models.py FOLDER NAME...
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import torch
import torchvision


def export(name: str, target: Path) -> None:
    torch.manual_seed(0)
    model = getattr(torchvision.models, name)(weights=None).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            # Those of a fresh network are 0 and 1, which would make folding trivially right.
            module.running_mean.uniform_(-0.1, 0.1)
            module.running_var.uniform_(0.8, 1.2)
    torch.onnx.export(
        model,
        (torch.randn(1, 3, 224, 224),),
        target,
        opset_version=17,
        dynamo=False,
        input_names=["input"],
        output_names=["output"],
    )


def main() -> None:
    warnings.filterwarnings("ignore")
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for name in sys.argv[2:]:
        print(f"exporting {name}", file=sys.stderr)
        export(name, folder / f"{name}.onnx")


if __name__ == "__main__":
    main()
