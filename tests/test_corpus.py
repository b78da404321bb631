"""Sentence pairs, from the grammar and from files: as many, as long and as distinct as asked for."""

import gzip
import hashlib
import json
import os
import random
import re
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import pytest

import seq2seq_utils
from seq2seq_utils import corpus
from seq2seq_utils.corpus import (
    SentencePair,
    common_words_only,
    count_words,
    generate,
    generate_splits,
    read_pairs,
    split_pairs,
)
from seq2seq_utils.grammar import Sampler, lexicon, say

LANGUAGES = ["french", "korean"]

# What `python tests/test_corpus.py LANGUAGE` prints. A change of the lexicon or the grammar changes every
# corpus, and with it these digests: if the change was meant, run that for both languages and put the new
# values here. If nothing was changed, one seed no longer gives one corpus everywhere: find out why.
DIGESTS = {
    "french": "5d1b3c6f8fab65387aa40f1b624aae2fba29e873f7ef2e7db8f78f249a15df9b",
    "korean": "9915a341a89ee0eb4447ac10c29711d3b82ea6f2e6c47fec0eb972b74a404547",
}


def digest(language: str) -> str:
    """A fingerprint of 5,000 pairs, their order and their links included."""
    whole = hashlib.sha256()
    for pair in generate(language, 5_000, (3, 20), seed=2024):
        links = sorted(pair.alignment.sure), sorted(pair.alignment.possible)
        words = pair.alignment.source_words, pair.alignment.target_words
        whole.update(json.dumps([pair.source, pair.target, words, links]).encode())
    return whole.hexdigest()


# ------------------------------------------------------------------------------- from the grammar
@pytest.fixture(scope="module", params=LANGUAGES)
def pairs(request):
    return generate(request.param, 5_000, (3, 20), seed=5)


@pytest.fixture(scope="module")
def translations():
    """60,000 sentences as the sampler imagines them, repeats and all: what each is translated as."""
    found = {language: {} for language in LANGUAGES}
    for seed in range(6):
        sampler = Sampler(seed)
        for number in range(10_000):
            meaning = sampler.meaning(3 + number % 9 if number % 20 else 24)
            for language in LANGUAGES:
                source, target, sure, possible = say(meaning, language)
                translation = (" ".join(target), frozenset(sure), frozenset(possible))
                found[language].setdefault(" ".join(source), Counter())[translation] += 1
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sentence_has_one_translation_and_one_alignment(translations, language):
    said = translations[language]
    assert [(source, each) for source, each in said.items() if len(each) > 1] == []
    often = sum(1 for each in said.values() if each.total() > 1)
    assert often > 1_000, "too few sentences came twice for this to show anything"


def test_every_noun_verb_and_adjective_of_the_lexicon_is_generated(translations):
    words = {word for source in translations["french"] for word in source.split()}
    assert len(words) >= 300
    nouns = {form for noun in lexicon.NOUNS for form in noun.english}
    verbs = {form for verbs in lexicon.VERBS.values() for verb in verbs for form in verb.english}
    assert (nouns | verbs | {each.english for each in lexicon.ADJECTIVES}) - words == set()


def test_a_corpus_of_5000_pairs_has_at_least_300_english_words(pairs):
    words = {word for pair in pairs for word in pair.alignment.source_words if word.isalpha()}
    assert len(words) >= 300


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_length_from_3_to_45_words_is_delivered_exactly(language):
    for length in range(3, 46):
        for pair in generate(language, 12, (length, length), seed=length):
            assert len(re.findall(r"\w+", pair.source)) == length, pair.source
            assert count_words(pair.source) == length


def test_a_smaller_world_has_the_most_frequent_words_only():
    sources = ["a a b.", "A c.", "b a.", "d.", "a c d."]
    pairs = [SentencePair(source, source.upper()) for source in sources]
    # Counts: a 5, . 5, then b 2, c 2, d 2; of equally frequent words the first in the alphabet stay.
    assert common_words_only(pairs, 3) == [pairs[0], pairs[2]]
    assert common_words_only(pairs, 4) == pairs[:3]
    assert common_words_only(pairs, 99) == pairs
    with pytest.raises(ValueError, match="size: 0 is not allowed; it must be 1 or more"):
        common_words_only(pairs, 0)


