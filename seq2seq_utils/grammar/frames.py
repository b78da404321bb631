"""What the sampler chooses from: the skeletons of clauses, determiners and tenses, with their weights.

A weighted choice is a uniform one among things that stand there as often as their weight.
"""

from __future__ import annotations

from functools import cache

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


@cache
def frames(size: int, tense: str, during: bool) -> tuple[tuple[bool, str, str, int], ...]:
    """The frames that fit into `size` words: (subject is a noun, predicate, negation, words to spare).

    Each stands here as often as its weight, so that a uniform choice is a weighted one.
    """
    found = []
    future = tense == "future"
    kinds = ("intransitive",) if during else tuple(PREDICATES)
    for kind in kinds:
        for subject_is_noun, subject_weight in ((True, 4), (False, 1)):
            for negation, weight in (("", 6),) if during else (("", 6), ("not", 2), ("never", 1)):
                if kind == "adjective":
                    if negation == "never":
                        continue
                    words = future + bool(negation)
                elif negation == "not":
                    words = 2  # does not, will not
                else:
                    words = future + bool(negation)
                spare = size - (1 + subject_is_noun + PREDICATES[kind] + words)
                if spare >= 0:
                    frame = (subject_is_noun, kind, negation, spare)
                    found += [frame] * (_WEIGHTS[kind] * subject_weight * weight)
    return tuple(found)
