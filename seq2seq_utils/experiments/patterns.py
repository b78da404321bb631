"""Whether a French sentence of the grammar is good French, whatever it says: its words by their kinds."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from seq2seq_utils.grammar import french, lexicon, tokenizer

Features = frozenset[str]  # gender and number that a word may have: "ms" is masculine singular
Slot = dict[str, tuple[Features, Features]]  # of a word: before a consonant, before a vowel

_ALL = frozenset({"ms", "mp", "fs", "fp"})
_NONE: Features = frozenset()
_SINGULAR, _PLURAL = frozenset({"ms", "fs"}), frozenset({"mp", "fp"})
_MASCULINE, _FEMININE = frozenset({"ms"}), frozenset({"fs"})
# Which determiners go before which nouns; those of the last two lines hide a preposition or depend on "not".
_DETERMINERS: Slot = {
    **dict.fromkeys(("le", "ce"), (_MASCULINE, _NONE)),
    **dict.fromkeys(("la", "ma"), (_FEMININE, _NONE)),
    **dict.fromkeys(("les", "ces", "mes", "nos"), (_PLURAL, _PLURAL)),
    **dict.fromkeys(("notre", "chaque"), (_SINGULAR, _SINGULAR)),
    **dict.fromkeys((number for number, _ in lexicon.NUMBERS.values()), (_PLURAL, _PLURAL)),
    **{"l'": (_NONE, _SINGULAR), "cet": (_NONE, _MASCULINE), "cette": (_FEMININE, _FEMININE)},
    **{"un": (_MASCULINE, _MASCULINE), "une": (_FEMININE, _FEMININE), "mon": (_MASCULINE, _SINGULAR)},
    **{"du": (_MASCULINE, _NONE), "au": (_MASCULINE, _NONE), "aux": (_PLURAL, _PLURAL)},
    **{"des": (_PLURAL, _PLURAL), "de": (_ALL, _NONE), "d'": (_NONE, _ALL)},
}
_TELLING = {"au": "à ", "aux": "à ", "du": "du ", "des": "des ", "de": "de ", "d'": "de "}
_ELIDED = {"n'": "ne", "j'": "je", "qu'": "que", "d'": "de"}
_FULL = frozenset(_ELIDED.values())
_TIMES = sorted((" ".join(time.french) for times in lexicon.TIMES.values() for time in times), key=len)
_TIME = re.compile(rf"(?<!\w)({'|'.join(_TIMES[::-1])})(?!\w)".replace("' ", "'"))


def french_pattern(sentence: str) -> tuple[str, ...]:
    """A French sentence with kinds in place of its words.

    A noun phrase whose words agree is one piece, of which gender and number are left; of a verb what it takes
    and its person are left. What does not agree, or is not elided as it should be, stays as it is. So a
    sentence whose pattern a correct one has, too, is correct in form, whatever it says.
    """
    tokens = tokenizer("french").tokenize(_TIME.sub("time", sentence.lower()))
    kinds, pattern, at = _kinds(), [], 0
    while at < len(tokens):
        phrase, end = _noun_phrase(tokens, at)
        if phrase:
            pattern.append(phrase)
        else:
            token, vowel = tokens[at], _before_vowel(tokens, at)
            if token in _ELIDED and vowel:
                token = _ELIDED[token]
            elif token in _ELIDED or (token in _FULL and vowel):
                token += " misspelt"
            pattern.append(kinds.get(token, token))
        at = end
    return tuple(pattern)


def _noun_phrase(tokens: Sequence[str], start: int) -> tuple[str, int]:
    """The noun phrase that begins there, or nothing; and where what follows begins."""
    if tokens[start] in ("le", "les") and tokens[max(start - 1, 0)] in ("à", "de"):
        return "", start + 1  # it should have been au, aux, du or des
    features, at = _ALL, start
    for slot, needed in zip(_slots(), (True, False, True, False), strict=True):
        if at < len(tokens) and tokens[at] in slot:
            features &= slot[tokens[at]][_before_vowel(tokens, at)]
            at += 1
        elif needed:
            return "", start + 1
    if not features:
        return "", start + 1
    return f"{_TELLING.get(tokens[start], '')}noun {'/'.join(sorted(features))}", at


def _before_vowel(tokens: Sequence[str], at: int) -> bool:
    return at + 1 < len(tokens) and french.begins_with_vowel(tokens[at + 1])


@lru_cache(maxsize=1)
def _slots() -> tuple[Slot, Slot, Slot, Slot]:
    """The words of a noun phrase, in its order: determiners, adjectives, nouns, adjectives."""
    nouns, before, after = (_Features() for _ in range(3))
    for noun in lexicon.NOUNS:
        for number, form in zip("sp", noun.french, strict=True):
            nouns.add(form, ("m", "f")[noun.feminine] + number)
    for adjective in lexicon.ADJECTIVES:
        special = adjective.french_before_vowel  # bel, not beau
        for gender, forms in zip("mf", adjective.french, strict=True):
            for number, form in zip("sp", forms, strict=True):
                features = gender + number
                is_special = features == "ms" and special != form
                (before if adjective.before else after).add(form, features, not is_special)
                if is_special:
                    before.add(special, features, True, False)
    return _DETERMINERS, before.slot, nouns.slot, after.slot


class _Features:
    """Collects the features that words may have."""

    def __init__(self) -> None:
        self.slot: Slot = {}

    def add(self, form: str, features: str, vowel: bool = True, consonant: bool = True) -> None:
        consonants, vowels = self.slot.get(form, (_NONE, _NONE))
        more = frozenset({features})
        self.slot[form] = consonants | more if consonant else consonants, vowels | more if vowel else vowels


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    """Words outside noun phrases, and their kinds; a form that may be several has all of them."""
    kinds: dict[str, set[str]] = {}
    for form, kind in _forms():
        kinds.setdefault(form, set()).add(kind)
    return {form: " or ".join(sorted(several)) for form, several in kinds.items()}


def _forms() -> Iterable[tuple[str, str]]:
    for kind, verbs in lexicon.VERBS.items():
        takes = "intransitive" if kind == "leaving" else kind
        for verb in verbs:
            for tense in ("present", "future", "past"):
                for person, name in enumerate(("je", "il", "nous", "ils")):
                    yield french.simple_form(verb, tense, person), f"{takes}, {name}"
            auxiliary, stem = "être" if verb.etre else "avoir", verb.french_participle
            for features, ending in {"ms": "", "fs": "e", "mp": "s", "fp": "es"}.items():
                plural = "" if ending == "s" and stem.endswith("s") else ending
                yield stem + plural, f"{takes}, participle {features} with {auxiliary}"
    for adjective in lexicon.ADJECTIVES:
        for gender, forms in zip("mf", adjective.french, strict=True):
            for number, form in zip("sp", forms, strict=True):
                yield form, f"adjective {gender}{number}"
    for name, phrases in (
        ("frequency", lexicon.FREQUENCY),
        ("manner", lexicon.MANNER),
        ("place", lexicon.PLACE_ADVERBS),
    ):
        yield from ((phrase.french[0], name) for phrase in phrases)
    yield from ((p.french[0], "preposition") for p in lexicon.PREPOSITIONS if len(p.french) == 1)