@pytest.mark.parametrize("language", LANGUAGES)
def test_one_word_in_three_makes_a_smaller_world_by_the_same_grammar(language):
    def words(one_word_in: int) -> Counter:
        pairs = generate(language, 4_000, (3, 20), seed=1, one_word_in=one_word_in)
        return Counter(word for pair in pairs for word in pair.alignment.source_words)

    everything, half, third = words(1), words(2), words(3)
    assert len(third) < 0.85 * len(half) < 0.85 * 0.7 * len(everything)
    assert third.keys() <= everything.keys()
    # What is there is there often: no word is left over that could not be learned.
    assert sum(count < 4 for count in third.values()) < 0.05 * len(third)
    # Every construction is: negation, relative clauses, conjunctions, numbers, places and times.
    assert {"not", "never", "that", "who", "because", "seven", "every", "behind", "tomorrow"} <= third.keys()


@pytest.mark.parametrize("one_word_in", [2, 3, 10, 1000])
def test_sentences_of_a_smaller_world_are_found_however_few_its_words(one_word_in):
    assert len(generate("french", 300, (3, 20), seed=4, one_word_in=one_word_in)) == 300


def test_a_world_without_words_is_refused():
    with pytest.raises(ValueError, match="one_word_in: 0 is not allowed"):
        generate("french", 1, one_word_in=0)


def test_words_are_counted_without_punctuation():
    assert count_words("Yesterday, the cat's nice-looking owner slept.") == 6


def test_each_length_between_the_limits_is_as_likely():
    lengths = Counter(len(re.findall(r"\w+", pair.source)) for pair in generate("french", 4_000, (6, 13)))
    assert lengths.keys() == set(range(6, 14))
    assert all(abs(count - 500) < 100 for count in lengths.values()), lengths


@pytest.mark.parametrize("lengths", [(3, 3), (3, 5), (10, 30)])
def test_sentences_of_one_call_are_distinct(lengths):
    sources = [pair.source for pair in generate("korean", 3_000, lengths, seed=3)]
    assert len(set(sources)) == len(sources) == 3_000


def test_both_languages_translate_the_same_english_sentences():
    french, korean = (generate(language, 200, (3, 12), seed=8) for language in LANGUAGES)
    assert [pair.source for pair in french] == [pair.source for pair in korean]


def test_another_seed_gives_another_corpus_and_a_longer_one_begins_with_the_shorter():
    pairs = generate("french", 100, seed=1)
    assert generate("french", 150, seed=1)[:100] == pairs
    assert not {pair.source for pair in generate("french", 100, seed=2)} & {pair.source for pair in pairs}


def test_a_sentence_is_written_with_a_capital_and_a_full_stop(pairs):
    for pair in pairs:
        for text in (pair.source, pair.target):
            assert text[0] == text[0].upper()
            assert re.fullmatch(r"[^.]*[^ .,]\.", text), text


# ------------------------------------------------------------------------------------- alignments
def test_links_are_within_the_sentences_and_sure_ones_are_possible(pairs):
    for pair in pairs:
        source_words, target_words, sure, possible = (
            getattr(pair.alignment, field) for field in pair.alignment.__slots__
        )
        assert sure <= possible
        assert all(0 <= i < len(source_words) and 0 <= j < len(target_words) for i, j in possible)


def test_every_noun_verb_and_adjective_has_a_sure_link(pairs):
    content = {form.lower() for noun in lexicon.NOUNS for form in noun.english}
    content |= {form for verbs in lexicon.VERBS.values() for verb in verbs for form in verb.english}
    content |= {adjective.english for adjective in lexicon.ADJECTIVES}
    for pair in pairs:
        linked = {i for i, _ in pair.alignment.sure}
        words = pair.alignment.source_words
        assert [word for i, word in enumerate(words) if word in content and i not in linked] == []


