"""Says a meaning in English, and tells where each of its words stands."""

from __future__ import annotations

from seq2seq_utils.grammar.lexicon import Adjective, Verb
from seq2seq_utils.grammar.meaning import Clause, Meaning, NounPhrase, PrepositionalPhrase, Pronoun, Subject
from seq2seq_utils.grammar.positions import ABSENT, ClauseAt, PhraseAt, Positions

_PLURAL_DETERMINERS = {"this": "these", "that": "those"}


def write(meaning: Meaning) -> tuple[list[str], Positions]:
    """The English words, with commas and the final full stop, and where they stand."""
    words: list[str] = []
    positions = Positions({}, {}, ABSENT)
    for part in meaning:
        if part.main.conjunction:
            words.append(",")
        _clause(words, positions, part.main)
        if part.subordinate is not None:
            _clause(words, positions, part.subordinate)
    positions.full_stop = len(words)
    words.append(".")
    return words, positions


# ------------------------------------------------------------------------------------- clauses
def _clause(words: list[str], positions: Positions, clause: Clause) -> None:
    at = positions.clauses[clause] = ClauseAt()
    if clause.conjunction:
        at.conjunction = len(words)
        words.append(clause.conjunction)
    if clause.time is not None and clause.time_first:
        at.time = len(words)
        words.extend(clause.time.english)
        words.append(",")
    _subject(words, positions, clause.subject)
    _predicate(words, positions, clause, at)


def _predicate(
    words: list[str], positions: Positions, clause: Clause, at: ClauseAt, with_object: bool = True
) -> None:
    """The verb and all that follows it; a relative clause about the object leaves that out."""
    if isinstance(clause.predicate, Adjective):
        _copula(words, at, clause, clause.predicate)
    else:
        _verb(words, at, clause, clause.predicate)
    if clause.object is not None and with_object:
        _noun_phrase(words, positions, clause.object)
    destination = clause.recipient or clause.goal
    if destination is not None:
        at.to = len(words)
        words.append("to")
        _noun_phrase(words, positions, destination)
    if clause.manner is not None:
        at.manner = len(words)
        words.extend(clause.manner.english)
    if clause.place is not None:
        at.place = len(words)
        if isinstance(clause.place, PrepositionalPhrase):
            words.extend(clause.place.preposition.english)
            _noun_phrase(words, positions, clause.place.noun_phrase)
        else:
            words.extend(clause.place.english)
    if clause.time is not None and not clause.time_first:
        at.time = len(words)
        words.extend(clause.time.english)


def _verb(words: list[str], at: ClauseAt, clause: Clause, verb: Verb) -> None:
    form, third, past = verb.english
    if clause.tense == "future":
        at.auxiliary = len(words)
        words.append("will")
    elif clause.negation == "not":
        at.auxiliary = len(words)
        third_person = _is_third_person_singular(clause.subject)
        words.append("did" if clause.tense == "past" else "does" if third_person else "do")
    elif clause.tense == "past":
        form = past
    elif _is_third_person_singular(clause.subject):
        form = third
    if clause.negation:
        at.negation = len(words)
        words.append(clause.negation)
    if clause.frequency is not None:
        at.frequency = len(words)
        words.extend(clause.frequency.english)
    at.verb = len(words)
    words.append(form)


def _copula(words: list[str], at: ClauseAt, clause: Clause, adjective: Adjective) -> None:
    if clause.tense == "future":
        at.auxiliary = len(words)
        words.append("will")
    else:
        at.verb = len(words)
        singular, plural = ("was", "were") if clause.tense == "past" else ("is", "are")
        words.append(singular if _is_third_person_singular(clause.subject) else plural)
    if clause.negation:
        at.negation = len(words)
        words.append(clause.negation)
    if clause.tense == "future":
        at.verb = len(words)
        words.append("be")
    at.adjective = len(words)
    words.append(adjective.english)


def _is_third_person_singular(subject: Subject) -> bool:
    return not (subject.is_plural or subject.is_first_person)


# -------------------------------------------------------------------------------- noun phrases
def _subject(words: list[str], positions: Positions, subject: Subject) -> None:
    if isinstance(subject, Pronoun):
        at = positions.phrases[subject] = PhraseAt()
        at.noun = len(words)
        words.append(subject.word)
    else:
        _noun_phrase(words, positions, subject)


def _noun_phrase(words: list[str], positions: Positions, phrase: NounPhrase) -> None:
    at = positions.phrases[phrase] = PhraseAt()
    at.determiner = len(words)
    determiner = phrase.determiner
    words.append(_PLURAL_DETERMINERS.get(determiner, determiner) if phrase.plural else determiner)
    _adjectives(words, at, phrase)
    at.noun = len(words)
    words.append(phrase.noun.english[phrase.plural])
    if determiner == "a" and words[at.determiner + 1][0] in "aeiou":
        words[at.determiner] = "an"

    if phrase.owner is not None:
        at.of = len(words)
        words.append("of")
        _noun_phrase(words, positions, phrase.owner)
    if phrase.relative is not None:
        at.that = len(words)
        _relative(words, positions, phrase, phrase.relative)
    if phrase.second is not None:
        at.conjunction = len(words)
        words.append(phrase.conjunction)
        _noun_phrase(words, positions, phrase.second)


def _adjectives(words: list[str], at: PhraseAt, phrase: NounPhrase) -> None:
    """A small red hat, an old red hat, but a strange old hat."""
    before, after = phrase.before, phrase.after
    if before is not None and after is not None and before.quality == "age" and after.quality != "colour":
        at.after, at.before = len(words), len(words) + 1
        words += (after.english, before.english)
        return
    if before is not None:
        at.before = len(words)
        words.append(before.english)
    if after is not None:
        at.after = len(words)
        words.append(after.english)


def _relative(words: list[str], positions: Positions, phrase: NounPhrase, clause: Clause) -> None:
    at = positions.clauses[clause] = ClauseAt()
    if clause.subject is phrase:
        words.append("that" if phrase.noun.kind == "animal" else "who")
        _predicate(words, positions, clause, at)
    else:
        words.append("that")
        _subject(words, positions, clause.subject)
        _predicate(words, positions, clause, at, with_object=False)
