"""A sound sequence-to-sequence program in plain PyTorch, and ten variants of it, each with one bug.

Who planted the bugs knew ten others and had not seen what the audit asks. Each variant overrides one function
of the sound program; the line that is wrong is marked BUG. The sound program reads its sources backwards.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seq2seq_utils.evaluation.audit import Adapter
from seq2seq_utils.text import EOS_ID, PAD_ID, SOS_ID, UNK_ID

SIZE = 48
DROPOUT = 0.1
BATCH = 64
LEARNING_RATE = 1e-2
CLIP = 1.0
LIMIT = 30  # words in a translation, at most
MAX_LENGTH = 10  # only the truncating variant uses it

Pair = tuple[list[int], list[int]]
State = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]  # hidden, context, memory, keys, mask


# ------------------------------------------------------------------------------------------- the model


class Encoder(nn.Module):
    def __init__(self, vocabulary: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, SIZE, padding_idx=PAD_ID)
        self.dropout = nn.Dropout(DROPOUT)
        self.gru = nn.GRU(SIZE, SIZE, batch_first=True, bidirectional=True)
        self.bridge = nn.Linear(2 * SIZE, SIZE)

    def forward(self, source: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Memory, (batch, source length, 2 · size), and the decoder's first hidden state, (batch, size)."""
        embedded = self.dropout(self.embedding(source))
        packed = pack_padded_sequence(embedded, lengths, batch_first=True, enforce_sorted=False)
        output, final = self.gru(packed)
        memory, _ = pad_packed_sequence(output, batch_first=True, total_length=source.shape[1])
        return memory, torch.tanh(self.bridge(self.join(final)))

    def join(self, final: Tensor) -> Tensor:
        """Both directions' last states, (2, batch, size), side by side, (batch, 2 · size)."""
        return final.transpose(0, 1).reshape(final.shape[1], -1)