def test_every_word_of_a_translation_comes_from_somewhere(pairs):
    for pair in pairs:
        words = pair.alignment.target_words
        linked = {j for _, j in pair.alignment.possible}
        # Only the comma after a Korean subordinate clause has no counterpart.
        assert [word for j, word in enumerate(words) if word != "," and j not in linked] == []


@cache
def partners(language: str) -> dict[str, set[str]]:
    """For each word of the translations, the English words that it is ever linked to."""
    found = defaultdict(set)
    for pair in generate(language, 5_000, (3, 15), seed=6):
        for i, j in pair.alignment.possible:
            found[pair.alignment.target_words[j]].add(pair.alignment.source_words[i])
    return found


@pytest.mark.parametrize(
    ("language", "word", "expected"),
    [
        ("french", "pas", "not"),
        ("french", "ne", "not never"),
        ("french", "jamais", "never"),
        ("french", "qui", "that who"),
        ("french", "roi", "king"),
        ("french", "et", "and"),
        ("french", ".", "."),
        ("korean", "결코", "never"),
        ("korean", "않는다", "not never do does"),
        ("korean", "않다", "not is are"),
        ("korean", "때문에", "because"),
        ("korean", "왕", "king kings"),
    ],
)
def test_a_word_is_linked_to_nothing_but_what_it_translates(language, word, expected):
    assert partners(language)[word] == set(expected.split())


# ------------------------------------------------------------------------- what is never imagined
def clauses(meaning):
    """Every clause of a meaning, relative ones too, and whether it opens the sentence."""
    for part in meaning:
        for clause in (part.main, part.subordinate):
            if clause is not None:
                yield clause, part is meaning[0] and clause is part.main
                yield from (
                    (phrase.relative, False) for phrase in noun_phrases(clause) if phrase.relative is not None
                )


def noun_phrases(clause):
    where = clause.place.noun_phrase if clause.place else None
    for phrase in (clause.subject, clause.object, clause.recipient, clause.goal, where):
        while phrase is not None:
            yield phrase
            if phrase.owner is not None:
                yield phrase.owner
            phrase = phrase.second


@pytest.fixture(scope="module")
def imagined():
    """The clauses of 10,000 meanings, each with whether it opens its sentence."""
    sampler = Sampler(99)
    meanings = [sampler.meaning(3 + number % 18) for number in range(10_000)]
    return [found for meaning in meanings for found in clauses(meaning)]


def says(clause, *determiners):
    return any(phrase.determiner in determiners for phrase in noun_phrases(clause))


def shows_gender(clause):
    return clause.adjective is not None or (clause.verb.etre and clause.tense == "past")


def ends_in_relative(clause):
    return clause.object is not None and clause.object.relative is not None


def qualities(phrase, predicate=None):
    said = (phrase.before, phrase.after, predicate)
    return [adjective.quality for adjective in said if adjective is not None]


def repeats(things):
    return len(set(things)) < len(things)


_UNOWNED = {"adult", "elder", "child", "region", "landscape", "fruit", "produce", "dessert"}
NEVER = {  # what would have a second reading, no French form, or no sense
    "every or some beside a negation": lambda c, first: c.negation and says(c, "every", "some"),
    "a new subject beside a negation": lambda c, first: c.negation and c.subject.determiner == "a",
    "I or we where French shows the gender": lambda c, first: (
        shows_gender(c) and c.subject.determiner in ("I", "we")
    ),
    "he or she after somebody was named": lambda c, first: (
        not first and c.subject.determiner in ("he", "she")
    ),
    "a place with a verb that takes none": lambda c, first: c.place and not c.verb.takes_place,
    "a place after a relative clause": lambda c, first: c.place and ends_in_relative(c),
    "a recipient after a relative clause": lambda c, first: c.recipient and ends_in_relative(c),
    "a time after a relative clause": lambda c, first: c.time and not c.time_first and ends_in_relative(c),
    "two colours of one thing": lambda c, first: any(repeats(qualities(p)) for p in noun_phrases(c)),
    "the small house is big": lambda c, first: repeats(qualities(c.subject, c.adjective)),
    "the good book": lambda c, first: any(
        p.before and p.before.not_with_the and p.determiner == "the" for p in noun_phrases(c)
    ),
    "my woman": lambda c, first: any(
        p.noun and p.noun.unowned and p.determiner in ("my", "our") for p in noun_phrases(c)
    ),
    "the apple of the king": lambda c, first: any(
        p.owner and p.noun.kind in _UNOWNED for p in noun_phrases(c)
    ),
    "an object that the verb does not act on": lambda c, first: (
        c.object and not {c.object.noun, (c.object.second or c.object).noun} <= set(c.verb.objects)
    ),
}


