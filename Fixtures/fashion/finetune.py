"""Fine-tune the pruned classifier and export it again: a plan applied to PyTorch's own weights.

    lapidary prune fashion.onnx -o pruned.onnx --ratio 0.5 --plan plan.json
    python finetune.py --plan plan.json --out tuned.onnx [--epochs N] [--data DIR]

The plan names every weight that is cut and the indices that stay, so that the training script slices
its own state; the pruned ONNX file is not read. Needs what train.py needs.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

from train import SEED, Classifier, export, predict, read_split, train


def prune(model: nn.Module, plan: dict) -> None:
    """Cut a model's parameters and buffers as a plan says."""
    state, aliases = model.state_dict(), plan.get("aliases", {})
    for cut in plan["weights"]:  # what stays of each weight, one axis at a time
        kept = torch.tensor(cut["kept"][0])
        for name in [cut["weight"], *(a for a, weight in aliases.items() if weight == cut["weight"])]:
            state[name] = state[name].index_select(cut["axis"], kept)
    for path, module in model.named_modules():
        own = [*module.named_parameters(recurse=False), *module.named_buffers(recurse=False)]
        for name, tensor in own:
            tensor.data = state[f"{path}.{name}".lstrip(".")]
        if isinstance(module, nn.Conv2d) and module.groups > 1:
            module.groups = len(module.weight)  # depthwise: a group a channel


def load(model: nn.Module, path: Path) -> None:
    """Take over the weights of an exported model, whose names are those of the state."""
    graph = onnx.load(path).graph
    weights = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
    for node in graph.node:
        if node.op_type == "Identity":  # equal weights are written once
            weights[node.output[0]] = weights[node.input[0]]
    missing, unknown = model.load_state_dict(weights, strict=False)
    if unknown or not all(name.endswith("num_batches_tracked") for name in missing):
        raise ValueError(f"{path}: unknown weights {unknown}, missing {missing}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    here = Path(__file__).parent
    parser.add_argument("--plan", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--data", type=Path, default=Path("/usr/share/datasets/fashion-mnist"))
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()

    torch.manual_seed(SEED)
    torch.set_num_threads(arguments.threads)
    model = Classifier()
    load(model, here / "fashion.onnx")
    model.eval()

    images, labels = read_split(arguments.data, "train")
    test_images, test_labels = read_split(arguments.data, "t10k")

    def accuracy() -> float:
        return float((predict(model, torch.from_numpy(test_images)) == test_labels).mean())

    print(f"before pruning: {accuracy():.2%} of {len(test_labels)} test images")
    prune(model, json.loads(arguments.plan.read_text()))
    print(f"after pruning: {accuracy():.2%}")
    train(model, torch.from_numpy(images), torch.from_numpy(labels), epochs=arguments.epochs)
    print(f"after {arguments.epochs} epochs: {accuracy():.2%}")
    export(model, arguments.out)
    onnx.checker.check_model(arguments.out, full_check=True)
    print(f"parameters: {sum(p.numel() for p in model.parameters())}")


if __name__ == "__main__":
    main()
