"""What each French word of the grammar may be: the tables that `patterns` reads a sentence with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from seq2seq_utils.grammar import french, lexicon

Features = frozenset[str]  # gender and number that a word may have: "ms" is masculine singular
Slot = dict[str, tuple[Features, Features]]  # of a word: before a consonant, before a vowel

ALL = frozenset({"ms", "mp", "fs", "fp"})
NONE: Features = frozenset()
SINGULAR, PLURAL = frozenset({"ms", "fs"}), frozenset({"mp", "fp"})
MASCULINE, FEMININE = frozenset({"ms"}), frozenset({"fs"})
# Which determiners go before which nouns; those of the last two lines hide a preposition or depend on "not".
DETERMINERS: Slot = {
    **dict.fromkeys(("le", "ce"), (MASCULINE, NONE)),
    **dict.fromkeys(("la", "ma"), (FEMININE, NONE)),
    **dict.fromkeys(("les", "ces", "mes", "nos"), (PLURAL, PLURAL)),
    **dict.fromkeys(("notre", "chaque"), (SINGULAR, SINGULAR)),
    **dict.fromkeys((number for number, _ in lexicon.NUMBERS.values()), (PLURAL, PLURAL)),
    **{"l'": (NONE, SINGULAR), "cet": (NONE, MASCULINE), "cette": (FEMININE, FEMININE)},
    **{"un": (MASCULINE, MASCULINE), "une": (FEMININE, FEMININE), "mon": (MASCULINE, SINGULAR)},
    **{"du": (MASCULINE, NONE), "au": (MASCULINE, NONE), "aux": (PLURAL, PLURAL)},
    **{"des": (PLURAL, PLURAL), "de": (ALL, NONE), "d'": (NONE, ALL)},
}
PRONOUNS = {"je": SINGULAR, "j'": SINGULAR, "il": MASCULINE, "elle": FEMININE, "nous": PLURAL}
PERSONS = ("je", "il", "nous", "ils")
COPULA = {
    "present": ("suis", "est", "sommes", "sont"),
    "future": ("serai", "sera", "serons", "seront"),
    "past": ("étais", "était", "étions", "étaient"),
}
AVOIR = ("ai", "a", "avons", "ont")
_TENSES = {  # of the times that do not go with all of them
    **dict.fromkeys(("hier", "la semaine dernière", "l'année dernière"), frozenset({"past"})),
    **dict.fromkeys(
        ("demain", "la semaine prochaine", "l'année prochaine"), frozenset({"present", "future"})
    ),
}
# Nouns of persons that may be women, too: "une enfant", "les juges sont parties".
OF_EITHER_GENDER = ("enfant", "juge", "médecin", "peintre", "pirate", "poète")


@dataclass(frozen=True)
class Reading:
    """What a finite form may be.

    Args:
        takes: what the verb takes; or ``"avoir"`` or ``"être"``.
        person: ``"je"``, ``"il"``, ``"nous"`` or ``"ils"``.
        tense: ``"present"``, ``"future"`` or ``"past"``, which here is the imperfect.
        verb: in English.
    """

    takes: str
    person: str
    tense: str
    verb: str


@lru_cache(maxsize=1)
def slots() -> tuple[Slot, Slot, Slot, Slot]:
    """The words of a noun phrase, in its order: determiners, adjectives, nouns, adjectives."""
    nouns, before, after = (_Features() for _ in range(3))
    for noun in lexicon.NOUNS:
        for number, form in zip("sp", noun.french, strict=True):
            nouns.add(form, ("m", "f")[noun.feminine] + number)
    for adjective in lexicon.ADJECTIVES:
        special = adjective.french_before_vowel  # bel, not beau
        for features, form in _adjective_forms(adjective):
            is_special = features == "ms" and special != form
            (before if adjective.before else after).add(form, features, not is_special)
            if is_special:
                before.add(special, features, True, False)
    return DETERMINERS, before.slot, nouns.slot, after.slot


class _Features:
    """Collects the features that words may have."""

    def __init__(self) -> None:
        self.slot: Slot = {}

    def add(self, form: str, features: str, vowel: bool = True, consonant: bool = True) -> None:
        consonants, vowels = self.slot.get(form, (NONE, NONE))
        more = frozenset({features})
        self.slot[form] = consonants | more if consonant else consonants, vowels | more if vowel else vowels


@lru_cache(maxsize=1)
def finite() -> dict[str, list[Reading]]:
    """Of each finite form its readings."""
    found: dict[str, list[Reading]] = {}
    for kind, verbs in lexicon.VERBS.items():
        takes = "intransitive" if kind == "leaving" else kind
        for verb in verbs:
            for tense in COPULA:
                for number, person in enumerate(PERSONS):
                    reading = Reading(takes, person, tense, verb.english[0])
                    found.setdefault(french.simple_form(verb, tense, number), []).append(reading)
    for tense, forms in COPULA.items():
        for person, form in zip(PERSONS, forms, strict=True):
            found.setdefault(form, []).append(Reading("être", person, tense, "be"))
    for person, form in zip(PERSONS, AVOIR, strict=True):
        found.setdefault(form, []).append(Reading("avoir", person, "present", "have"))
    return found


@lru_cache(maxsize=1)
def participles() -> dict[str, dict[str, str]]:
    """For each auxiliary, by their forms, what the participles that go with it take and agree with."""
    found: dict[str, dict[str, set[str]]] = {"avoir": {}, "être": {}}
    for takes, verb in ((kind, verb) for kind, verbs in lexicon.VERBS.items() for verb in verbs):
        kind = "intransitive" if takes == "leaving" else takes
        for features, form in participle_forms(verb.french_participle):
            found["être" if verb.etre else "avoir"].setdefault(form, set()).add(
                f"{kind}, participle {features}"
            )
    return {
        auxiliary: {form: " or ".join(sorted(kinds)) for form, kinds in forms.items()}
        for auxiliary, forms in found.items()
    }


@lru_cache(maxsize=1)
def adjectives() -> dict[str, Features]:
    """Of each form of an adjective its genders and numbers."""
    found: dict[str, Features] = {}
    for adjective in lexicon.ADJECTIVES:
        for features, form in _adjective_forms(adjective):
            found[form] = found.get(form, NONE) | {features}
    return found


@lru_cache(maxsize=1)
def invariable() -> dict[str, str]:
    """Words that never change, and their kinds."""
    found = {
        phrase.french[0]: name
        for name, phrases in (
            ("frequency", lexicon.FREQUENCY),
            ("manner", lexicon.MANNER),
            ("place", lexicon.PLACE_ADVERBS),
        )
        for phrase in phrases
    }
    return found | {p.french[0]: "preposition" for p in lexicon.PREPOSITIONS if len(p.french) == 1}


@lru_cache(maxsize=1)
def lemmas() -> dict[str, str]:
    """Of each noun, adjective and participle the English word."""
    found = {form: noun.english[0] for noun in lexicon.NOUNS for form in noun.french}
    for adjective in lexicon.ADJECTIVES:
        found |= {form: adjective.english for _, form in _adjective_forms(adjective)}
        found[adjective.french_before_vowel] = adjective.english
    for verb in (verb for verbs in lexicon.VERBS.values() for verb in verbs):
        found |= {form: verb.english[0] for _, form in participle_forms(verb.french_participle)}
    return found


@lru_cache(maxsize=1)
def times() -> dict[str, Features]:
    """Of each time, as it is written, the tenses that it can go with in French.

    The grammar writes some in fewer: *il mangera demain* alone, where *il mange demain* is French, too.
    """
    texts = [
        " ".join(phrase.french).replace("' ", "'") for phrases in lexicon.TIMES.values() for phrase in phrases
    ]
    return {text: _TENSES.get(text, frozenset(COPULA)) for text in texts}


def _adjective_forms(adjective: lexicon.Adjective) -> Iterator[tuple[str, str]]:
    for gender, forms in zip("mf", adjective.french, strict=True):
        for number, form in zip("sp", forms, strict=True):
            yield gender + number, form


def participle_forms(stem: str) -> Iterator[tuple[str, str]]:
    """Genders and numbers, and the forms of a participle."""
    for features, ending in {"ms": "", "fs": "e", "mp": "s", "fp": "es"}.items():
        yield features, stem + ("" if ending == "s" and stem.endswith("s") else ending)