class Attention(nn.Module):
    """Additive attention."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = self.make_layers()

    def make_layers(self) -> nn.ModuleDict | dict[str, nn.Module]:
        return nn.ModuleDict(
            {
                "query": nn.Linear(SIZE, SIZE),
                "key": nn.Linear(2 * SIZE, SIZE, bias=False),
                "energy": nn.Linear(SIZE, 1, bias=False),
            }
        )

    def keys(self, memory: Tensor) -> Tensor:
        return self.layers["key"](memory)

    def forward(self, hidden: Tensor, memory: Tensor, keys: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """The context, (batch, 2 · size), and the weights, (batch, source length)."""
        energies = self.layers["energy"](
            torch.tanh(self.layers["query"](hidden).unsqueeze(1) + keys)
        ).squeeze(2)
        weights = energies.masked_fill(~mask, float("-inf")).softmax(dim=1)
        return torch.bmm(weights.unsqueeze(1), memory).squeeze(1), weights


class Decoder(nn.Module):
    """A GRU cell that is fed the last word and the last context; attends with its new state."""

    def __init__(self, vocabulary: int, attention: type[Attention] = Attention) -> None:
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, SIZE, padding_idx=PAD_ID)
        self.dropout = nn.Dropout(DROPOUT)
        self.cell = nn.GRUCell(SIZE + 2 * SIZE, SIZE)
        self.attention = attention()
        self.combine = nn.Linear(SIZE + 2 * SIZE, SIZE)
        self.output = nn.Linear(SIZE, vocabulary)

    def first_context(self, memory: Tensor) -> Tensor:
        return memory.new_zeros(memory.shape[0], memory.shape[2])

    def begin(self, memory: Tensor, hidden: Tensor, mask: Tensor) -> State:
        return hidden, self.first_context(memory), memory, self.attention.keys(memory), mask

    def forward(self, tokens: Tensor, state: State) -> tuple[Tensor, Tensor, State]:
        """Scores, (batch, length, vocabulary), weights, (batch, length, source length), and the next state.

        Args:
            tokens: what it is fed, (batch, length).
            state: what the word before left.
        """
        features, all_weights = [], []
        for embedded in self.dropout(self.embedding(tokens)).unbind(dim=1):
            weights, state = self.advance(embedded, state)
            features.append(torch.cat(state[:2], dim=1))
            all_weights.append(weights)
        combined = torch.tanh(self.combine(torch.stack(features, dim=1)))
        return self.output(self.dropout(combined)), torch.stack(all_weights, dim=1), state

    def advance(self, embedded: Tensor, state: State) -> tuple[Tensor, State]:
        """The weights, (batch, source length), and the next state, after one more word, (batch, size)."""
        hidden, context, memory, keys, mask = state
        hidden = self.cell(torch.cat([embedded, context], dim=1), hidden)
        context, weights = self.attention(hidden, memory, keys, mask)
        return weights, (hidden, context, memory, keys, mask)


class Seq2Seq(nn.Module):
    def __init__(self, encoder: Encoder, decoder: Decoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = decoder

    def begin(self, source: Tensor, lengths: Tensor) -> State:
        memory, hidden = self.encoder(source, lengths)
        mask = torch.arange(source.shape[1]) < lengths.unsqueeze(1)
        return self.decoder.begin(memory, hidden, mask)

    def forward(self, source: Tensor, lengths: Tensor, target_input: Tensor) -> tuple[Tensor, Tensor]:
        """Scores, (batch, target length, vocabulary), and weights, (batch, target length, source length)."""
        scores, weights, _ = self.decoder(target_input, self.begin(source, lengths))
        return scores, weights


def pad(rows: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    lengths = [len(row) for row in rows]
    longest = max(lengths)
    return torch.tensor([[*row, *[PAD_ID] * (longest - len(row))] for row in rows]), torch.tensor(lengths)


def pad_sources(sources: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """The sources from their last word to their first (Sutskever et al. 2014), then PAD."""
    return pad([list(reversed(source)) for source in sources])


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """No dropout, no gradients; afterwards the mode that was."""
    was_training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(was_training)


# ----------------------------------------------------------------------------------------- the program


class Translator:
    encoder_class = Encoder
    decoder_class = Decoder
    attention_class = Attention

    def __init__(
        self,
        train_pairs: Sequence[Pair],
        test_pairs: Sequence[Pair],
        sizes: tuple[int, int],
        steps: int,
        trained: Translator | None = None,
    ) -> None:
        self.train_pairs, self.test_pairs = self.prepare(list(train_pairs), list(test_pairs))
        torch.manual_seed(0)
        decoder = self.decoder_class(sizes[1], self.attention_class)
        self.module = Seq2Seq(self.encoder_class(sizes[0]), decoder) if trained is None else trained.module
        self.train(random.Random(0), steps)

    # data

    def prepare(self, train: list[Pair], test: list[Pair]) -> tuple[list[Pair], list[Pair]]:
        return train, test

    def target_rows(self, pairs: Sequence[Pair]) -> list[list[int]]:
        return [[SOS_ID, *target, EOS_ID] for _, target in pairs]

    def make_batch(self, pairs: Sequence[Pair]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Sources and their lengths, what the decoder is fed (SOS y₁ … yₙ), and should say (y₁ … yₙ EOS)."""
        source, lengths = pad_sources([source for source, _ in pairs])
        rows = self.target_rows(pairs)
        target_input, _ = pad([row[:-1] for row in rows])
        target_output, _ = pad([row[1:] for row in rows])
        return source, lengths, target_input, target_output

    # training

    def loss(self, pairs: Sequence[Pair]) -> Tensor:
        """The mean loss of a word, EOS among them."""
        source, lengths, target_input, target_output = self.make_batch(pairs)
        scores, _ = self.module(source, lengths, target_input)
        losses = F.cross_entropy(scores.flatten(0, 1), target_output.flatten(), reduction="none")
        return self.average(losses, target_output.flatten() != PAD_ID)

    def average(self, losses: Tensor, words: Tensor) -> Tensor:
        return (losses * words).sum() / words.sum()

    def train(self, generator: random.Random, steps: int) -> None:
        self.module.train()
        optimizer = torch.optim.Adam(self.module.parameters(), lr=LEARNING_RATE)
        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / max(steps, 1))
        batches = self.endless_batches(generator)
        for _ in range(steps):
            self.update(optimizer, next(batches))
            schedule.step()

    def update(self, optimizer: torch.optim.Optimizer, pairs: Sequence[Pair]) -> None:
        optimizer.zero_grad()
        self.loss(pairs).backward()
        nn.utils.clip_grad_norm_(self.module.parameters(), CLIP)
        optimizer.step()

    def endless_batches(self, generator: random.Random) -> Iterator[list[Pair]]:
        while True:
            pairs = self.train_pairs.copy()
            generator.shuffle(pairs)
            for at in range(0, len(pairs) - BATCH + 1, BATCH):
                yield pairs[at : at + BATCH]

    # reporting

    def reported_loss(self, pairs: Sequence[Pair]) -> float:
        """The mean loss of a word of the whole set, sentences of similar length batched together."""
        total, words = 0.0, 0
        with evaluating(self.module):
            for batch in self.validation_batches(sorted(pairs, key=lambda pair: len(pair[1]))):
                count = sum(len(row) - 1 for row in self.target_rows(batch))
                total += self.loss(batch).item() * count
                words += count
        return total / max(words, 1)

    def validation_batches(self, pairs: list[Pair]) -> list[list[Pair]]:
        return [pairs[at : at + BATCH] for at in range(0, len(pairs), BATCH)]

    # use

    def scores(self, pairs: Sequence[Pair]) -> list[Tensor]:
        source, lengths = pad_sources([source for source, _ in pairs])
        target_input, target_lengths = pad([[SOS_ID, *target] for _, target in pairs])
        scores, _ = self.module(source, lengths, target_input)
        return [row[:length] for row, length in zip(scores, target_lengths.tolist(), strict=True)]

    def start(self, sources: Sequence[list[int]]) -> State:
        return self.module.begin(*pad_sources(sources))

    def step(self, tokens: Tensor | list[int], state: State) -> tuple[Tensor, State]:
        scores, _, state = self.module.decoder(torch.as_tensor(tokens).unsqueeze(1), state)
        return scores.squeeze(1), state

    def translate(self, sources: Sequence[list[int]]) -> list[list[int]]:
        """Greedy, sentences of similar length together, given back in the order that they came in."""
        order = sorted(range(len(sources)), key=lambda row: len(sources[row]))
        translations: list[list[int]] = [[] for _ in sources]
        with evaluating(self.module):
            for at in range(0, len(order), BATCH):
                rows = order[at : at + BATCH]
                for row, words in zip(
                    rows, self.translate_batch([sources[row] for row in rows]), strict=True
                ):
                    translations[row] = words
        return translations

    def translate_batch(self, sources: Sequence[list[int]]) -> list[list[int]]:
        source, lengths = pad_sources(sources)
        state = self.module.begin(source, lengths)
        tokens = torch.full((len(sources),), SOS_ID)
        done = torch.zeros(len(sources), dtype=torch.bool)
        chosen = []
        for _ in range(self.limit(source)):
            scores, state = self.step(tokens, state)
            tokens = scores.argmax(dim=1)
            done |= tokens == EOS_ID
            chosen.append(tokens)
            if done.all():
                break
        sentences = torch.stack(chosen, dim=1).tolist()
        return [words[: words.index(EOS_ID)] if EOS_ID in words else words for words in sentences]

    def limit(self, source: Tensor) -> int:
        return LIMIT

    def weights(self, pairs: Sequence[Pair]) -> list[Tensor]:
        """The attention as it is drawn: a row a target word (and EOS), a column a source word."""
        source, lengths = pad_sources([source for source, _ in pairs])
        target_input, target_lengths = pad([[SOS_ID, *target] for _, target in pairs])
        with evaluating(self.module):
            _, weights = self.module(source, lengths, target_input)
        return [
            self.to_reading_order(matrix[:rows, :columns])
            for matrix, rows, columns in zip(weights, target_lengths.tolist(), lengths.tolist(), strict=True)
        ]

    def to_reading_order(self, matrix: Tensor) -> Tensor:
        """The encoder read the source from its end; people read it from its beginning."""
        return matrix.flip(1)

    def adapter(self) -> Adapter:
        return Adapter(
            module=self.module,
            scores=self.scores,
            translate=self.translate,
            loss=self.loss,
            reported_loss=self.reported_loss,
            start=self.start,
            step=self.step,
            weights=self.weights,
            eos_id=EOS_ID,
            sos_id=SOS_ID,
            pad_id=PAD_ID,
            unknown_id=UNK_ID,
        )


