"""Sentence pairs from the grammar: as many, as long and as distinct as asked for, everywhere the same."""

import hashlib
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import pytest

import seq2seq_utils
from seq2seq_utils.grammar import (
    LANGUAGES,
    Sampler,
    corpus,
    english,
    french,
    generate,
    generate_splits,
    korean,
    lexicon,
    stream,
    tokenizer,
)
from seq2seq_utils.pairs import SentencePair, random_order
from seq2seq_utils.text import count_words

# What `python tests/test_corpus.py` prints. A change of the lexicon or the grammar changes every corpus, and
# with it these digests: if the change was meant, run that and put the new values here. If nothing was
# changed, one seed no longer gives one corpus everywhere: find out why.
DIGESTS = {
    "french": "06bb3716d5918fccb9b61d53342259eb6cacbd12f52ca25be7639b75206d44b4",
    "korean": "d2ecec821cbd61ca323c51bb2fff9423e5a8c5a55aa52a1ec0ca6f8de91b57a8",
}


def digest(language: str) -> str:
    """A fingerprint of 5,000 pairs, their order and their links included."""
    whole = hashlib.sha256()
    for pair in generate(language, 5_000, (3, 20), seed=2024):
        links = sorted(pair.alignment.sure), sorted(pair.alignment.possible)
        words = pair.alignment.source_words, pair.alignment.target_words
        whole.update(json.dumps([pair.source, pair.target, words, links]).encode())
    return whole.hexdigest()


