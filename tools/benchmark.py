"""Measure the speeds that the project promises, and print them; nothing here can fail.

python tools/benchmark.py
"""

from __future__ import annotations

import os
import socket
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from multiprocessing import get_context
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier

import torch
from torch import Tensor
from torch.multiprocessing.spawn import spawn

from seq2seq_utils.batching import IdPair, encode_pairs, make_batch, make_loader
from seq2seq_utils.experiments import captions, speed
from seq2seq_utils.grammar import generate, tokenizer
from seq2seq_utils.models import (
    Encoded,
    Seq2Seq,
    attention_model,
    count_parameters,
    plain_model,
    transformer_model,
    transformer_with,
)
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import Settings, fit, seed_everything
from seq2seq_utils.training.processes import several_processes
from seq2seq_utils.training.recipes import Recipe, attention_by_recipe
from seq2seq_utils.translation import translate

RUNS = 5
PAIRS = 20_000
TRAINED = 5_000
SENTENCES = 256
BATCH_SIZE = 64
SEARCH_BATCH_SIZE = 128  # what `translate` takes by default
# A training step: 64 sentences of 12 words, their translations of 13 (EOS among them), 400 words each.
STEP_BATCH_SIZE, SOURCE_WORDS, TARGET_WORDS, VOCABULARY, STEPS = 64, 12, 13, 400, 20
# Two processes: the sizes of the model, how many steps and how often, and how many pieces a sentence has.
RECIPE, PROCESS_STEPS, PROCESS_RUNS, PIECES = captions.CHOSEN, 6, 3, (8, 23)
LET_GO = 0.2  # seconds


