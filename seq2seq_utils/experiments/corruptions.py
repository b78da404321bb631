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
    "cet": {"cette"},
    "cette": {"ce", "cet"},
    "mon": {"ma"},
    "ma": {"mon"},
}
_FULL: Others = {"l'": {"le", "la"}, "n'": {"ne"}, "j'": {"je"}, "qu'": {"que"}, "d'": {"de"}}
_SPLIT = {"au": ["à", "le"], "aux": ["à", "les"], "du": ["de", "le"]}
# Of either gender, with two meanings: "la tour" is a tower, "le tour" a round trip.
_TWO_NOUNS = ("chèvre", "livre", "orange", "pendule", "tour", "vase")
# The grammar lets them stand alone, but they may have an object, and so a passive: "un médecin est attendu".
_WITH_A_PASSIVE = (
    "attendu",
    "chanté",
    "couru",
    "crié",
    "dansé",
    "joué",
    "nagé",
    "pleuré",
    "rêvé",
    "sauté",
    "travaillé",
)
_AVOIR, _ETRE = forms.AVOIR, forms.COPULA["present"]


def corruptions(sentence: str) -> Iterator[tuple[str, str]]:
    """Every sentence that one mistake makes of a correct French one of the grammar.

    What is a matter of style, or of who or what is spoken of, is no mistake: *des petits chats*, *les juges
    sont parties*, *le tour*.

    Args:
        sentence: a French sentence.

    Yields:
        The name of the rule that is broken, and the sentence with that mistake in it and no other.
    """
    words = tokenizer("french")
    tokens = words.tokenize(sentence.lower())
    for name, spoil in _RULES.items():
        for spoiled in spoil(tokens):
            if spoiled != tokens and (name in _OF_ELISION or _is_elided_rightly(spoiled)):
                yield name, words.join(spoiled)
    for text in _other_times(sentence.lower()):
        yield "time of another tense", text


# ------------------------------------------------------------------------------------------ the rules
def _gender_of_article(tokens: Sequence[str]) -> Iterator[Tokens]:
    if not _may_be_of_either_gender(tokens) and not set(tokens) & set(_TWO_NOUNS):
        yield from _replaced(tokens, _GENDERS)


def _agreement_of_adjective(tokens: Sequence[str]) -> Iterator[Tokens]:
    if not _may_be_of_either_gender(tokens):
        yield from _replaced(tokens, _other_forms_of_adjectives())


def _agreement_of_participle(tokens: Sequence[str]) -> Iterator[Tokens]:
    """Where it is one: "il écrit" has the same form as "il a écrit"."""
    if not _may_be_of_either_gender(tokens):
        for spoiled in _replaced(tokens, _other_forms_of_participles()):
            if _word_before(tokens, _changed(tokens, spoiled)) in (*_AVOIR, *_ETRE):
                yield spoiled


def _person_of_verb(tokens: Sequence[str]) -> Iterator[Tokens]:
    """Where the form is finite: "il a écrit" has a participle, which is no person's."""
    for spoiled in _replaced(tokens, _other_persons()):
        if _word_before(tokens, _changed(tokens, spoiled)) not in (*_AVOIR, *_ETRE):
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


def _de_for_des(tokens: Sequence[str]) -> Iterator[Tokens]:
    """As in *Il voit de chats*; not where *des* is *de* and *les*."""
    nouns = forms.slots()[2]
    for at, token in enumerate(tokens):
        after_noun = at and (tokens[at - 1] == "près" or tokens[at - 1] in nouns)
        if token == "des" and not after_noun:
            elided = french.begins_with_vowel(tokens[at + 1])
            yield [*tokens[:at], "d'" if elided else "de", *tokens[at + 1 :]]


def _colour_before_its_noun(tokens: Sequence[str]) -> Iterator[Tokens]:
    _, _, nouns, after = forms.slots()
    colours = {form for form in after if forms.lemmas()[form] in ("red", "blue", "yellow", "white", "black")}
    for at, (token, following) in enumerate(pairwise(tokens)):
        if token in nouns and following in colours:
            yield [*tokens[:at], following, token, *tokens[at + 2 :]]


def _other_auxiliary(tokens: Sequence[str]) -> Iterator[Tokens]:
    """Avoir for être or être for avoir, before a participle; not where it makes a passive."""
    others = {form: {_ETRE[at]} for at, form in enumerate(_AVOIR)}
    others |= {form: {_AVOIR[at]} for at, form in enumerate(_ETRE)}
    for spoiled in _replaced(tokens, others):
        at = _changed(tokens, spoiled)
        behind = [token for token in tokens[at + 1 :] if token not in ("pas", "jamais")][:1]
        is_participle = behind and any(behind[0] in known for known in forms.participles().values())
        if is_participle and not (tokens[at] in _AVOIR and behind[0] in _WITH_A_PASSIVE):
            yield spoiled


def _word_twice(tokens: Sequence[str]) -> Iterator[Tokens]:
    """But for *nous*: "nous nous cachons" is French."""
    for at, token in enumerate(tokens):
        if token[0].isalpha() and token != "nous":
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
    "de before a noun": _de_for_des,
    "colour before its noun": _colour_before_its_noun,
    "a word twice": _word_twice,
}
_OF_ELISION = ("no elision", "à le, de le")


def _other_times(sentence: str) -> Iterator[str]:
    """With a time that goes with none of the tenses of the one that is there."""
    for time, tenses in forms.times().items():
        if time in sentence:
            for other, others in forms.times().items():
                if not tenses & others:
                    yield sentence.replace(time, other)


# -------------------------------------------------------------------------------------------- the means
def _changed(tokens: Sequence[str], spoiled: Sequence[str]) -> int:
    """Where the one word stands that has been replaced."""
    return next(place for place, (old, new) in enumerate(zip(tokens, spoiled, strict=True)) if old != new)


def _word_before(tokens: Sequence[str], at: int) -> str:
    """The last word before a place that is not *pas* or *jamais*, or nothing."""
    return next((token for token in reversed(tokens[:at]) if token not in ("pas", "jamais")), "")


def _may_be_of_either_gender(tokens: Sequence[str]) -> bool:
    """Whether another gender may be right: of *je* and *nous* beside être, and of some nouns."""
    nouns = {form for noun in forms.OF_EITHER_GENDER for form in (noun, f"{noun}s")}
    of_person = [form for tense in forms.COPULA.values() for form in tense[::2]]  # je and nous
    return any(token in nouns or token in of_person for token in tokens)


def _is_elided_rightly(tokens: Sequence[str]) -> bool:
    """And whether *ce*, *cet* and *ma* stand where they may."""
    before_vowel = {*_FULL, "cet"}
    before_consonant = {word for words in _FULL.values() for word in words} | {"ce", "ma"}
    return not any(
        token in (before_consonant if french.begins_with_vowel(following) else before_vowel)
        for token, following in pairwise(tokens)
    )


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
        + [set(persons) for persons in (_AVOIR, *forms.COPULA.values())]
    )
