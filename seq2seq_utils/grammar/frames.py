"""What the sampler chooses from: the skeletons of clauses, determiners and tenses, with their weights.

A weighted choice is a uniform one among things that stand there as often as their weight.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

Option = tuple[str, bool]  # a determiner, and whether its noun is plural


def _options(**weights: tuple[int, int]) -> tuple[Option, ...]:
    """Each determiner as often, in the singular and in the plural, as its two weights say."""
    return tuple(
        (determiner, plural)
        for determiner, counts in weights.items()
        for plural, count in zip((False, True), counts, strict=True)
        for _ in range(count)
    )


# Beside a negation only what has one reading there ("every" and "some" have two).
DEFINITE = _options(the=(6, 3), this=(1, 1), that=(1, 1), my=(2, 1), our=(1, 1))
NOT_SOME = DEFINITE + _options(a=(5, 0), every=(1, 0))  # des chaises sont dures: "some" has no quality
ANY = NOT_SOME + _options(some=(0, 2))
NEGATED = DEFINITE + _options(a=(2, 0))  # the object of a negated verb
SIMPLE = _options(the=(6, 1), a=(3, 0), this=(1, 0), that=(1, 0), my=(1, 0), our=(1, 0))
GOAL = _options(the=(6, 0), this=(1, 0), that=(1, 0), my=(2, 0), our=(1, 0))
TENSES = ("present", "present", "past", "past", "future")

# Words of a clause besides its subject: the verb and what it cannot do without.
PREDICATES = {
    "intransitive": 1,
    "leaving": 1,
    "adjective": 2,  # is small
    "transitive": 3,  # sees the cat
    "motion": 4,  # goes to the museum
    "ditransitive": 6,  # gives the book to the girl
}
_WEIGHTS = {
    "transitive": 8,
    "adjective": 4,
    "ditransitive": 4,
    "intransitive": 3,
    "motion": 2,
    "leaving": 1,
}
_SUBJECTS = ((True, 4), (False, 1))  # a noun, or a pronoun; and its weight
_NEGATIONS = (("", 6), ("not", 2), ("never", 1))


class Frame(NamedTuple):
    """The skeleton of a clause."""

    subject_is_noun: bool
    predicate: str  # a kind of verb, or "adjective"
    negation: str
    spare: int  # words that are left for what a clause may have besides


@cache
def frames(size: int, tense: str, during: bool) -> tuple[Frame, ...]:
    """The frames that fit into `size` words; `during`: only activities, and nothing negated.

    Each stands here as often as its weight, so that a uniform choice is a weighted one.
    """
    found = []
    for predicate in ("intransitive",) if during else PREDICATES:
        for subject_is_noun, subject_weight in _SUBJECTS:
            for negation, weight in _NEGATIONS[:1] if during else _NEGATIONS:
                if predicate == "adjective" and negation == "never":
                    continue
                subject = 1 + subject_is_noun
                added = _words_added(predicate, negation, future=tense == "future")
                spare = size - (subject + PREDICATES[predicate] + added)
                if spare >= 0:
                    frame = Frame(subject_is_noun, predicate, negation, spare)
                    found += [frame] * (_WEIGHTS[predicate] * subject_weight * weight)
    return tuple(found)


def _words_added(predicate: str, negation: str, future: bool) -> int:
    """The words of tense and negation: "does not", "will not"; beside "is" only "not"."""
    if negation == "not" and predicate != "adjective":
        return 2
    return future + bool(negation)
