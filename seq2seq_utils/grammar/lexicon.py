"""Reads `lexicon.toml`: every word of the grammar, in English, French and Korean, as plain records."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seq2seq_utils.grammar import particles

_Entry = dict[str, Any]  # of the table: words, lists of classes and yes or no, by their keys
_DATA: _Entry = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True, eq=False)
class Noun:
    """A noun: `kind` is its class (``"animal"``), `counter` the Korean word that counts it."""

    kind: str
    english: tuple[str, str]  # singular, plural
    french: tuple[str, str]  # singular, plural
    feminine: bool
    korean: str
    counter: str
    unowned: bool  # not with "my" or "our"


@dataclass(frozen=True, slots=True, eq=False)
class KoreanForms:
    """The principal parts of a Korean verb or adjective; every ending is built on one of them."""

    stem: str  # 먹
    present: str  # 먹는다; of an adjective: 작다
    modifier: str  # 먹는 사람 "a person who eats"; 작은 책 "a small book"
    past_modifier: str  # 먹은
    future_modifier: str  # 먹을
    past: str  # 먹었


@dataclass(frozen=True, slots=True, eq=False)
class Verb:
    """A verb: `objects` are the nouns it can act on."""

    kind: str  # transitive, ditransitive, intransitive, leaving, motion
    english: tuple[str, str, str]  # see, sees, saw
    french_present: tuple[str, str, str, str]  # je, il, nous, ils
    french_participle: str
    french_future: str  # verr-
    french_imperfect: str  # voy-
    korean: KoreanForms
    objects: tuple[Noun, ...]
    etre: bool  # forms its past with être
    state: bool  # its French past is the imperfect
    activity: bool  # can last: "while she sleeps"
    takes_place: bool  # whether a place may be named with it
    place_particle: str  # the Korean particle of that place, with its hyphen


@dataclass(frozen=True, slots=True, eq=False)
class Adjective:
    """An adjective: `before` says whether its French form stands before the noun."""

    english: str
    french: tuple[tuple[str, str], tuple[str, str]]  # [feminine][plural]
    french_before_vowel: str  # bel, vieil, nouvel; otherwise the masculine
    before: bool
    not_with_the: bool
    quality: str  # colour, size, …; two of the same never describe one thing
    korean: KoreanForms


Word = Noun | Verb | Adjective


@dataclass(frozen=True, slots=True, eq=False)
class Phrase:
    """A time or a place in fixed words, with its word links as (english, other, is_sure)."""

    english: tuple[str, ...]
    french: tuple[str, ...]
    french_links: tuple[tuple[int, int, bool], ...]
    korean: tuple[str, ...]
    korean_links: tuple[tuple[int, int, bool], ...]
    first: bool = False  # stands at the head of its sentence


@dataclass(frozen=True, slots=True, eq=False)
class Preposition:
    """A preposition: `korean` is a noun of position ("" where the particle alone says it)."""

    english: tuple[str, ...]
    french: tuple[str, ...]
    korean: str
    objects: tuple[Noun, ...]


def _kinds(names: list[str]) -> list[str]:
    """Noun classes, with the names of sets of classes replaced by what they stand for."""
    return [kind for name in names for kind in _DATA["classes"].get(name, [name])]


def _french_plural(singular: str) -> str:
    if singular[-1] in "sxz":
        return singular
    return singular + ("x" if singular.endswith("eau") else "s")


def _noun(kind: str, english: str, entry: _Entry, counter: str) -> Noun:
    return Noun(
        kind=kind,
        english=(english, entry.get("plural", english + "s")),
        french=(entry["fr"], entry.get("fr_plural", entry["fr"] + "s")),
        feminine=entry["gender"] == "f",
        korean=entry["ko"],
        counter=entry.get("counter", counter),
        unowned=entry.get("unowned", False),
    )


def _verb(kind: str, entry: _Entry) -> Verb:
    base, third, past = entry["en"].split()
    je, il, nous, ils, participle, future = entry["fr"].split()
    place_particle = entry.get("place_particle")
    return Verb(
        kind=kind,
        english=(base, third, past),
        french_present=(je, il, nous, ils),
        french_participle=participle,
        french_future=future,
        french_imperfect=nous.removesuffix("ons"),
        korean=KoreanForms(*entry["ko"].split()),
        objects=nouns_of(entry.get("objects", [])),
        etre=entry.get("etre", False),
        state=entry.get("state", False),
        activity=entry.get("activity", False),
        takes_place=not entry.get("no_place", False),
        place_particle=f"-{place_particle}" if place_particle else particles.PLACE,
    )


def _adjective(english: str, entry: _Entry) -> Adjective:
    masculine, feminine, *before_vowel = entry["fr"].split()
    stem, modifier, future_modifier, past = entry["ko"].split()
    return Adjective(
        english=entry.get("en", english),
        french=(
            (masculine, _french_plural(masculine)),
            (feminine, _french_plural(feminine)),
        ),
        french_before_vowel=before_vowel[0] if before_vowel else masculine,
        before=entry.get("before", False),
        not_with_the=entry.get("not_with_the", False),
        quality=entry.get("quality", english),
        korean=KoreanForms(stem, stem + "다", modifier, modifier, future_modifier, past),
    )


def _links(text: str) -> tuple[tuple[int, int, bool], ...]:
    """``"0-1 1-0?"`` as links: the question mark makes the last one possible, not sure."""
    pairs = [(link.rstrip("?").split("-"), not link.endswith("?")) for link in text.split()]
    return tuple((int(english), int(other), sure) for (english, other), sure in pairs)


def _time(english: str, entry: _Entry) -> Phrase:
    return Phrase(
        english=tuple(english.split()),
        french=tuple(entry["fr"].split()),
        french_links=_links(entry["fr_links"]),
        korean=tuple(entry["ko"].split()),
        korean_links=_links(entry["ko_links"]),
        first=entry.get("first", False),
    )


def nouns_of(kinds: list[str]) -> tuple[Noun, ...]:
    """The nouns of the given classes, in the lexicon's order."""
    wanted = _kinds(kinds)
    return tuple(noun for noun in NOUNS if noun.kind in wanted)