# -------------------------------------------------------------------------------------------- ten bugs


# 1. Model, encoder: the two directions' states are joined with a reshape that mixes the sentences of a batch.


class ReshapingEncoder(Encoder):
    def join(self, final: Tensor) -> Tensor:
        return final.reshape(final.shape[1], -1)  # BUG: no transpose(0, 1) before it


class BridgeMixesBatch(Translator):
    encoder_class = ReshapingEncoder


# 2. Model, attention: its layers stand in a plain dict; Adam, state_dict and clipping never get to see them.


class UnregisteredAttention(Attention):
    def make_layers(self) -> dict[str, nn.Module]:
        return {  # BUG: no nn.ModuleDict
            "query": nn.Linear(SIZE, SIZE),
            "key": nn.Linear(2 * SIZE, SIZE, bias=False),
            "energy": nn.Linear(SIZE, 1, bias=False),
        }


class LayersInPlainDict(Translator):
    attention_class = UnregisteredAttention


# 3. Model, decoder: the first context is the last one of the sentences before, kept in the module.
#    ("detach" made the error about a second backward go away.)


class KeepingDecoder(Decoder):
    context: Tensor | None = None

    def first_context(self, memory: Tensor) -> Tensor:
        if self.context is None or self.context.shape[0] != memory.shape[0]:  # BUG
            self.context = memory.new_zeros(memory.shape[0], memory.shape[2])
        return self.context

    def advance(self, embedded: Tensor, state: State) -> tuple[Tensor, State]:
        weights, state = super().advance(embedded, state)
        self.context = state[1].detach()
        return weights, state


