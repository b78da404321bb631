"""Translate lines of text with a translator that `tools/train.py` has written.

    echo "A sentence." | python tools/translate.py my_model
    python tools/translate.py my_model sentences.txt > translations.txt
    python tools/translate.py my_model sentences.txt --beam 1 --weights maps

There is a line of output for each line of input, in the same order. A line that cannot be read (empty, not in
UTF-8, of unknown words only, of more than 1,000 pieces) gives an empty one, and its number on stderr. Nothing
but the folder is needed.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from train import IMPOSSIBLE, Parser, in_one_line

from seq2seq_utils.drawing.heatmaps import attention_maps, translation_map
from seq2seq_utils.own_pairs.figures import svg
from seq2seq_utils.own_pairs.lines import TOGETHER, Line, translate_lines
from seq2seq_utils.pairs import read_bytes
from seq2seq_utils.text import TextCodec
from seq2seq_utils.training import pick_device
from seq2seq_utils.training.checkpoints import whole_or_not_at_all
from seq2seq_utils.translation import load_translator


def main(arguments: Sequence[str] | None = None) -> int:
    """Translate; the exit status is 2, with one line on stderr, where the folder or the file is not right."""
    parser = Parser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path, help="the translator's")
    parser.add_argument(
        "file", nargs="?", type=Path, help="one sentence a line, plain or gzip; default: stdin"
    )
    parser.add_argument("--beam", type=int, default=5, help="hypotheses of the search; 1 is greedy search")
    parser.add_argument(
        "--weights", type=Path, metavar="FOLDER", help="write a heatmap of each sentence there"
    )
    parser.add_argument("--device", help="cpu, cuda, cuda:1, mps; default: SEQ2SEQ_DEVICE, else cpu")
    options = parser.parse_args(arguments)
    try:
        if options.beam < 1:
            raise ValueError(f"beam: {options.beam} is not allowed; it must be 1 or more")
        model, codecs = load_translator(options.folder)
        model.to(pick_device(options.device))
        # Somebody who types waits for an answer to each line.
        together = 1 if options.file is None and sys.stdin.isatty() else TOGETHER
        for line in translate_lines(model, codecs, lines_of(options.file), options.beam, together):
            if options.weights is not None:
                draw(line, codecs, options.weights)
            sys.stdout.buffer.write(f"{line.output}\n".encode())
            sys.stdout.buffer.flush()
            if line.reason:
                print(f"line {line.number}: {line.reason}", file=sys.stderr)
    except BrokenPipeError:  # whoever read the output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {in_one_line(error)}", file=sys.stderr)
        return IMPOSSIBLE
    return 0


def lines_of(path: Path | None) -> Iterable[bytes]:
    """The lines of a file, or of stdin as they come.

    Raises:
        FileNotFoundError: if there is no such file.
        ValueError: if it is a folder, or a gzip file that is cut off.
    """
    return sys.stdin.buffer if path is None else io.BytesIO(read_bytes(path))


def draw(line: Line, codecs: tuple[TextCodec, TextCodec], folder: Path) -> None:
    """Writes the heatmap of a line, named by its number; none where there is no translation.

    Raises:
        ValueError: if the model has no attention.
    """
    if line.translation is None:
        return
    heatmap = translation_map(line.text, line.translation, *codecs)
    if not heatmap.target:
        return
    picture = svg(attention_maps([heatmap], ("source", "translation"), colour_label="weight"))
    with whole_or_not_at_all(folder / f"{line.number:06}.svg") as file:
        file.write(picture)


if __name__ == "__main__":
    sys.exit(main())