NOUNS: tuple[Noun, ...] = tuple(
    _noun(kind, english, entry, entries["_counter"])
    for kind, entries in _DATA["nouns"].items()
    for english, entry in entries.items()
    if english != "_counter"
)
KINDS: tuple[str, ...] = tuple(_DATA["nouns"])
ANIMATE: tuple[Noun, ...] = nouns_of(["animate"])
PERSONS: tuple[Noun, ...] = nouns_of(["person"])
GOALS: tuple[Noun, ...] = tuple(
    noun for noun in nouns_of(["goal"]) if _DATA["nouns"][noun.kind][noun.english[0]].get("goal", True)
)

VERBS: dict[str, tuple[Verb, ...]] = {
    kind: tuple(_verb(kind, entry) for entry in entries.values()) for kind, entries in _DATA["verbs"].items()
}
# Which transitive verbs can have a noun of this class as their object: "the book that she wrote".
VERBS_ABOUT: dict[str, tuple[Verb, ...]] = {
    kind: tuple(v for v in VERBS["transitive"] if any(n.kind == kind for n in v.objects)) for kind in KINDS
}
ACTIVITIES: tuple[Verb, ...] = tuple(v for v in VERBS["intransitive"] if v.activity)

_ADJECTIVES = [
    (_adjective(english, entry), _kinds(entry["on"]), entry.get("attributive", False))
    for english, entry in _DATA["adjectives"].items()
]
ADJECTIVES: tuple[Adjective, ...] = tuple(adjective for adjective, _, _ in _ADJECTIVES)
# By class of noun: the adjectives before it and after it in French, and those that follow "is".
BEFORE: dict[str, tuple[Adjective, ...]] = {
    kind: tuple(a for a, on, _ in _ADJECTIVES if a.before and kind in on) for kind in KINDS
}
AFTER: dict[str, tuple[Adjective, ...]] = {
    kind: tuple(a for a, on, _ in _ADJECTIVES if not a.before and kind in on) for kind in KINDS
}
PREDICATIVE: dict[str, tuple[Adjective, ...]] = {
    kind: tuple(a for a, on, attributive in _ADJECTIVES if kind in on and not attributive) for kind in KINDS
}

NUMBERS: dict[str, tuple[str, str]] = {
    english: (entry["fr"], entry["ko"]) for english, entry in _DATA["numbers"].items()
}
FREQUENCY: tuple[Phrase, ...]
FREQUENCY, MANNER, PLACE_ADVERBS = (
    tuple(
        Phrase((english,), (entry["fr"],), ((0, 0, True),), (entry["ko"],), ((0, 0, True),))
        for english, entry in _DATA[section].items()
    )
    for section in ("frequency", "manner", "place_adverbs")
)
TIMES: dict[str, tuple[Phrase, ...]] = {
    tense: tuple(
        _time(english, entry) for english, entry in _DATA["times"].items() if tense in entry["tenses"]
    )
    for tense in ("past", "present", "future")
}
PREPOSITIONS: tuple[Preposition, ...] = tuple(
    Preposition(
        tuple(english.split()),
        tuple(entry["fr"].split()),
        entry.get("ko", ""),
        nouns_of(entry["on"]),
    )
    for english, entry in _DATA["prepositions"].items()
)
ASPIRATED: frozenset[str] = frozenset(
    form
    for entries in _DATA["nouns"].values()
    for entry in entries.values()
    if isinstance(entry, dict) and entry.get("aspirated")
    for form in (entry["fr"], entry.get("fr_plural", entry["fr"] + "s"))
)


def one_in(step: int) -> frozenset[Word]:
    """One noun, verb and adjective in `step`: of each class of them the first, and so on."""
    classes = [nouns_of([kind]) for kind in KINDS] + list(VERBS.values()) + [ADJECTIVES]
    return frozenset(word for words in classes for word in words[::step])