@pytest.mark.parametrize("breaks_the_rule", NEVER.values(), ids=NEVER)
def test_the_sampler_never_imagines(imagined, breaks_the_rule):
    assert len(imagined) > 10_000
    assert [clause for clause, first in imagined if breaks_the_rule(clause, first)] == []


# ------------------------------------------------------------------------------------ determinism
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_a_seed_gives_the_same_corpus_in_every_process_and_on_every_machine(language, hash_seed):
    package = str(Path(seq2seq_utils.__file__).parents[1])
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": package}
    command = [sys.executable, __file__, language]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == DIGESTS[language]


def test_generating_neither_uses_nor_disturbs_the_random_numbers_of_others():
    random.seed(1)
    before = random.getstate()
    pairs = generate("french", 20, seed=4)
    assert random.getstate() == before
    random.seed(2)
    assert generate("french", 20, seed=4) == pairs


# ----------------------------------------------------------------------- splits, exclude, refusals
@pytest.mark.parametrize("language", LANGUAGES)
def test_generated_splits_have_their_sizes_and_share_no_source(language):
    splits = generate_splits(language, 3_000, 500, 400, (3, 4), seed=1)
    assert [len(part) for part in splits] == [3_000, 500, 400]
    sources = [{pair.source for pair in part} for part in (splits.train, splits.validation, splits.test)]
    assert len(set.union(*sources)) == 3_900


def test_excluded_sentences_do_not_come_again():
    first = generate("french", 2_000, (3, 3), seed=1)
    seen = {pair.source for pair in first}
    assert any(pair.source in seen for pair in generate("french", 2_000, (3, 3), seed=2))
    others = generate("french", 2_000, (3, 3), seed=2, exclude=(pair for pair in first))
    assert len(others) == 2_000
    assert not any(pair.source in seen for pair in others)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"language": "german"}, "language: 'german' .*french, korean"),
        ({"language": "English"}, "language: 'English' "),
        ({"lengths": (2, 5)}, r"lengths: \(2, 5\) .* at least 3"),
        ({"lengths": (6, 5)}, r"lengths: \(6, 5\) "),
        ({"count": -1}, "count: -1 "),
    ],
)
def test_wrong_arguments_are_refused_by_name_and_value(arguments, message):
    with pytest.raises(ValueError, match=message):
        generate(**({"language": "french", "count": 1} | arguments))


@pytest.mark.parametrize("sizes", [(5, -2, 3), (-1, 5, 5), (5, 5, -1)])
def test_a_negative_split_is_refused_by_name_and_value(sizes):
    value = min(sizes)
    name = ("train", "validation", "test")[sizes.index(value)]
    with pytest.raises(ValueError, match=f"{name}.*{value}"):
        generate_splits("french", *sizes)


def test_asking_for_more_sentences_than_there_are_is_refused(monkeypatch):
    monkeypatch.setattr(corpus, "_PATIENCE", 3)  # three repeats in a row are soon found
    with pytest.raises(ValueError, match=r"count: 1000000 .*3 to 3 words \(found \d+\)") as raised:
        generate("french", 1_000_000, (3, 3))
    found = int(re.search(r"found (\d+)", str(raised.value))[1])
    assert found > 100, "a few repeats that are not in a row do no harm"
    assert len(generate("french", found, (3, 3))) == found


