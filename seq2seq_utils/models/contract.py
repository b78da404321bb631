"""The contract: what an encoder, a decoder and its state have, so that everything else works with them.

Training, teacher forcing, both searches and `trace` ask for what stands here and for nothing else. Who writes
another decoder keeps these three and has the rest for free.
"""

from __future__ import annotations

from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from torch import Tensor

State = Tensor | tuple[Tensor, Tensor]  # (batch, size); an LSTM has two, h and c


class Encoded(NamedTuple):
    """What an encoder makes of a batch of sentences."""

    annotations: Tensor  # (batch, source_len, annotation_size): h_j, 0 where word j is padding
    # Of a recurrent encoder the state at the last real word, (batch, annotation_size); of others None.
    state: State | None
    mask: Tensor  # (batch, source_len): True where there is a word, False where there is padding


class Encoder(Protocol):
    """Reads a batch of sentences. A `torch.nn.Module`, which makes `__call__` of `forward`."""

    @property
    def annotation_size(self) -> int:
        """How many numbers an annotation has."""

    def forward(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        """Encodes a padded batch.

        Args:
            source: ids, (batch, source_len).
            source_lengths: real words in each row, (batch,).

        Raises:
            ValueError: if an id is outside the vocabulary, or the lengths disagree with the ids.
        """

    def __call__(self, source: Tensor, source_lengths: Tensor) -> Encoded:
        """As `forward`."""


class DecoderState(Protocol):
    """What goes from one step of a decoder to the next, for the sentences of a batch."""

    @property
    def weights(self) -> Tensor | None:
        """How much each source word counted in the step that led here, (batch, source_len); None without."""

    @property
    def all_weights(self) -> Tensor | None:
        """The same for each layer and head, (layers, heads, batch, source_len); None without."""

    def select(self, rows: Tensor) -> Self:
        """The state of some sentences: `rows`, (chosen,), are their numbers in the batch, repeats allowed."""


AnyState = TypeVar("AnyState", bound=DecoderState)


class Step(NamedTuple, Generic[AnyState]):
    """What a decoder makes of one token."""

    logits: Tensor  # (batch, vocabulary_size): scores of the next token
    state: AnyState  # s_i


class Decoder(Protocol[AnyState]):
    """Writes sentences, a token at each step. A `torch.nn.Module`, which makes `__call__` of `forward`."""

    @property
    def vocabulary_size(self) -> int:
        """How many tokens it can write."""

    def check_fits(self, encoder: Encoder) -> None:
        """Raises a ValueError if it cannot work with what this encoder gives."""

    def start(self, encoded: Encoded) -> AnyState:
        """The state before the first step, s₀."""

    def step(self, token: Tensor, state: AnyState) -> Step[AnyState]:
        """One step: the previous token, (batch,), and the previous state give the next one's scores."""

    def forward(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """All steps, each fed the true previous token: without dropout the same numbers as by `step`.

        Args:
            target_input: SOS y₁ … yₙ, (batch, target_len).
            encoded: what the encoder made of the batch.

        Returns:
            Logits, (batch, target_len, vocabulary_size).

        Raises:
            ValueError: if an id is outside the vocabulary.
        """

    def __call__(self, target_input: Tensor, encoded: Encoded) -> Tensor:
        """As `forward`."""
