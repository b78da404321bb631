"""Says a meaning in English, and notes in it where each of its words stands."""

from __future__ import annotations

from seq2seq_utils.grammar.meaning import Clause, Meaning, NounPhrase

_PLURAL_DETERMINERS = {"this": "these", "that": "those"}


def write(meaning: Meaning) -> list[str]:
    """The English words, with commas and the final full stop."""
    words: list[str] = []
    for part in meaning:
        if part.main.conjunction:
            words.append(",")
        _clause(words, part.main)
        if part.subordinate is not None:
            _clause(words, part.subordinate)
    words.append(".")
    return words


def _clause(words: list[str], clause: Clause) -> None:
    if clause.conjunction:
        clause.conjunction_at = len(words)
        words.append(clause.conjunction)
    if clause.time is not None and clause.time_first:
        clause.time_at = len(words)
        words.extend(clause.time.english)
        words.append(",")
    _noun_phrase(words, clause.subject)
    _predicate(words, clause)


def _predicate(words: list[str], clause: Clause, with_object: bool = True) -> None:
    """The verb and all that follows it; a relative clause about the object leaves that out."""
    _verb(words, clause)
    if clause.object is not None and with_object:
        _noun_phrase(words, clause.object)
    destination = clause.recipient or clause.goal
    if destination is not None:
        clause.to_at = len(words)
        words.append("to")
        _noun_phrase(words, destination)
    if clause.manner is not None:
        clause.manner_at = len(words)
        words.extend(clause.manner.english)
    if clause.place is not None:
        clause.place.at = len(words)
        if clause.place.adverb is not None:
            words.extend(clause.place.adverb.english)
        else:
            words.extend(clause.place.preposition.english)
            _noun_phrase(words, clause.place.noun_phrase)
    if clause.time is not None and not clause.time_first:
        clause.time_at = len(words)
        words.extend(clause.time.english)


def _verb(words: list[str], clause: Clause) -> None:
    subject, tense, negation = clause.subject, clause.tense, clause.negation
    third_person = not subject.is_plural and subject.determiner != "I"
    if clause.adjective is not None:
        _copula(words, clause, third_person)
        return
    base, third, past = clause.verb.english
    form = base
    if tense == "future":
        clause.auxiliary_at = len(words)
        words.append("will")
    elif negation == "not":
        clause.auxiliary_at = len(words)
        words.append("did" if tense == "past" else "does" if third_person else "do")
    elif tense == "past":
        form = past
    elif third_person:
        form = third
    if negation:
        clause.negation_at = len(words)
        words.append(negation)
    if clause.frequency is not None:
        clause.frequency_at = len(words)
        words.extend(clause.frequency.english)
    clause.verb_at = len(words)
    words.append(form)


def _copula(words: list[str], clause: Clause, third_person: bool) -> None:
    if clause.tense == "future":
        clause.auxiliary_at = len(words)
        words.append("will")
    else:
        clause.verb_at = len(words)
        singular, plural = ("was", "were") if clause.tense == "past" else ("is", "are")
        words.append(singular if third_person else plural)
    if clause.negation:
        clause.negation_at = len(words)
        words.append(clause.negation)
    if clause.tense == "future":
        clause.verb_at = len(words)
        words.append("be")
    clause.adjective_at = len(words)
    words.append(clause.adjective.english)


def _noun_phrase(words: list[str], phrase: NounPhrase) -> None:
    phrase.determiner_at = len(words)
    if phrase.noun is None:
        phrase.noun_at = len(words)
        words.append(phrase.determiner)
        return
    determiner = phrase.determiner
    words.append(_PLURAL_DETERMINERS.get(determiner, determiner) if phrase.plural else determiner)
    _adjectives(words, phrase)
    phrase.noun_at = len(words)
    words.append(phrase.noun.english[phrase.plural])
    if determiner == "a" and words[phrase.determiner_at + 1][0] in "aeiou":
        words[phrase.determiner_at] = "an"

    if phrase.owner is not None:
        phrase.of_at = len(words)
        words.append("of")
        _noun_phrase(words, phrase.owner)
    if phrase.relative is not None:
        _relative(words, phrase, phrase.relative)
    if phrase.second is not None:
        phrase.conjunction_at = len(words)
        words.append(phrase.conjunction)
        _noun_phrase(words, phrase.second)


def _adjectives(words: list[str], phrase: NounPhrase) -> None:
    """A small red hat, an old red hat, but a strange old hat."""
    before, after = phrase.before, phrase.after
    age_last = before and after and before.quality == "age" and after.quality != "colour"
    if age_last:
        phrase.after_at = len(words)
        words.append(after.english)
    if before is not None:
        phrase.before_at = len(words)
        words.append(before.english)
    if after is not None and not age_last:
        phrase.after_at = len(words)
        words.append(after.english)


def _relative(words: list[str], phrase: NounPhrase, clause: Clause) -> None:
    phrase.that_at = len(words)
    if clause.subject is phrase:
        words.append("that" if phrase.noun.kind == "animal" else "who")
        _predicate(words, clause)
    else:
        words.append("that")
        _noun_phrase(words, clause.subject)
        _predicate(words, clause, with_object=False)