def test_no_pairs_are_no_error():
    assert generate("french", 0) == []


# ---------------------------------------------------------------------------------------- from files
TWO_PAIRS = [SentencePair("Go.", "Va !"), SentencePair("I see.", "Je vois.")]


@pytest.fixture
def write(tmp_path):
    def write(content: bytes | str, name: str = "pairs.tsv") -> Path:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [
        b"Go.\tVa !\nI see.\tJe vois.\n",
        b"Go.\tVa !\nI see.\tJe vois.",  # no newline at the end
        b"Go.\tVa !\tCC-BY 2.0 (France)\t#1\nI see.\tJe vois.\t\n",  # more columns, as Tatoeba's
        b"\xef\xbb\xbfGo.\tVa !\nI see.\tJe vois.\n",  # a byte order mark
        b"Go.\tVa !\r\nI see.\tJe vois.\r\n",
        b"Go.\tVa !\nI see.\tJe vois.\n\n \r\n\n",  # blank lines at the end
        b" Go. \t Va !\nI see.\tJe vois. \n",
        gzip.compress(b"Go.\tVa !\nI see.\tJe vois.\n"),
        gzip.compress(b"\xef\xbb\xbfGo.\tVa !\r\nI see.\tJe vois.\r\n\r\n"),
    ],
    ids=("plain", "unfinished", "columns", "bom", "crlf", "blank", "spaces", "gzip", "gzip-bom-crlf"),
)
def test_pairs_are_read_from_tab_separated_columns(write, content):
    path = write(content)
    assert read_pairs(path) == read_pairs(str(path)) == TWO_PAIRS


def test_letters_beyond_ascii_and_line_separators_within_a_sentence_are_kept(write):
    path = write("안녕.\tL’été\u2028là\x85.\n")
    assert read_pairs(path) == [SentencePair("안녕.", "L’été\u2028là\x85.")]


def test_repeats_are_kept_in_the_order_of_the_file(write):
    path = write("b\t1\na\t2\nb\t3\nb\t1\n")
    assert [(pair.source, pair.target) for pair in read_pairs(path)] == [
        tuple(p) for p in ("b1", "a2", "b3", "b1")
    ]


@pytest.mark.parametrize("content", [b"", b"\n\n", gzip.compress(b"")])
def test_an_empty_file_has_no_pairs(write, content):
    assert read_pairs(write(content)) == []


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (b"Go.\nI see.\n", b"Va !\nJe vois."),
        (b"\xef\xbb\xbfGo.\r\nI see.\r\n\r\n", gzip.compress(b"Va !\nJe vois.\n")),
    ],
)
def test_pairs_are_read_from_two_parallel_files(write, source, target):
    assert read_pairs(write(source, "en"), write(target, "fr")) == TWO_PAIRS


@pytest.mark.parametrize(
    ("content", "line", "complaint"),
    [
        ("Go.\tVa !\nI see.\n", 2, "no tab in 'I see.'"),
        ("Go.\tVa !\n\nI see.\tJe vois.\n", 2, "no tab"),
        ("Go.\tVa !\n\tJe vois.\nA\tB\n", 2, "source sentence is empty"),
        ("Go.\t \nA\tB\n", 1, "target sentence is empty"),
        ("Go.\t\tCC-BY\n", 1, "target sentence is empty"),
        ("A\tB\nGo.\t\n", 2, "target sentence is empty"),  # the last line
        ("Go.\tVa !\nÉté\tÀ\n".encode("latin-1"), 2, "not UTF-8"),
        (b"A\tB\r\nA\tB\r\nA\tB\xff\r\nA\tB", 3, "not UTF-8"),
        (gzip.compress(b"A\tB\n\xff\tB\n"), 2, "not UTF-8"),
        ("A\tB\n".encode("utf-16"), 1, "not UTF-8"),
    ],
)
def test_a_bad_line_is_refused_with_file_and_line(write, content, line, complaint):
    path = write(content)
    with pytest.raises(ValueError, match=complaint) as raised:
        read_pairs(path)
    assert f"{path}, line {line}:" in str(raised.value)


