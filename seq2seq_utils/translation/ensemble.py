"""An ensemble: several trained models that write one translation together, as one model of the contract."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import Tensor, nn

from seq2seq_utils.models import Decoder, DecoderState, Encoded, Encoder, Seq2Seq, Step


def ensemble(members: Sequence[Seq2Seq]) -> Seq2Seq:
    """One model whose probability of each token is the mean of those of the members.

    Args:
        members: trained models of the same vocabularies; their weights are used, not copied.

    Raises:
        ValueError: if there are none, or their target vocabularies have different sizes.
    """
    sizes = sorted({member.decoder.vocabulary_size for member in members})
    if len(sizes) != 1:
        raise ValueError(f"members: their target vocabularies have {sizes} tokens; all must have as many")
    encoders = [member.encoder for member in members]
    decoders = [member.decoder for member in members]
    return Seq2Seq(EnsembleEncoder(encoders), EnsembleDecoder(decoders, encoders))


class EnsembleEncoder(nn.Module):
    """Each encoder reads the sentence; what they make of a word stands side by side in its annotation.

    Args:
        encoders: whose last states are single vectors, or who have none.
    """

    def __init__(self, encoders: Sequence[Encoder]) -> None:
        super().__init__()
        self.members = nn.ModuleList(cast(Sequence[nn.Module], encoders))
        self.annotation_size = sum(encoder.annotation_size for encoder in encoders)

    def forward(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        """Encodes a padded batch.

        Raises:
            ValueError: if the last state of a member is two vectors, as of an LSTM, or of some there is none.
        """
        encoded: list[Encoded] = [member(source, source_lengths) for member in self.members]
        annotations = torch.cat([of_member.annotations for of_member in encoded], dim=2)
        states = [of_member.state for of_member in encoded]
        if all(state is None for state in states):
            return Encoded(annotations, None, encoded[0].mask)
        vectors = [state for state in states if isinstance(state, Tensor)]
        if len(vectors) != len(states):
            raise ValueError(
                "encoders: the last state of each must be one vector, as of a GRU, or none have one"
            )
        return Encoded(annotations, torch.cat(vectors, dim=1), encoded[0].mask)


@dataclass(frozen=True, slots=True)
class EnsembleState:
    """The states of the members."""

    members: tuple[DecoderState, ...]

    @property
    def weights(self) -> Tensor | None:
        """The mean of the members' weights, (batch, source_len); None where one has none."""
        return None if (heads := self.all_weights) is None else heads.mean(dim=(0, 1))

    @property
    def all_weights(self) -> Tensor | None:
        """Those of each member, as of a head: (1, members, batch, source_len); None where one has none."""
        heads = [member.weights for member in self.members]
        there = [weights for weights in heads if weights is not None]
        return torch.stack(there)[None] if len(there) == len(heads) else None

    def select(self, rows: Tensor) -> EnsembleState:
        """The state of some sentences of the batch."""
        return EnsembleState(tuple(member.select(rows) for member in self.members))


class EnsembleDecoder(nn.Module):
    """Each decoder goes on from the same tokens; the mean of their probabilities is the ensemble's.

    Args:
        decoders: of one vocabulary.
        encoders: that these were trained with.
    """

    def __init__(self, decoders: Sequence[Decoder[Any]], encoders: Sequence[Encoder]) -> None:
        super().__init__()
        self.members = nn.ModuleList(cast(Sequence[nn.Module], decoders))
        self.sizes = [encoder.annotation_size for encoder in encoders]
        self.vocabulary_size = decoders[0].vocabulary_size

    def check_fits(self, encoder: Encoder) -> None:
        """Raises a ValueError if the encoder's annotations are not those of the members side by side."""
        if encoder.annotation_size != sum(self.sizes):
            raise ValueError(
                f"encoder: its annotations have {encoder.annotation_size} numbers, but the members' have "
                f"{' + '.join(map(str, self.sizes))}"
            )

    def start(self, encoded: Encoded) -> EnsembleState:
        """The first state of each member, from its own part of the annotations and of the last state."""
        pairs = zip(self.members, self._parts(encoded), strict=True)
        return EnsembleState(tuple(cast(Decoder[Any], member).start(part) for member, part in pairs))

    def step(self, token: Tensor, state: EnsembleState) -> Step[EnsembleState]:
        """One step of each; the scores are logarithms of mean probabilities, (batch, vocabulary_size)."""
        pairs = zip(self.members, state.members, strict=True)
        steps = [cast(Decoder[Any], member).step(token, of_member) for member, of_member in pairs]
        return Step(
            _mean([step.logits for step in steps]), EnsembleState(tuple(step.state for step in steps))
        )

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """All steps, each fed the true previous token: (batch, target_len, vocabulary_size)."""
        pairs = zip(self.members, self._parts(encoded), strict=True)
        return _mean([member(target_input, part) for member, part in pairs])

    def _parts(self, encoded: Encoded) -> list[Encoded]:
        """What each member's encoder gave; the last state of each is as long as its annotation."""
        annotations = encoded.annotations.split(self.sizes, dim=2)
        state = encoded.state
        states = state.split(self.sizes, dim=1) if isinstance(state, Tensor) else [None] * len(self.sizes)
        return [Encoded(*part, encoded.mask) for part in zip(annotations, states, strict=True)]


def _mean(logits: list[Tensor]) -> Tensor:
    """The logarithm of the mean of probabilities, without leaving logarithms: none of them gets lost as 0."""
    probabilities = torch.stack([of_member.log_softmax(dim=-1) for of_member in logits])
    return probabilities.logsumexp(dim=0) - math.log(len(logits))