@pytest.fixture(scope="module", params=LANGUAGES)
def language(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def pairs(language) -> list[SentencePair]:
    return generate(language, 8_000, (3, 20), seed=5)


def sources(pairs: list[SentencePair]) -> set[str]:
    return {pair.source for pair in pairs}


def words_in(text: str) -> int:
    return len(re.findall(r"\w+", text))


# ------------------------------------------------------------------------------------ translations
@pytest.fixture(scope="module")
def imagined() -> tuple[dict[str, str], list[tuple[str, str]]]:
    """60,000 sentences as the sampler imagines them: the first translation of each, and all later ones."""
    first, later = {}, []
    for seed in range(6):
        sampler = Sampler(seed)
        for number in range(10_000):
            meaning = sampler.meaning(3 + number % 9 if number % 20 else 24)
            words, positions = english.write(meaning)
            translations = repr((french.write(meaning, positions), korean.write(meaning, positions)))
            if first.setdefault(" ".join(words), translations) is not translations:
                later.append((" ".join(words), translations))
    return first, later


def test_a_sentence_has_one_translation_and_one_alignment(imagined):
    first, later = imagined
    assert len(later) > 1_000, "too few sentences came twice for this to show anything"
    assert [(source, first[source], other) for source, other in later if first[source] != other] == []


def test_every_noun_verb_and_adjective_of_the_lexicon_is_imagined(imagined):
    words = {word for source in imagined[0] for word in source.split()}
    assert len(words) >= 300
    nouns = {form for noun in lexicon.NOUNS for form in noun.english}
    verbs = {form for verbs in lexicon.VERBS.values() for verb in verbs for form in verb.english}
    assert (nouns | verbs | {each.english for each in lexicon.ADJECTIVES}) - words == set()


def test_a_corpus_of_5000_pairs_has_at_least_300_english_words(pairs):
    words = {word for pair in pairs[:5_000] for word in pair.alignment.source_words if word.isalpha()}
    assert len(words) >= 300


def test_a_sentence_is_written_with_a_capital_and_a_full_stop(pairs):
    written = re.compile(r"[^.]*[^ .,]\.")
    texts = [text for pair in pairs for text in (pair.source, pair.target)]
    assert [text for text in texts if text[0] != text[0].upper() or not written.fullmatch(text)] == []


def test_sentences_have_no_hyphen_or_space_where_none_is_written(language, pairs):
    unwritten = (" -", "  ", "' ", " ,", " .") + (("-",) if language == "korean" else ())
    assert [pair.target for pair in pairs if any(each in pair.target for each in unwritten)] == []


def test_tokenizers_find_the_words_that_the_grammar_wrote(language, pairs):
    of_source, of_target = tokenizer("english"), tokenizer(language)
    wrong = []
    for pair in pairs:
        source_words, target_words = of_source.tokenize(pair.source), of_target.tokenize(pair.target)
        if (*source_words,) != pair.alignment.source_words or (*target_words,) != pair.alignment.target_words:
            wrong.append((pair, source_words, target_words))
        # Words are lower-cased: I and Monday come back without their capital.
        if of_source.join(source_words).lower() != pair.source.lower():
            wrong.append((pair, "source joined"))
        if of_target.join(target_words) != pair.target:
            wrong.append((pair, "target joined"))
    assert wrong == []


def test_the_tokenizer_of_an_unknown_language_is_refused():
    with pytest.raises(ValueError, match=r"language: 'german' .*english, french, korean"):
        tokenizer("german")


# -------------------------------------------------------------------- how long, how many, which
def test_every_length_from_3_to_45_words_is_delivered_exactly(language):
    wrong = [
        (length, pair.source)
        for length in range(3, 46)
        for pair in generate(language, 12, (length, length), seed=length)
        if words_in(pair.source) != length or count_words(pair.source) != length
    ]
    assert wrong == []


def test_each_length_is_as_likely_where_there_are_enough_sentences_of_it():
    lengths = Counter(words_in(pair.source) for pair in generate("french", 4_000, (6, 13)))
    assert lengths.keys() == set(range(6, 14))
    assert [count for count in lengths.values() if abs(count - 500) >= 100] == []
    # Of three words there are so few that many are drawn again, and a sentence is kept only once.
    lengths = Counter(words_in(pair.source) for pair in generate("french", 12_000, (3, 7)))
    assert lengths.keys() == set(range(3, 8))
    shortest, others = lengths.pop(3), sum(lengths.values()) / 4
    assert 0.6 * others < shortest < 0.8 * others
    assert [count for count in lengths.values() if abs(count - others) >= 300] == []


def test_sentences_of_one_call_are_distinct():
    distinct = [
        len(sources(generate("korean", 3_000, lengths, seed=3))) for lengths in ((3, 3), (3, 5), (10, 30))
    ]
    assert distinct == [3_000] * 3


def test_both_languages_translate_the_same_english_sentences():
    corpora = [generate(each, 200, (3, 12), seed=8) for each in LANGUAGES]
    assert [pair.source for pair in corpora[0]] == [pair.source for pair in corpora[1]]
    assert {pair.target for pair in corpora[0]} & {pair.target for pair in corpora[1]} == set()


def test_another_seed_gives_another_corpus():
    pairs = generate("french", 100, seed=1)
    assert generate("french", 100, seed=1) == pairs
    assert sources(generate("french", 100, seed=2)) & sources(pairs) == set()


def test_every_part_of_a_corpus_is_like_every_other(language):
    # Common sentences, most of them short, are drawn early: in the order of drawing 18.9 % of the first
    # thousand have three words, and 13.3 % of the last. In random order it is 16.0, 14.8 and 14.2 %.
    pairs = generate(language, 13_000, (3, 7), seed=5)
    parts = [pairs[:1000], pairs[6000:7000], pairs[-1000:]]
    with_three_words = [sum(count_words(pair.source) == 3 for pair in part) / 10 for part in parts]
    assert max(with_three_words) - min(with_three_words) < 4


def test_a_stream_is_the_corpus_in_the_order_of_drawing():
    for language in LANGUAGES:
        pairs = generate(language, 500, (3, 6), seed=5, one_word_in=2)
        drawn = list(stream(language, 500, (3, 6), seed=5, one_word_in=2))
        assert [drawn[row] for row in random_order(500, 5)] == pairs != drawn
        # It does not depend on how many are wanted, as a corpus does.
        assert list(stream(language, 100, (3, 6), seed=5, one_word_in=2)) == drawn[:100]
    assert len(sources(list(stream("french", 3_000, (3, 3), seed=5)))) == 3_000
    others = stream("french", 2_000, (3, 3), seed=6, exclude=stream("french", 1_000, (3, 3), seed=5))
    assert not sources(list(others)) & sources(list(stream("french", 1_000, (3, 3), seed=5)))


def test_a_stream_keeps_a_digest_of_8_bytes_of_each_sentence(monkeypatch):
    sizes = []

    def digest(sentence: str) -> bytes:
        sizes.append(len(whole(sentence)))
        return whole(sentence)[:1]  # so that many sentences have the same

    whole = corpus._digest
    monkeypatch.setattr(corpus, "_digest", digest)
    digests = [whole(pair.source)[:1] for pair in stream("french", 200, (8, 12))]
    assert len(set(digests)) == 200, "of two with the same digest the second is left out"
    assert set(sizes) == {8}


def test_wrong_arguments_of_a_stream_are_refused_before_it_is_gone_through():
    with pytest.raises(ValueError, match="language: 'german'"):
        stream("german", 1)


def test_excluded_sentences_do_not_come_again():
    first = generate("french", 2_000, (3, 3), seed=1)
    assert sources(generate("french", 2_000, (3, 3), seed=2)) & sources(first) != set()
    others = generate("french", 2_000, (3, 3), seed=2, exclude=(pair for pair in first))
    assert len(sources(others)) == 2_000
    assert sources(others) & sources(first) == set()


def test_generated_splits_have_their_sizes_and_share_no_source(language):
    splits = generate_splits(language, 3_000, 500, 400, (3, 4), seed=1)
    assert (len(splits.train), len(splits.validation), len(splits.test)) == (3_000, 500, 400)
    assert len(sources([*splits.train, *splits.validation, *splits.test])) == 3_900


def test_no_pairs_are_no_error():
    assert generate("french", 0) == []


# ----------------------------------------------------------------------------------- smaller worlds
def test_one_word_in_three_makes_a_smaller_world_by_the_same_grammar():
    def words(one_word_in: int) -> Counter:
        pairs = generate("french", 4_000, (3, 20), seed=1, one_word_in=one_word_in)
        return Counter(word for pair in pairs for word in pair.alignment.source_words)

    everything, half, third = words(1), words(2), words(3)
    assert len(third) < 0.85 * len(half) < 0.85 * 0.7 * len(everything)
    assert third.keys() <= everything.keys()
    # What is there is there often: no word is left over that could not be learned.
    assert sum(count < 4 for count in third.values()) < 0.05 * len(third)
    # Every construction is: negation, relative clauses, conjunctions, numbers, places and times.
    assert {"not", "never", "that", "who", "because", "seven", "every", "behind", "tomorrow"} <= third.keys()


def test_sentences_of_a_smaller_world_are_found_however_few_its_words():
    found = [len(generate("french", 300, (3, 20), seed=4, one_word_in=step)) for step in (2, 3, 10, 1000)]
    assert found == [300] * 4


# ------------------------------------------------------------------------------------- alignments
def test_links_are_within_the_sentences_and_sure_ones_are_possible(pairs):
    wrong = []
    for pair in pairs:
        links = pair.alignment
        every = {(i, j) for i in range(len(links.source_words)) for j in range(len(links.target_words))}
        if not links.sure <= links.possible <= every:
            wrong.append(pair)
    assert wrong == []


def test_every_noun_verb_and_adjective_has_a_sure_link(pairs):
    content = {form.lower() for noun in lexicon.NOUNS for form in noun.english}
    content |= {form for verbs in lexicon.VERBS.values() for verb in verbs for form in verb.english}
    content |= {adjective.english for adjective in lexicon.ADJECTIVES}
    wrong = []
    for pair in pairs:
        linked = {i for i, _ in pair.alignment.sure}
        words = pair.alignment.source_words
        wrong += [(word, pair) for i, word in enumerate(words) if word in content and i not in linked]
    assert wrong == []


def test_every_word_of_a_translation_comes_from_somewhere(pairs):
    wrong = []
    for pair in pairs:
        linked = {j for _, j in pair.alignment.possible}
        words = pair.alignment.target_words
        # Only the comma after a Korean subordinate clause has no counterpart.
        wrong += [(word, pair) for j, word in enumerate(words) if word != "," and j not in linked]
    assert wrong == []


def test_a_word_is_linked_to_nothing_but_what_it_translates(language, pairs):
    expected = {
        "french": {
            "pas": "not",
            "ne": "not never",
            "jamais": "never",
            "qui": "that who",
            "roi": "king",
            "et": "and",
            ".": ".",
        },
        "korean": {
            "결코": "never",
            "않는다": "not never do does",
            "않다": "not is are",
            "때문에": "because",
            "왕": "king kings",
        },
    }[language]
    partners = defaultdict(set)
    for pair in pairs:
        for i, j in pair.alignment.possible:
            partners[pair.alignment.target_words[j]].add(pair.alignment.source_words[i])
    assert {word: partners[word] for word in expected} == {
        word: set(english.split()) for word, english in expected.items()
    }


# ------------------------------------------------------------------------------------ determinism
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_gives_the_same_corpus_in_every_process_and_on_every_machine(hash_seed):
    package = str(Path(seq2seq_utils.__file__).parents[1])
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": package}
    run = subprocess.run(
        [sys.executable, __file__], env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == list(DIGESTS.values())


def test_generating_neither_uses_nor_disturbs_the_random_numbers_of_others():
    random.seed(1)
    before = random.getstate()
    pairs = generate("french", 20, seed=4)
    assert random.getstate() == before
    random.seed(2)
    assert generate("french", 20, seed=4) == pairs


# --------------------------------------------------------------------------------------- refusals
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"language": "german"}, "language: 'german' .*french, korean"),
        ({"language": "English"}, "language: 'English' "),
        ({"lengths": (2, 5)}, r"lengths: \(2, 5\) .* at least 3"),
        ({"lengths": (6, 5)}, r"lengths: \(6, 5\) "),
        ({"count": -1}, "count: -1 "),
        ({"one_word_in": 0}, "one_word_in: 0 .*1 or more"),
    ],
)
def test_wrong_arguments_are_refused_by_name_and_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        generate(**({"language": "french", "count": 1} | arguments))


@pytest.mark.parametrize(
    ("sizes", "message"),
    [((5, -2, 3), "validation: -2 "), ((-1, 5, 5), "train: -1 "), ((5, 5, -1), "test: -1 ")],
)
def test_a_negative_split_is_refused_by_name_and_value(sizes, message):
    with pytest.raises(ValueError, match=message):
        generate_splits("french", *sizes)


def test_asking_for_more_sentences_than_there_are_is_refused(monkeypatch):
    monkeypatch.setattr(corpus, "PATIENCE", 3)  # three repeats in a row are soon found
    with pytest.raises(ValueError, match=r"count: 1000000 .*3 to 3 words \(found \d+\)") as raised:
        generate("french", 1_000_000, (3, 3))
    found = int(re.search(r"found (\d+)", str(raised.value))[1])
    assert found > 100, "a few repeats that are not in a row do no harm"
    assert len(generate("french", found, (3, 3))) == found


if __name__ == "__main__":
    for each in LANGUAGES:
        print(digest(each))