@pytest.mark.parametrize(
    ("source", "target", "place", "complaint"),
    [
        ("A\nB\nC\n", "a\nb\n", "fr: ends before line 3", "parallel"),
        ("A\n", "a\nb\nc\n", "en: ends before line 2", "parallel"),
        ("", "a\n", "en: ends before line 1", "parallel"),
        ("A\n\nC\n", "a\nb\nc\n", "en, line 2:", "source sentence is empty"),
        ("A\nB\nC\n", "a\n\nc\n", "fr, line 2:", "target sentence is empty"),
        ("A\nB\n", b"a\n\xff\n", "fr, line 2:", "not UTF-8"),
    ],
)
def test_files_that_are_not_parallel_are_refused_with_file_and_line(write, source, target, place, complaint):
    with pytest.raises(ValueError, match=complaint) as raised:
        read_pairs(write(source, "en"), write(target, "fr"))
    assert f"{os.sep}{place}" in str(raised.value)


def test_a_missing_file_is_not_found(write, tmp_path):
    missing = tmp_path / "missing.tsv"
    with pytest.raises(FileNotFoundError, match=r"missing\.tsv"):
        read_pairs(missing)
    with pytest.raises(FileNotFoundError, match=r"missing\.tsv"):
        read_pairs(write("A\n"), missing)


# ----------------------------------------------------------------------------------- split_pairs
MANY_PAIRS = [SentencePair(f"source {number % 60}", f"target {number}") for number in range(150)]


def test_all_translations_of_a_sentence_are_in_one_split():
    splits = split_pairs(MANY_PAIRS, validation=10, test=20, seed=3)
    sources = [{pair.source for pair in part} for part in splits]
    assert [len(each) for each in sources] == [30, 10, 20]
    assert len(set.union(*sources)) == 60
    assert sorted(pair.target for part in splits for pair in part) == sorted(p.target for p in MANY_PAIRS)


def test_repeated_pairs_are_kept():
    splits = split_pairs([*MANY_PAIRS, *MANY_PAIRS], validation=10, test=20)
    assert sum(len(part) for part in splits) == 300


def test_a_seed_gives_one_split():
    assert split_pairs(MANY_PAIRS, 10, 20, seed=3) == split_pairs(iter(MANY_PAIRS), 10, 20, seed=3)
    assert split_pairs(MANY_PAIRS, 10, 20, seed=3) != split_pairs(MANY_PAIRS, 10, 20, seed=4)
    pinned = {pair.source for pair in split_pairs(MANY_PAIRS, 3, 3, seed=0).test}
    assert pinned == {"source 36", "source 42", "source 44"}, "another Python, another split"


@pytest.mark.parametrize(("validation", "test"), [(30, 30), (60, 0), (100, 1), (-1, 5), (5, -1)])
def test_a_split_that_leaves_nothing_to_train_on_is_refused(validation, test):
    with pytest.raises(ValueError, match=f"validation, test: {validation} and {test} .*60 distinct"):
        split_pairs(MANY_PAIRS, validation, test)


def test_validation_and_test_may_be_empty():
    splits = split_pairs(MANY_PAIRS, 0, 0)
    assert (len(splits.train), splits.validation, splits.test) == (150, [], [])


if __name__ == "__main__":
    print(digest(sys.argv[1]))


def test_a_gzip_file_that_is_cut_off_is_refused(tmp_path):
    path = tmp_path / "cut.tsv.gz"
    path.write_bytes(gzip.compress(b"Go.\tVa.\n" * 50)[:-8])
    with pytest.raises(ValueError, match=r"cut\.tsv\.gz: not a whole gzip file"):
        corpus.read_pairs(path)
