"""Two ways to weigh annotations that stand between their mean and attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from seq2seq_utils.models import Context, Encoded


class WeightsByPlace(Context):
    """Weights that are learned for each step and each place, and ask neither state nor annotation.

    Later steps and places than there is room for have the energies of the last.

    Args:
        annotation_size: length of an annotation.
        room: how many steps, and how many places.
    """

    def __init__(self, annotation_size: int, room: int = 64) -> None:
        super().__init__()
        self.context_size = annotation_size
        self.energies = nn.Parameter(torch.zeros(room, room))  # (steps, places); equal weights at first
        self.step = 0

    def prepare(self, encoded: Encoded) -> Tensor:
        """Nothing, (batch, 0); the steps are counted from here."""
        self.step = 0
        return encoded.annotations.new_empty(len(encoded.annotations), 0)

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
        """The weighted sum with the weights of this step, and the weights, (batch, source_len)."""
        last = len(self.energies) - 1
        places = torch.arange(encoded.mask.shape[1], device=encoded.mask.device).clamp_max(last)
        energies = self.energies[min(self.step, last), places].expand(encoded.mask.shape)
        self.step += 1
        return _mixed(energies, encoded)


class WeightsOnce(Context):
    """Weights chosen from the annotations once for a sentence, and the same at every step.

    Args:
        annotation_size: length of an annotation.
        attention_size: length of the vectors that they are mapped to.
    """

    def __init__(self, annotation_size: int, attention_size: int) -> None:
        super().__init__()
        self.context_size = annotation_size
        self.U_a = nn.Linear(annotation_size, attention_size)
        self.v_a = nn.Parameter(torch.zeros(attention_size))

    def prepare(self, encoded: Encoded) -> Tensor:
        """The context of the sentence, (batch, annotation_size)."""
        energies = torch.tanh(self.U_a(encoded.annotations)) @ self.v_a
        context, _ = _mixed(energies, encoded)
        return context

    def forward(self, hidden: Tensor, prepared: Tensor, encoded: Encoded) -> tuple[Tensor, None]:
        """That context again, and no weights."""
        return prepared, None


def _mixed(energies: Tensor, encoded: Encoded) -> tuple[Tensor, Tensor]:
    """The context and the weights that energies, (batch, source_len), give, as in `BahdanauAttention`."""
    weights = energies.where(encoded.mask, -torch.inf).softmax(dim=1)
    return (weights[:, :, None] * encoded.annotations).sum(dim=1), weights
