"""Print digests of what the package computes: a change that only moves code leaves every line as it is.

    python tools/digests.py

Numbers are compared to the last bit, so run it before and after on one machine. It takes a few seconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import torch

from seq2seq_utils.batching import Batches, IdPair, encode_pairs, make_batch, make_loader
from seq2seq_utils.grammar import generate, tokenizer
from seq2seq_utils.models import Seq2Seq, attention_model, plain_model, transformer_model
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import Settings, fit, seed_everything
from seq2seq_utils.translation import translate

PAIRS = 10_000
STEPS, BATCH_SIZE = 20, 64
SENTENCES = 100


def main() -> None:
    """Print a line for each part: what, and its digest."""
    torch.set_num_threads(1)
    corpora = {language: generate(language, PAIRS, (3, 15), seed=0) for language in ("french", "korean")}
    for language, pairs in corpora.items():
        show(f"pairs, {language}", (repr(pair_contents(pair)) for pair in pairs))
    pairs = corpora["french"]
    english = TextCodec.build(tokenizer("english"), (pair.source for pair in pairs))
    french = TextCodec.build(tokenizer("french"), (pair.target for pair in pairs))
    ids = encode_pairs(pairs, english, french)
    batch = make_batch(ids[:BATCH_SIZE])
    makers: dict[str, Callable[[int, int], Seq2Seq]] = {
        "plain": plain_model,
        "attention": attention_model,
        "transformer": transformer_model,
    }
    for name, make in makers.items():
        seed_everything(0)
        model = make(len(english.vocabulary), len(french.vocabulary))
        with torch.no_grad():
            logits = model(batch.source, batch.source_lengths, batch.target_input)
        show(f"logits, {name}", [logits.numpy().tobytes()])
        loader = make_loader(ids[: STEPS * BATCH_SIZE], BATCH_SIZE, seed=0)
        losses = [training_loss(model, loader, Settings(epochs=1)), *losses_of_steps(model, ids)]
        show(f"losses of {STEPS} steps, {name}", map(float.hex, losses))
        sentences = [pair.source for pair in pairs[-SENTENCES:]]
        for beam in (1, 5):
            found = translate(model, sentences, english, french, limit=20, beam=beam)
            show(f"beam of {beam}, {name}", (repr(translation.ids) for translation in found))


def pair_contents(pair: SentencePair) -> tuple[object, ...]:
    """Everything of a pair, in an order that does not depend on hashes."""
    links = pair.alignment
    if links is None:
        return pair.source, pair.target
    return (
        pair.source,
        pair.target,
        links.source_words,
        links.target_words,
        sorted(links.sure),
        sorted(links.possible),
    )


def losses_of_steps(model: Seq2Seq, ids: list[IdPair]) -> list[float]:
    """The losses of single steps, each of them a training of its own with half of the words fed back."""
    losses = []
    for step in range(STEPS):
        loader = make_loader(ids[step * BATCH_SIZE : (step + 1) * BATCH_SIZE], BATCH_SIZE, seed=step)
        losses.append(training_loss(model, loader, Settings(epochs=1, teacher_forcing=0.5)))
    return losses


def training_loss(model: Seq2Seq, loader: Batches, settings: Settings) -> float:
    """The loss per token of the last epoch of a training."""
    return fit(model, loader, settings).records[-1]["train_loss"]


def show(what: str, parts: Iterable[str | bytes]) -> None:
    """Print one line: what, and the digest of its parts."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part if isinstance(part, bytes) else part.encode())
    print(f"{what:<32}{digest.hexdigest()[:32]}")


if __name__ == "__main__":
    main()
