"""Pruning half of the channels against Torch-Pruning and onnxsim, whole processes: from the model to
a written one. What the peers leave is not checked here; `lapidary prune` proves its cut unless told
not to."""

from __future__ import annotations

from pathlib import Path

from measuring import LAPIDARY, Row, timed
from peers import interpreter

TORCH = """
import sys, torch, torch_pruning, torchvision, warnings
warnings.filterwarnings("ignore")
model = getattr(torchvision.models, sys.argv[1])(weights=None).eval()
image = torch.randn(1, 3, 224, 224)
last = [m for m in model.modules() if isinstance(m, torch.nn.Linear)][-1]
# Parameters that belong to no layer, and how they lie along the channels.
loose = [(p, p.dim() - 1) for name, p in model.named_parameters() if name.rsplit(".")[-1] in
         ("class_token", "pos_embedding")]
heads = {m: m.num_heads for m in model.modules() if isinstance(m, torch.nn.MultiheadAttention)}
pruner = torch_pruning.pruner.MagnitudePruner(
    model, image, torch_pruning.importance.MagnitudeImportance(p=2), pruning_ratio=0.5,
    ignored_layers=[last], unwrapped_parameters=loose, num_heads=heads)
pruner.step()
torch.onnx.export(model, (image,), sys.argv[2], opset_version=17, dynamo=False)
"""

ONNXSIM = """
import sys, onnx, onnxsim
onnx.save(onnxsim.apply_structured_pruning(sys.argv[1], sparsity=0.5), sys.argv[2])
"""


def rows(models: list[Path], folder: Path, rounds: int) -> list[Row]:
    result: list[Row] = []
    target = str(folder / "out.onnx")
    for model in models:
        contestants = {
            "lapidary prune --no-verify": [
                LAPIDARY, "prune", str(model), "-o", target, "--ratio", "0.5", "--no-verify",
            ],
            "lapidary prune, proved": [
                LAPIDARY, "prune", str(model), "-o", target, "--ratio", "0.5",
            ],
            "onnxsim": [str(interpreter()), "-c", ONNXSIM, str(model), target],
            "Torch-Pruning and export": [
                str(interpreter()), "-c", TORCH, model.stem.removesuffix(".bn"), target,
            ],
        }
        result += timed("prune", model.stem, contestants, rounds)
    return result
