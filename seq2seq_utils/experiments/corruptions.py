"""Breaks a rule of French in a correct sentence, to see whether `patterns` notices: its controls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from seq2seq_utils.experiments import forms
from seq2seq_utils.grammar import french, lexicon, tokenizer

Tokens = list[str]
Others = dict[str, set[str]]  # for each word what is put in its place

_GENDERS: Others = {
    "le": {"la"},
    "la": {"le"},
    "un": {"une"},
    "une": {"un"},
    "ce": {"cette"},
    "cette": {"ce"},
}
_FULL: Others = {"l'": {"le", "la"}, "n'": {"ne"}, "j'": {"je"}, "qu'": {"que"}, "d'": {"de"}}
_SPLIT = {"au": ["à", "le"], "aux": ["à", "les"], "du": ["de", "le"]}
_AVOIR, _ETRE = forms.AVOIR, forms.COPULA["present"]


def corruptions(sentence: str) -> Iterator[tuple[str, str]]:
    """Every sentence that one mistake makes of a correct French one of the grammar.

    Args:
        sentence: a French sentence.

    Yields:
        The name of the rule that is broken, and the sentence with that mistake in it and no other.
    """
    words = tokenizer("french")
    tokens = words.tokenize(sentence.lower())
    for name, spoil in _RULES.items():
        for spoiled in spoil(tokens):
            if spoiled != tokens:
                yield name, words.join(spoiled)
    for text in _other_times(sentence.lower()):
        yield "time of another tense", text


# ------------------------------------------------------------------------------------------ the rules
def _gender_of_article(tokens: Sequence[str]) -> Iterator[Tokens]:
    return _replaced(tokens, _GENDERS)


def _agreement_of_adjective(tokens: Sequence[str]) -> Iterator[Tokens]:
    return _replaced(tokens, _other_forms_of_adjectives())


def _agreement_of_participle(tokens: Sequence[str]) -> Iterator[Tokens]:
    return _replaced(tokens, _other_forms_of_participles())


def _person_of_verb(tokens: Sequence[str]) -> Iterator[Tokens]:
    """Where the form is finite: "il a écrit" has a participle, which is no person's."""
    for spoiled in _replaced(tokens, _other_persons()):
        at = _changed(tokens, spoiled)
        before = [token for token in tokens[:at] if token not in ("pas", "jamais")][-1:]
        if not before or before[0] not in (*_AVOIR, *_ETRE):
            yield spoiled


def _no_elision(tokens: Sequence[str]) -> Iterator[Tokens]:
    return _replaced(tokens, _FULL)


def _no_contraction(tokens: Sequence[str]) -> Iterator[Tokens]:
    for at, token in enumerate(tokens):
        if token in _SPLIT and tokens[at + 1] != "printemps":
            yield [*tokens[:at], *_SPLIT[token], *tokens[at + 1 :]]


def _ne_left_out(tokens: Sequence[str]) -> Iterator[Tokens]:
    return _without(tokens, ("ne", "n'"))


def _pas_left_out(tokens: Sequence[str]) -> Iterator[Tokens]:
    return _without(tokens, ("pas", "jamais"))


def _un_after_not(tokens: Sequence[str]) -> Iterator[Tokens]:
    """As in *Il ne voit pas un chat*; the grammar has *pas de chat*."""
    nouns = forms.slots()[2]
    for at, token in enumerate(tokens):
        if token in ("de", "d'") and "pas" in tokens[max(at - 2, 0) : at]:
            noun = next(word for word in tokens[at + 1 :] if word in nouns)
            for article, gender in (("un", "ms"), ("une", "fs")):
                if gender in nouns[noun][0] | nouns[noun][1]:
                    yield [*tokens[:at], article, *tokens[at + 1 :]]


def _de_for_des(tokens: Sequence[str]) -> Iterator[Tokens]:
    """As in *Il voit de chats*; not where *des* is *de* and *les*."""
    nouns = forms.slots()[2]
    for at, token in enumerate(tokens):
        after_noun = at and (tokens[at - 1] == "près" or tokens[at - 1] in nouns)
        if token == "des" and not after_noun:
            elided = french.begins_with_vowel(tokens[at + 1])
            yield [*tokens[:at], "d'" if elided else "de", *tokens[at + 1 :]]


