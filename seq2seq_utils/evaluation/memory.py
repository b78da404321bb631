"""What PyTorch keeps in memory between a layer's forward and its backward pass."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def bytes_kept_for_backward(layer: nn.Module, ids: Tensor) -> int:
    """How many bytes a forward pass leaves behind for the backward pass.

    Args:
        layer: reads ids; its parameters are counted only where the backward pass needs them as well.
        ids: token ids, any shape.
    """
    kept: list[int] = []

    def pack(tensor: Tensor) -> None:
        kept.append(tensor.nbytes)

    def unpack(packed: None) -> Tensor:
        raise RuntimeError("nothing was kept: this forward pass has no backward pass")

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        layer(ids)
    return sum(kept)
