"""Train a translator on your own sentence pairs, score it, and write a page about it.

    python tools/train.py my_pairs.tsv --out my_model
    python tools/train.py --source my.de.gz --target my.en.gz --out my_model --model transformer --minutes 20
    python tools/train.py my_pairs.tsv --out my_model --recipe tiny --set epochs=4 --set dropout=0.2

The pairs are a tab-separated file (source, target; further columns are left alone), or two parallel files,
plain or gzip, in UTF-8. The folder then holds the translator, for `tools/translate.py` and `load_translator`,
and report.html. A training that was stopped goes on when the same command is given again.

    torchrun --nproc-per-node 2 tools/train.py my_pairs.tsv --out my_model

trains one model in two processes; each gets a half of every batch, whose size stays that of the recipe.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import NoReturn

from tqdm import tqdm

from seq2seq_utils.own_pairs.choosing import NAMED
from seq2seq_utils.own_pairs.files import Files, Part
from seq2seq_utils.own_pairs.plan import Request
from seq2seq_utils.own_pairs.training import train
from seq2seq_utils.training.processes import several_processes
from seq2seq_utils.training.recipes import MODELS, Recipe

TOGETHER = (
    "torchrun --nproc-per-node 2 tools/train.py ... trains one model in two processes; the recipe's "
    "batch_size is then the number of pairs in both together."
)
IMPOSSIBLE = 2  # the exit status where what was asked for cannot be done


class Parser(argparse.ArgumentParser):
    """A parser that complains in one line."""

    def error(self, message: str) -> NoReturn:
        """Ends the program."""
        self.exit(IMPOSSIBLE, f"{self.prog}: {message}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Train; the exit status is 2, with one line on stderr, where something stands against it."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    if not sys.stderr.isatty():
        os.environ.setdefault("TQDM_DISABLE", "1")  # a bar would fill a file with its copies
    try:
        with several_processes(options.device):
            train(request(options), options.out, say)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {in_one_line(error)}", file=sys.stderr)
        return IMPOSSIBLE
    return 0


def make_parser() -> Parser:
    """What can be asked for."""
    parser = Parser(description=(__doc__ or "").splitlines()[0], epilog=TOGETHER)
    parser.add_argument(
        "pairs", nargs="?", type=Path, help="a tab-separated file: source, target; plain or gzip"
    )
    parser.add_argument("--source", type=Path, help="instead of it: a file of sentences, one a line,")
    parser.add_argument("--target", type=Path, help="and a file of their translations")
    parser.add_argument("--out", type=Path, required=True, help="the folder that is written")
    for name in ("validation", "test"):
        parser.add_argument(
            f"--{name}",
            nargs="+",
            metavar="SIZE_OR_FILE",
            help="how many sources to set aside, or a file of pairs, or two; default: a tenth, at most 1,000",
        )
    parser.add_argument("--model", choices=MODELS, default=Request.model, help="default: %(default)s")
    parser.add_argument(
        "--recipe",
        choices=NAMED,
        help="default: by the number of training pairs, tiny, small or captions; quick is that of notebook 6",
    )
    settings = ", ".join(field.name for field in fields(Recipe))
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"a setting of the recipe, changed; may be given several times. The settings: {settings}",
    )
    parser.add_argument("--minutes", type=float, help="shorten the schedule, so that it takes about so long")
    parser.add_argument(
        "--longest",
        type=int,
        default=Request.longest,
        help="no pair with more pieces is trained on, or counted after an epoch; default: %(default)s",
    )
    parser.add_argument(
        "--bleu-tokenize",
        default=Request.bleu_tokenize,
        help="sacrebleu's --tokenize; char for a language without spaces; default: %(default)s",
    )
    parser.add_argument(
        "--beam", type=int, default=Request.beam, help="of the search that is scored; default: %(default)s"
    )
    parser.add_argument(
        "--seed", type=int, default=Request.seed, help="of weights, dropout and order; default: %(default)s"
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1, mps; default: SEQ2SEQ_DEVICE, else cpu")
    return parser


def request(options: argparse.Namespace) -> Request:
    """What is asked for.

    Raises:
        ValueError: if the files do not fit together, or a number is out of range.
    """
    given = [path for path in (options.pairs, options.source, options.target) if path is not None]
    if options.pairs is not None and len(given) == 1:
        files = Files(options.pairs)
    elif options.pairs is None and len(given) == 2:
        files = Files(options.source, options.target)
    else:
        raise ValueError("pairs, source, target: give a file of pairs, or both --source and --target")
    return Request(
        files=files,
        validation=part("validation", options.validation),
        test=part("test", options.test),
        model=options.model,
        recipe=options.recipe,
        changes=tuple(options.set),
        minutes=options.minutes,
        longest=options.longest,
        bleu_tokenize=options.bleu_tokenize,
        beam=options.beam,
        seed=options.seed,
        device=options.device,
    )


def part(name: str, given: Sequence[str] | None) -> Part | None:
    """A size, or files.

    Raises:
        ValueError: if there are more than two.
    """
    if given is None:
        return None
    if len(given) == 1 and given[0].isdecimal():
        return int(given[0])
    if len(given) > 2:
        raise ValueError(f"{name}: {len(given)} files; give a file of pairs, or two parallel ones")
    return Files(*map(Path, given))


def say(line: str) -> None:
    """Prints a line above the progress bar."""
    tqdm.write(line)
    sys.stdout.flush()


def in_one_line(error: Exception) -> str:
    """What went wrong."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return " ".join(str(error).split())


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(
            "stopped; the same command goes on from the last checkpoint, or anew where there is none yet"
        )