def _des_for_de(tokens: Sequence[str]) -> Iterator[Tokens]:
    """As in *Il voit des petits chats*; the grammar has *de petits chats*."""
    before = forms.slots()[1]
    for at, token in enumerate(tokens[:-1]):
        if token in ("de", "d'") and tokens[at + 1] in before:
            yield [*tokens[:at], "des", *tokens[at + 1 :]]


def _adjective_on_the_other_side(tokens: Sequence[str]) -> Iterator[Tokens]:
    _, before, nouns, after = forms.slots()
    for at, (token, following) in enumerate(pairwise(tokens)):
        if (token in before and following in nouns) or (token in nouns and following in after):
            yield [*tokens[:at], following, token, *tokens[at + 2 :]]


def _other_auxiliary(tokens: Sequence[str]) -> Iterator[Tokens]:
    """Avoir for être or être for avoir, before a participle."""
    others = {form: {_ETRE[at]} for at, form in enumerate(_AVOIR)}
    others |= {form: {_AVOIR[at]} for at, form in enumerate(_ETRE)}
    for spoiled in _replaced(tokens, others):
        at = _changed(tokens, spoiled)
        behind = [token for token in tokens[at + 1 :] if token not in ("pas", "jamais")][:1]
        if behind and any(behind[0] in known for known in forms.participles().values()):
            yield spoiled


def _word_twice(tokens: Sequence[str]) -> Iterator[Tokens]:
    for at, token in enumerate(tokens):
        yield [*tokens[:at], token, token, *tokens[at + 1 :]]


_RULES: dict[str, Callable[[Sequence[str]], Iterator[Tokens]]] = {
    "gender of an article": _gender_of_article,
    "form of an adjective": _agreement_of_adjective,
    "form of a participle": _agreement_of_participle,
    "person of a verb": _person_of_verb,
    "avoir or être": _other_auxiliary,
    "no elision": _no_elision,
    "à le, de le": _no_contraction,
    "ne left out": _ne_left_out,
    "pas left out": _pas_left_out,
    "un after not": _un_after_not,
    "de before a noun": _de_for_des,
    "des before an adjective": _des_for_de,
    "place of an adjective": _adjective_on_the_other_side,
    "a word twice": _word_twice,
}


def _other_times(sentence: str) -> Iterator[str]:
    """With a time that goes with none of the tenses of the one that is there; *bientôt* only at the head."""
    at_head = {"bientôt"}
    for time, tenses in forms.times().items():
        if time in sentence:
            for other, others in forms.times().items():
                if not tenses & others and not {time, other} & at_head:
                    yield sentence.replace(time, other)


# -------------------------------------------------------------------------------------------- the means
def _changed(tokens: Sequence[str], spoiled: Sequence[str]) -> int:
    """Where the one word stands that has been replaced."""
    return next(place for place, (old, new) in enumerate(zip(tokens, spoiled, strict=True)) if old != new)


def _replaced(tokens: Sequence[str], others: Others) -> Iterator[Tokens]:
    for at, token in enumerate(tokens):
        for other in sorted(others.get(token, ())):
            yield [*tokens[:at], other, *tokens[at + 1 :]]


def _without(tokens: Sequence[str], left_out: Sequence[str]) -> Iterator[Tokens]:
    for at, token in enumerate(tokens):
        if token in left_out:
            yield [*tokens[:at], *tokens[at + 1 :]]


def _each_for_the_others(groups: Sequence[set[str]]) -> Others:
    others: Others = {}
    for group in groups:
        for word in group:
            others.setdefault(word, set()).update(group - {word})
    return others


@lru_cache(maxsize=1)
def _other_forms_of_adjectives() -> Others:
    return _each_for_the_others(
        [
            {form for both in adjective.french for form in both} | {adjective.french_before_vowel}
            for adjective in lexicon.ADJECTIVES
        ]
    )


@lru_cache(maxsize=1)
def _other_forms_of_participles() -> Others:
    stems = [verb.french_participle for verbs in lexicon.VERBS.values() for verb in verbs]
    return _each_for_the_others([{form for _, form in forms.participle_forms(stem)} for stem in stems])


@lru_cache(maxsize=1)
def _other_persons() -> Others:
    verbs = [verb for verbs in lexicon.VERBS.values() for verb in verbs]
    return _each_for_the_others(
        [
            {french.simple_form(verb, tense, person) for person in range(4)}
            for verb in verbs
            for tense in ("present", "future", "past")
        ]
    )
