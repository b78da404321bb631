"""Whether a French sentence of the grammar is good French, and in what two of them differ."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from seq2seq_utils.experiments import forms
from seq2seq_utils.grammar import french, tokenizer

_TELLING = {"au": "à ", "aux": "à ", "du": "du ", "des": "des ", "de": "de ", "d'": "de "}
_SAME_DETERMINER = {
    **dict.fromkeys(("la", "l'", "les", "au", "aux", "du"), "le"),
    **{"une": "un", "cet": "ce", "cette": "ce", "ces": "ce", "ma": "mon", "mes": "mon", "nos": "notre"},
    "d'": "de",
}
_ELIDED = {"n'": "ne", "j'": "je", "qu'": "que", "d'": "de"}
_FULL = frozenset(_ELIDED.values())
_NEGATIONS = ("pas", "jamais")
_TIMES = list(forms.times())
_TIME = re.compile(rf"(?<!\w)({'|'.join(sorted(_TIMES, key=len, reverse=True))})(?!\w)")


@dataclass(frozen=True)
class Piece:
    """A word of a sentence, or a noun phrase.

    Args:
        form: what a pattern keeps of it.
        part: ``"noun phrase"``, ``"verb"``, …; a word of no kind is a part by itself, and what another
            piece speaks for (*ne*, a participle) is none.
        says: what it says, by names: the noun, the adjectives, the verb, its tense, …
    """

    form: str
    part: str = ""
    says: tuple[tuple[str, str], ...] = ()


def french_pattern(sentence: str) -> tuple[str, ...]:
    """A French sentence with kinds in place of its words.

    A noun phrase whose words agree is one piece, of which gender and number are left; of a verb what it takes
    and its person are left, of a participle what it agrees with. What does not agree, or is not elided as it
    should be, stays as it is. Marked are *un* and *des* in place of *de* after a negation, *de* and *des*
    before an adjective, and a time that goes with the tense of no verb of a main clause (see
    `forms.times`). So a sentence whose pattern a correct one has, too, is correct in form, as far as these
    pieces tell, whatever it says.
    """
    return tuple(piece.form for piece in parse(sentence))


def differences(translation: str, reference: str) -> frozenset[str]:
    """What two French sentences say differently; of words that do not agree nothing is said.

    Returns:
        Of ``"noun"``, ``"number"``, ``"determiner"``, ``"adjective"``, ``"verb"``, ``"tense"``,
        ``"pronoun"``, ``"negation"``, ``"time"``, ``"place"``, ``"manner"``, ``"frequency"`` and
        ``"preposition"`` those in which they differ; or ``"construction"`` alone, where one has a part that
        the other has not, or has it in another place.
    """
    translated, meant = ([piece for piece in parse(text) if piece.part] for text in (translation, reference))
    if [_construction(piece) for piece in translated] != [_construction(piece) for piece in meant]:
        return frozenset({"construction"})
    return frozenset(
        name.split()[0]  # "adjective before" and "adjective after" are the same kind of difference
        for piece, right in zip(translated, meant, strict=True)
        for (name, word), (_, right_word) in zip(piece.says, right.says, strict=True)
        if word != right_word
    )


def _construction(piece: Piece) -> tuple[str, ...]:
    return piece.part, *(name for name, _ in piece.says)


@lru_cache(maxsize=1024)
def parse(sentence: str) -> tuple[Piece, ...]:
    """The pieces of a French sentence, in their order; every word is in one of them."""
    text = _TIME.sub(lambda found: f"time{_TIMES.index(found[0])}", sentence.lower())
    return tuple(_Reader(tokenizer("french").tokenize(text)).pieces())


class _Reader:
    """Goes through the words of one sentence, and knows what stood before."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.found: list[Piece] = []
        self.subject: forms.Features = forms.NONE  # gender and number of the first noun phrase or pronoun
        self.number = ""  # of the last form of être: "s" or "p"
        self.negated = False  # whether the verb was, and its object has not yet come
        self.in_relative = False  # whether the next verb is that of a relative clause
        self.tenses: set[str] = set()  # of the verbs of main clauses
        self.participles: dict[int, str] = {}  # where those stand that go with an auxiliary, and their forms

    def pieces(self) -> list[Piece]:
        """Of the whole sentence."""
        at = 0
        while at < len(self.tokens):
            piece, end = self._noun_phrase(at)
            self.found.append(piece or self._word(at))
            at = end
        return [self._fit_time(piece) for piece in self.found]

    def _noun_phrase(self, start: int) -> tuple[Piece | None, int]:
        """The noun phrase that begins there, or nothing; and where what follows begins."""
        tokens, features, at, words = self.tokens, forms.ALL, start, []
        if tokens[start] in ("le", "les") and tokens[max(start - 1, 0)] in ("à", "de"):
            return None, start + 1  # it should have been au, aux, du or des
        for slot, needed in zip(forms.slots(), (True, False, True, False), strict=True):
            words.append("")
            if at < len(tokens) and tokens[at] in slot:
                features &= slot[tokens[at]][_before_vowel(tokens, at)]
                words[-1] = tokens[at]
                at += 1
            elif needed:
                return None, start + 1
        if not features:
            return None, start + 1
        determiner, before, noun, after = words
        telling = _TELLING.get(determiner, "")
        if before and telling in ("de ", "des "):
            telling += "adjective "
        if self.negated and determiner in ("un", "une", "des"):
            telling = f"{determiner} after not "
        introduced, determiner = self._introduced(start)
        self.negated = False
        self.subject = self.subject or features
        lemmas, numbers = forms.lemmas(), {feature[1] for feature in features}
        says = {"determiner": determiner, "noun": lemmas[noun], "number": "/".join(sorted(numbers))}
        says |= {"adjective before": lemmas[before]} if before else {}
        says |= {"adjective after": lemmas[after]} if after else {}
        form = f"{telling}noun {'/'.join(sorted(features))}"
        return Piece(form, f"noun phrase{introduced}", tuple(says.items())), at

    def _introduced(self, start: int) -> tuple[str, str]:
        """By which preposition a noun phrase is introduced, and its determiner by itself: au is à and le."""
        determiner, last = self.tokens[start], self.found[-1] if self.found else Piece("")
        base = _SAME_DETERMINER.get(determiner, determiner)
        after_near = bool(self.found) and self.tokens[start - 1] == "près"
        if determiner in ("au", "aux"):
            return " after à", base
        if determiner == "du" or (determiner == "des" and (after_near or last.part.startswith("noun"))):
            return "" if after_near else " after de", "le"
        if last.form in ("à", "de") and not last.part:
            near = start > 1 and self.tokens[start - 2] == "près"
            return "" if near else f" after {last.form}", base
        return "", base

    def _word(self, at: int) -> Piece:
        token, vowel = self.tokens[at], _before_vowel(self.tokens, at)
        if token in _ELIDED and vowel:
            token = _ELIDED[token]
        elif token in _ELIDED or (token in _FULL and vowel):
            token += " misspelt"
        if at in self.participles:
            return Piece(self.participles[at])
        self.negated = token in _NEGATIONS
        if token in forms.PRONOUNS:
            self.subject = self.subject or forms.PRONOUNS[token]
            return Piece(token, "pronoun", (("pronoun", token),))
        if token in forms.finite():
            return self._verb(at)
        if self.negated:
            return Piece(token, "negation", (("negation", token),))
        if token in forms.adjectives():
            return self._adjective(token)
        kind = "preposition" if token == "près" else forms.invariable().get(token, "")
        if kind:
            return Piece(token if token == "près" else kind, kind, ((kind, token),))
        if re.fullmatch(r"time\d+", token):
            return Piece("time", "time", (("time", _TIMES[int(token.removeprefix("time"))]),))
        if token in ("qui", "que") and self.tokens[max(at - 1, 0)] not in ("parce", "pendant"):
            self.in_relative = True
        return Piece(token, "" if token in ("ne", "à", "de") else token)

    def _verb(self, at: int) -> Piece:
        """A finite verb; of a compound past the auxiliary speaks for both of its words."""
        tokens, readings = self.tokens, forms.finite()[self.tokens[at]]
        before = [token for token in tokens[max(at - 2, 0) : at] if token not in ("ne", "n'")]
        is_je = before[-1:] in (["je"], ["j'"])
        readings = [reading for reading in readings if (reading.person == "je") == is_je] or readings
        takes, verb, tense = readings[0].takes, readings[0].verb, readings[0].tense
        is_compound = False  # whether there is a participle
        if takes in ("avoir", "être"):
            self.number = "p" if readings[0].person in ("nous", "ils") else "s"
            behind = at + 1
            while behind < len(tokens) and _goes_between(tokens[behind]):
                behind += 1
            participles = forms.participles()[takes]
            if tense == "present" and behind < len(tokens) and tokens[behind] in participles:
                is_compound = True
                self.participles[behind] = participles[tokens[behind]]
                tense, verb = "past", forms.lemmas()[tokens[behind]]
        if not self.in_relative:
            self.tenses.add(tense)
        self.in_relative = False
        written = "compound past" if is_compound else tense
        return Piece(f"{takes}, {readings[0].person}", "verb", (("verb", verb), ("tense", written)))

    def _adjective(self, token: str) -> Piece:
        """An adjective that stands alone; a form that may be several is read as its subject asks for."""
        readings = forms.adjectives()[token]
        of_number = frozenset(features for features in readings if features[1] == self.number)
        readings = of_number or readings
        form = f"adjective {min(readings & self.subject or readings)}"
        return Piece(form, "adjective", (("adjective", forms.lemmas()[token]),))

    def _fit_time(self, piece: Piece) -> Piece:
        if piece.part != "time" or not self.tenses or self.tenses & forms.times()[piece.says[0][1]]:
            return piece
        return replace(piece, form="time of another tense")


def _before_vowel(tokens: Sequence[str], at: int) -> bool:
    return at + 1 < len(tokens) and french.begins_with_vowel(tokens[at + 1])


def _goes_between(token: str) -> bool:
    """Whether a word may stand between auxiliary and participle."""
    return token in _NEGATIONS or forms.invariable().get(token) == "frequency"
