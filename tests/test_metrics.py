"""Exact match counts letters; BLEU is sacrebleu's and nobody else's."""

import re

import pytest
import sacrebleu

from seq2seq_utils.metrics import bleu, exact_match

REFERENCES = ["Le petit chat dort ici.", "Elle lit un livre rouge.", "Il pleut."]
TRANSLATIONS = ["Le petit chat dort là.", "Elle lit un livre.", "Il neige beaucoup aujourd'hui."]


def test_exact_match_is_the_share_of_equal_texts():
    assert exact_match(["a", "b", "c", "D"], ["a", "b", "x", "d"]) == 0.5


@pytest.mark.parametrize("translation", ["Il pleut.", "il pleut .", "Il pleut . ", "Il pleut"])
def test_exact_match_is_to_the_letter(translation):
    assert exact_match([translation], ["Il pleut ."]) == 0


def test_bleu_is_the_number_of_sacrebleu():
    score = bleu(TRANSLATIONS, REFERENCES).score
    assert 0 < score < 100
    assert score == sacrebleu.corpus_bleu(TRANSLATIONS, [REFERENCES]).score


def test_bleu_is_computed_by_hand_where_that_is_easy():
    # 4 of 5 words, 3 of 4 pairs, 2 of 3 triples, 1 of 2 quadruples are in the reference.
    expected = 100 * (4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25
    assert bleu(["a b c d e"], ["a b c d f"]).score == pytest.approx(expected)
    assert bleu(REFERENCES, REFERENCES).score == pytest.approx(100)


def test_bleu_is_of_the_whole_set_not_a_mean_of_sentences():
    mean = sum(
        bleu([ours], [theirs]).score for ours, theirs in zip(TRANSLATIONS, REFERENCES, strict=True)
    ) / len(REFERENCES)
    assert abs(bleu(TRANSLATIONS, REFERENCES).score - mean) > 1


def test_bleu_has_its_signature():
    expected = f"nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:{sacrebleu.__version__}"
    assert bleu(TRANSLATIONS, REFERENCES).signature == expected


@pytest.mark.parametrize("metric", [exact_match, bleu])
@pytest.mark.parametrize(
    ("translations", "references"), [([], []), (["a"], []), ([], ["a"]), (["a", "b"], ["a"])]
)
def test_lists_that_are_empty_or_not_parallel_are_refused(metric, translations, references):
    message = re.escape(
        f"translations, references: {len(translations)} and {len(references)}; there must be one reference"
    )
    with pytest.raises(ValueError, match=message):
        metric(translations, references)
