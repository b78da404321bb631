"""Train one model by the full recipe on Multi30k, and write down how good it became.

    python tools/train_multi30k.py attention 0
    python tools/train_multi30k.py attention 0 --bare   # for comparison: no dropout, no label smoothing

Results go to notebooks/results/multi30k.json, one entry a run: scores, lengths and times, and no sentence. A
run that was stopped goes on from its checkpoint when the same command is given again.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sacrebleu
import sentencepiece
import torch

from seq2seq_utils import captions, training
from seq2seq_utils.evaluation import metrics
from seq2seq_utils.models import Seq2Seq, count_parameters
from seq2seq_utils.pairs import SentencePair
from seq2seq_utils.text import TextCodec, WordTokenizer, count_words
from seq2seq_utils.training import recipes
from seq2seq_utils.training.checkpoints import whole_or_not_at_all
from seq2seq_utils.translation import Translation, translate

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "notebooks" / "results" / "multi30k.json"
BEAMS = (1, 2, 3, 5, 10, 20)
LENGTH_PENALTIES = (1.0, 0.0)
IDENTITY = ("source", "target", "model", "seed", "recipe")  # of a run: another one of these is another run


def main(arguments: Sequence[str] | None = None) -> None:
    """Train, measure, write."""
    options = read_options(arguments)
    recipe, name = recipes.FULL, f"{options.source}-{options.target}-{options.model}-{options.seed}"
    if options.bare:
        recipe, name = dataclasses.replace(recipe, dropout=0.0, label_smoothing=0.0), f"{name}-bare"
    splits = captions.load(options.source, options.target)
    source, target = recipes.codecs(splits.train, recipe)
    training.seed_everything(options.seed)
    model = recipes.make_model(options.model, recipe, source, target).to(training.pick_device())
    checkpoint = training.Checkpoint(options.checkpoints / f"{name}.pt")
    history = recipes.train_by_recipe(model, splits, recipe, (source, target), options.seed, checkpoint, name)
    entry = {
        "source": options.source,
        "target": options.target,
        "model": options.model,
        "seed": options.seed,
        "parameters": count_parameters(model),
        "recipe": dataclasses.asdict(recipe),
        "pieces": [len(source.vocabulary), len(target.vocabulary)],
        "epochs": epochs(history),
        "seconds": round(history.records[-1]["seconds"]),
        "device": device_name(model),
        "threads": torch.get_num_threads(),
        "versions": {
            "python": platform.python_version(),
            "torch": torch.__version__,
            "sacrebleu": sacrebleu.__version__,
            "sentencepiece": sentencepiece.__version__,
        },
        **measure(model, splits.test, source, target),
    }
    write(options.results, entry)


def read_options(arguments: Sequence[str] | None) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", choices=recipes.MODELS)
    parser.add_argument("seed", type=int)
    parser.add_argument("--source", default="german", choices=captions.LANGUAGES)
    parser.add_argument("--target", default="english", choices=captions.LANGUAGES)
    parser.add_argument("--bare", action="store_true", help="no dropout, no label smoothing")
    parser.add_argument("--checkpoints", type=Path, default=ROOT / "checkpoints")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args(arguments)


def epochs(history: training.History) -> list[dict[str, float]]:
    """The records of the epochs; before the first step, at epoch 0, nothing was trained."""
    return [
        {key: round(value, 4) for key, value in record.items()}
        for record in history.records
        if record["epoch"] > 0
    ]


def measure(
    model: Seq2Seq, test: Sequence[SentencePair], source: TextCodec, target: TextCodec
) -> dict[str, Any]:
    """Scores on the test set: greedy and with beams, with and without division by the length, by length."""
    sentences = [pair.source for pair in test]
    references = [pair.target for pair in test]
    beams: list[dict[str, Any]] = []
    for length_penalty in LENGTH_PENALTIES:
        for beam in BEAMS:
            found = translate(
                model, sentences, source, target, beam=beam, length_penalty=length_penalty, batch_size=64
            )
            beams.append({"beam": beam, "length_penalty": length_penalty, **scores(found, references)})
    greedy = translate(model, sentences, source, target, batch_size=64)
    return {"beams": beams, "by_length": scores_by_length(greedy, test)}


def scores(found: Sequence[Translation], references: Sequence[str]) -> dict[str, Any]:
    """BLEU, its interval and its signature; how long the translations are, and how many have no end."""
    translations = [translation.text for translation in found]
    score = metrics.bleu(translations, references, lowercase=True)
    low, high = metrics.bleu_interval(translations, references, lowercase=True)
    written, expected = (sum(map(count_words, side)) for side in (translations, references))
    return {
        "bleu": round(score.score, 2),
        "low": round(low, 2),
        "high": round(high, 2),
        "signature": score.signature,
        "bleu_on_words": round(bleu_on_words(translations, references), 2),
        "length": round(written / expected, 3),
        "unfinished": sum(not translation.reached_end for translation in found),
    }


def scores_by_length(found: Sequence[Translation], test: Sequence[SentencePair]) -> list[dict[str, Any]]:
    """BLEU of short and of long sentences; the last group goes on to the longest sentence there is."""
    lengths = [count_words(pair.source) for pair in test]
    *shorter, (beginning, _) = captions.LENGTH_BUCKETS
    table = metrics.quality_by_length(
        [translation.text for translation in found],
        [pair.target for pair in test],
        lengths,
        [*shorter, (beginning, max(lengths))],
        lowercase=True,
    )
    columns = ["shortest", "longest", "sentences", "bleu", "bleu_low", "bleu_high"]
    records: list[dict[str, Any]] = table[columns].round(2).to_dict("records")
    return records


def bleu_on_words(translations: Sequence[str], references: Sequence[str]) -> float:
    """BLEU on lower-cased words as our word tokenizer cuts them: how much does the cutting change?"""
    words = WordTokenizer()
    cut = [[" ".join(words.tokenize(text)) for text in side] for side in (translations, references)]
    return float(sacrebleu.BLEU(tokenize="none", force=True).corpus_score(cut[0], [cut[1]]).score)


def device_name(model: Seq2Seq) -> str:
    """What it was trained on, in words."""
    if model.device.type == "cuda":
        return torch.cuda.get_device_name(model.device)
    return f"{model.device.type}, {platform.machine()}"


def write(path: Path, entry: dict[str, Any]) -> None:
    """Put the entry into the file, in place of an older one of the same run; whole or not at all."""
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    entries = [old for old in entries if any(old[key] != entry[key] for key in IDENTITY)] + [entry]
    entries.sort(key=lambda run: [str(run[key]) for key in IDENTITY])
    text = json.dumps(entries, indent=1, allow_nan=False)
    with whole_or_not_at_all(path) as file:
        file.write(f"{text}\n".encode())


if __name__ == "__main__":
    main()
