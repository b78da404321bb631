"""Trains one model by the full recipe on Multi30k, and writes down how good it became.

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
from pathlib import Path

import sacrebleu
import sentencepiece
import torch

from seq2seq_utils import checkpoints, corpus, decoding, metrics, models, multi30k, recipes, text, training

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "notebooks" / "results" / "multi30k.json"
BEAMS = (1, 2, 3, 5, 10, 20)
BUCKETS = [(1, 7), (8, 10), (11, 13), (14, 17), (18, 40)]  # words; the last goes on to the longest


def main() -> None:
    """Trains, measures, writes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=recipes.MODELS)
    parser.add_argument("seed", type=int)
    parser.add_argument("--source", default="german", choices=multi30k.LANGUAGES)
    parser.add_argument("--target", default="english", choices=multi30k.LANGUAGES)
    parser.add_argument("--bare", action="store_true", help="no dropout, no label smoothing")
    parser.add_argument("--checkpoints", type=Path, default=ROOT / "checkpoints")
    parser.add_argument("--results", type=Path, default=RESULTS)
    arguments = parser.parse_args()

    recipe = recipes.FULL
    name = f"{arguments.source}-{arguments.target}-{arguments.model}-{arguments.seed}"
    if arguments.bare:
        recipe, name = dataclasses.replace(recipe, dropout=0.0, label_smoothing=0.0), f"{name}-bare"
    splits = multi30k.load(arguments.source, arguments.target)
    source, target = recipes.codecs(splits.train, recipe)
    training.seed_everything(arguments.seed)
    model = recipes.make_model(arguments.model, recipe, source, target).to(training.pick_device())
    history = recipes.train(
        model,
        splits,
        recipe,
        source,
        target,
        arguments.seed,
        arguments.checkpoints / f"{name}.pt",
        name,
    )
    entry = {
        "source": arguments.source,
        "target": arguments.target,
        "model": arguments.model,
        "seed": arguments.seed,
        "parameters": models.count_parameters(model),
        "recipe": dataclasses.asdict(recipe),
        "pieces": [len(source.vocabulary), len(target.vocabulary)],
        "epochs": [{key: round(value, 4) for key, value in record.items()} for record in history.records],
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
    write(arguments.results, entry)


def measure(model, test, source, target) -> dict:
    """Scores on the test set: greedy and with beams, with and without division by the length, by length."""
    sentences, references = [pair.source for pair in test], [pair.target for pair in test]
    lengths = [corpus.count_words(sentence) for sentence in sentences]
    buckets = [*BUCKETS[:-1], (BUCKETS[-1][0], max(lengths))]
    beams = []
    by_length = None
    for length_penalty in (1.0, 0.0):
        for beam in BEAMS:
            found = decoding.translate(
                model, sentences, source, target, beam=beam, length_penalty=length_penalty, batch_size=64
            )
            said = [one.text for one in found]
            written = sum(corpus.count_words(sentence) for sentence in said)
            score = metrics.bleu(said, references, lowercase=True)
            low, high = metrics.bleu_interval(said, references, lowercase=True)
            beams.append(
                {
                    "beam": beam,
                    "length_penalty": length_penalty,
                    "bleu": round(score.score, 2),
                    "low": round(low, 2),
                    "high": round(high, 2),
                    "signature": score.signature,
                    "bleu_on_words": round(bleu_on_words(said, references), 2),
                    "length": round(written / sum(map(corpus.count_words, references)), 3),
                    "unfinished": sum(not one.reached_end for one in found),
                }
            )
            if by_length is None:
                table = metrics.quality_by_length(said, references, lengths, buckets, lowercase=True)
                wanted = ["shortest", "longest", "sentences", "bleu", "bleu_low", "bleu_high"]
                by_length = table[wanted].round(2).to_dict("records")
    return {"beams": beams, "by_length": by_length}


def bleu_on_words(said: list[str], references: list[str]) -> float:
    """BLEU on lower-cased words as our word tokenizer cuts them: how much does the cutting change?"""
    words = text.WordTokenizer()
    cut = [[" ".join(words.tokenize(one)) for one in side] for side in (said, references)]
    return sacrebleu.BLEU(tokenize="none", force=True).corpus_score(cut[0], [cut[1]]).score


def device_name(model) -> str:
    """What it was trained on, in words."""
    device = next(model.parameters()).device
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{device.type}, {platform.machine()}"


def write(path: Path, entry: dict) -> None:
    """Puts the entry into the file, in place of an older one of the same run; written whole or not at all."""
    entries = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    run = ("source", "target", "model", "seed", "recipe")
    entries = [old for old in entries if any(old[key] != entry[key] for key in run)] + [entry]
    entries.sort(key=lambda one: [str(one[key]) for key in run])
    with checkpoints.whole_or_not_at_all(path) as file:
        file.write((json.dumps(entries, indent=1) + "\n").encode())


if __name__ == "__main__":
    main()