class ContextKeptBetweenBatches(Translator):
    decoder_class = KeepingDecoder


# 4. Batching: targets are cut to the maximal length after EOS was put on, so long sentences lose it.


class LongTargetsLoseEnd(Translator):
    def target_rows(self, pairs: Sequence[Pair]) -> list[list[int]]:
        return [[SOS_ID, *target, EOS_ID][:MAX_LENGTH] for _, target in pairs]  # BUG: cut after EOS was added


# 5. Loss: PAD is masked out of the sum, but the mean divides by all positions.


class MeanCountsPad(Translator):
    def average(self, losses: Tensor, words: Tensor) -> Tensor:
        return (losses * words).mean()  # BUG: divides by batch · length, not by the number of words


# 6. Training step: gradients are never set to zero.


class GradientsNeverZeroed(Translator):
    def update(self, optimizer: torch.optim.Optimizer, pairs: Sequence[Pair]) -> None:
        # BUG: no optimizer.zero_grad()
        self.loss(pairs).backward()
        nn.utils.clip_grad_norm_(self.module.parameters(), CLIP)
        optimizer.step()


# 7. Reporting: the validation batches are made like the training ones, the last, incomplete one left out. As
#    the set is sorted by length, these are the longest sentences.


class ValidationDropsLast(Translator):
    def validation_batches(self, pairs: list[Pair]) -> list[list[Pair]]:
        return [pairs[at : at + BATCH] for at in range(0, len(pairs) - BATCH + 1, BATCH)]  # BUG


# 8. Translation loop: a translation may not have more words than the (longest) source of its batch.


class TranslationAsLongAsSource(Translator):
    def limit(self, source: Tensor) -> int:
        return source.shape[1]  # BUG


# 9. Preparation of data: sentences with rare words are doubled, and then the data is split.


class OversampledBeforeSplit(Translator):
    def prepare(self, train: list[Pair], test: list[Pair]) -> tuple[list[Pair], list[Pair]]:
        pairs = train + test
        pairs = pairs + rare(pairs)  # BUG: before the split, not after it and of `train` only
        random.Random(0).shuffle(pairs)
        return pairs[len(test) :], pairs[: len(test)]


def rare(pairs: Sequence[Pair]) -> list[Pair]:
    """The tenth of the pairs whose rarest target word is rarest."""
    counts = Counter(word for _, target in pairs for word in target)
    by_rarity = sorted(pairs, key=lambda pair: min(counts[word] for word in pair[1]))
    return by_rarity[: len(pairs) // 10]


# 10. Drawing: the encoder reads the source backwards, the map's columns are labelled forwards.


class MapNotFlippedBack(Translator):
    def to_reading_order(self, matrix: Tensor) -> Tensor:
        return matrix  # BUG: no flip(1)


PLANTED = {
    "states of a batch mixed": BridgeMixesBatch,
    "layers in a plain dict": LayersInPlainDict,
    "context kept between batches": ContextKeptBetweenBatches,
    "long targets lose their end": LongTargetsLoseEnd,
    "mean counts PAD": MeanCountsPad,
    "gradients never zeroed": GradientsNeverZeroed,
    "validation drops its last batch": ValidationDropsLast,
    "translation as long as the source": TranslationAsLongAsSource,
    "oversampled before the split": OversampledBeforeSplit,
    "map not flipped back": MapNotFlippedBack,
}