def main() -> None:
    """Print a row for each measurement: what, how fast, and what is promised."""
    print(f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads, medians of {RUNS} runs\n")
    for language in ("french", "korean"):
        (seconds,) = medians(partial(generate, language, PAIRS))
        print_row(f"generate {PAIRS:,} pairs, {language}", f"{seconds:.2f} s", "under 2 s")
    measure_training_step()
    for name, make in (
        ("plain", plain_model),
        ("attention", attention_model),
        ("transformer", transformer_model),
    ):
        print(f"\n{name} model")
        measure_model(make)
    print()
    measure_processes()


def measure_training_step() -> None:
    """Time one step of training, of models with equal sizes and, the transformer, equally many parameters."""
    seed_everything(0)
    pairs = [(random_ids(SOURCE_WORDS), random_ids(TARGET_WORDS - 1)) for _ in range(STEP_BATCH_SIZE)]
    loader = make_loader(pairs * STEPS, STEP_BATCH_SIZE)
    epoch = Settings(epochs=1)
    attentive, plain = (make(VOCABULARY, VOCABULARY, 64, 128) for make in (attention_model, plain_model))
    transformer = transformer_with(count_parameters(attentive), VOCABULARY, VOCABULARY)
    slow, fast, of_transformer = medians(
        *(partial(fit, model, loader, epoch) for model in (attentive, plain, transformer))
    )
    print_row("a training step, attention", f"{1000 * slow / STEPS:.0f} ms")
    print_row("a training step, plain", f"{1000 * fast / STEPS:.0f} ms")
    print_row("a training step, transformer", f"{1000 * of_transformer / STEPS:.0f} ms")
    print_row("    attention's throughput, of the plain one's", f"{fast / slow:.2f}", "0.45 or more")


def random_ids(length: int, vocabulary: int = VOCABULARY) -> list[int]:
    """Random ids, special ones left out."""
    ids: list[int] = torch.randint(4, vocabulary, (length,)).tolist()
    return ids


def measure_processes() -> None:
    """Time two processes of one thread that train one model, beside the same two with a model each."""
    context = get_context("spawn")
    speeds, ready = context.SimpleQueue(), context.Barrier(2)
    ports = [free_port() for _ in range(PROCESS_RUNS)]
    arguments = (RECIPE, PROCESS_STEPS, ports, ready, speeds)
    spawn(train_beside_another, arguments, nprocs=2)
    runs = list(zip(speeds.get(), speeds.get(), strict=True))  # of both processes
    for number, batch_size, promised in ((1, 2 * BATCH_SIZE, "0.85 or more"), (2, BATCH_SIZE, "")):
        shares = [min(first[number], second[number]) / (first[0] + second[0]) for first, second in runs]
        what = f"two processes, {batch_size // 2} pairs each, of two models"
        print_row(what, f"{statistics.median(shares):.2f}", promised)


def train_beside_another(
    number: int,
    recipe: Recipe,
    steps: int,
    ports: Sequence[int],
    ready: Barrier,
    speeds: SimpleQueue[list[list[float]]],
) -> None:
    """What each of two processes does: train by itself, then with the other, 64 pairs each and 32 each.

    Args:
        number: of the process, 0 or 1.
        recipe: the sizes of the model; ids and lengths are random.
        steps: of each training.
        ports: one for each time that all of it is done.
        ready: where the two wait for each other.
        speeds: is given the target tokens a second of each training.
    """
    os.environ.update(RANK=str(number), LOCAL_RANK=str(number), WORLD_SIZE="2", LOCAL_WORLD_SIZE="2")
    os.environ.update(MASTER_ADDR="127.0.0.1", TQDM_DISABLE="1")
    torch.set_num_threads(1)
    seed_everything(0)
    model = attention_by_recipe(recipe, recipe.pieces, recipe.pieces)
    shortest, longest = PIECES
    lengths = torch.randint(shortest, longest + 1, (2 * BATCH_SIZE * steps, 2)).tolist()
    ids = partial(random_ids, vocabulary=recipe.pieces)
    pairs = [(ids(source), ids(target)) for source, target in lengths]

    def tokens_a_second(pairs: Sequence[IdPair], batch_size: int) -> float:
        record = fit(model, make_loader(pairs, batch_size), Settings(epochs=1)).records[-1]
        return sum(len(target) + 1 for _, target in pairs) / record["seconds"]

    half, found = pairs[: BATCH_SIZE * steps], []
    for port in ports:
        os.environ["MASTER_PORT"] = str(port)
        ready.wait()
        alone = tokens_a_second(half, BATCH_SIZE)
        with several_processes(threads=1):
            found.append([alone, tokens_a_second(pairs, 2 * BATCH_SIZE), tokens_a_second(half, BATCH_SIZE)])
            # PyTorch before 2.8 ends its threads without letting them run Python, which one of them may need
            # to let go of its last tensor; here it gets the time to.
            time.sleep(LET_GO)
    speeds.put(found)


def free_port() -> int:
    """A port of this machine that nothing uses."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def measure_model(make: Callable[[int, int], Seq2Seq]) -> None:
    """Time a model that is trained for a moment, so that its sentences end as sentences do."""
    pairs = generate("french", TRAINED + SENTENCES)
    english = TextCodec.build(tokenizer("english"), (pair.source for pair in pairs))
    french = TextCodec.build(tokenizer("french"), (pair.target for pair in pairs))
    ids = encode_pairs(pairs, english, french)
    seed_everything(0)
    model = make(len(english.vocabulary), len(french.vocabulary))
    fit(model, make_loader(ids[SENTENCES:]), Settings(epochs=2))

    sentences = [pair.source for pair in pairs[:SENTENCES]]
    search = partial(translate, model, sentences, english, french)
    alone, together = medians(partial(search, batch_size=1), partial(search, batch_size=SEARCH_BATCH_SIZE))
    print_row("greedy search, one sentence at a time", f"{SENTENCES / alone:,.0f} sentences/s")
    print_row(f"greedy search, {SEARCH_BATCH_SIZE} at a time", f"{SENTENCES / together:,.0f} sentences/s")
    print_row("    how many times as fast", f"{alone / together:.1f}", "10 or more")

    for size in (1, BATCH_SIZE):
        batch = make_batch(ids[:size])
        with torch.no_grad():
            encoded = model.encoder(batch.source, batch.source_lengths)
        slow, fast = medians(
            partial(gradients_by_steps, model, batch.target_input, encoded),
            partial(gradients_at_once, model, batch.target_input, encoded),
        )
        print_row(f"decoder's gradients, {size} at a time, by steps", f"{1000 * slow:.0f} ms")
        print_row(f"decoder's gradients, {size} at a time, in one call", f"{1000 * fast:.0f} ms")
        print_row("    how many times as fast", f"{slow / fast:.1f}")


def gradients_by_steps(model: Seq2Seq, target_input: Tensor, encoded: Encoded) -> None:
    """Do with one step after another what the decoder does in one call."""
    state, scores = model.decoder.start(encoded), []
    for token in target_input.unbind(dim=1):
        logits, state = model.decoder.step(token, state)
        scores.append(logits)
    torch.autograd.backward(torch.stack(scores, dim=1).sum())


def gradients_at_once(model: Seq2Seq, target_input: Tensor, encoded: Encoded) -> None:
    """Do it in one call."""
    torch.autograd.backward(model.decoder(target_input, encoded).sum())


def medians(*works: Callable[[], object]) -> list[float]:
    """The median seconds of each work, of so many runs as the table says (see `speed.medians`)."""
    return speed.medians(works, RUNS)


def print_row(what: str, measured: str, promised: str = "") -> None:
    """Print one line of the table."""
    print(f"{what:<48}{measured:>18}   {promised}".rstrip(), flush=True)


if __name__ == "__main__":
    main()
