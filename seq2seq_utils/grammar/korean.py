"""Says a meaning in Korean: the verb last, modifiers first, each noun marked by its particle."""

from __future__ import annotations

import itertools

from seq2seq_utils.grammar import lexicon, particles
from seq2seq_utils.grammar.lexicon import Adjective, KoreanForms, Verb
from seq2seq_utils.grammar.meaning import Clause, Meaning, NounPhrase, PrepositionalPhrase, Pronoun, Subject
from seq2seq_utils.grammar.positions import ClauseAt, PhraseAt, Positions
from seq2seq_utils.grammar.writer import Writer
from seq2seq_utils.pairs import Link

_PRONOUNS = {"I": "나", "he": "그", "she": "그녀", "we": "우리"}
_I_AS_SUBJECT = "내"  # 나 + 가 is 내가
_DETERMINERS = {"this": "이", "that": "그", "my": "내", "our": "우리", "every": "모든"}
_JOINING = {"and": particles.AND, "or": particles.OR}
_NOT = KoreanForms("않", "않는다", "않는", "않은", "않을", "않았")  # after a verb
_NOT_SO = KoreanForms("않", "않다", "않은", "않은", "않을", "않았")  # after an adjective
_ANIMATE = frozenset(lexicon.ANIMATE)
_NOT_INTRODUCED = ("a", "some", "every", *lexicon.NUMBERS)  # new to the listener: subject, not topic


def write(meaning: Meaning, positions: Positions) -> tuple[list[str], list[Link], list[Link]]:
    """The Korean words, the sure links and the further possible links.

    Args:
        meaning: what to say.
        positions: where the words of the English sentence stand, from `english.write`.
    """
    writer = Writer(positions)
    for index, part in enumerate(meaning):
        following = meaning[index + 1].main if index + 1 < len(meaning) else None
        if part.subordinate is not None:
            _clause(writer, part.subordinate, part.subordinate, embedded=True)
            writer.say(",")
        _clause(writer, part.main, following, embedded=False)
        if following is not None:
            writer.say(",", positions.clauses[following].conjunction - 1)
    writer.say(".", positions.full_stop)
    return writer.words, writer.sure, writer.possible


def particle_hosts() -> list[str]:
    """Every word that a particle is put on here, for `KoreanTokenizer`."""
    hosts = {_I_AS_SUBJECT, *_PRONOUNS.values()}
    for noun in lexicon.NOUNS:
        hosts.update((noun.korean, noun.counter))
    hosts.update(preposition.korean for preposition in lexicon.PREPOSITIONS if preposition.korean)
    hosts.update(word for adverb in lexicon.PLACE_ADVERBS for word in adverb.korean)
    for phrase in itertools.chain.from_iterable(lexicon.TIMES.values()):
        pairs = itertools.pairwise(phrase.korean)
        hosts.update(host for host, following in pairs if following in particles.PARTICLES)
    return sorted(hosts)


# ------------------------------------------------------------------------------------- clauses
def _clause(writer: Writer, clause: Clause, joined: Clause | None, embedded: bool) -> None:
    """A clause whose verb ends in what `joined` calls for: its conjunction, or the plain ending."""
    at = writer.clauses_at[clause]
    if clause.time is not None and clause.time_first:
        writer.say_phrase(clause.time.korean, clause.time.korean_links, at.time)
        writer.say(",", at.time + len(clause.time.english))
    # With 이/가 before it, a relative clause about the object would take the subject for its own.
    topical = clause.object is not None and clause.object.relative is not None
    _subject(writer, clause.subject, embedded, topical)
    _complements(writer, at, clause)
    _ending(writer, at, clause, joined)


def _subject(writer: Writer, subject: Subject, embedded: bool, topical: bool = False) -> None:
    if isinstance(subject, Pronoun):
        new = False
        word = _I_AS_SUBJECT if embedded and subject.word == "I" else _PRONOUNS[subject.word]
        writer.say(word, writer.phrases_at[subject].noun)
    else:
        new = subject.determiner in _NOT_INTRODUCED
        _noun_phrase(writer, subject)
    pair = particles.SUBJECT if embedded or (new and not topical) else particles.TOPIC
    _particle(writer, pair, subject)


def _complements(writer: Writer, at: ClauseAt, clause: Clause, with_object: bool = True) -> None:
    """What stands between subject and verb: time, place, recipient or goal, object, frequency, manner.

    The frequency comes after the object, whose own modifiers would claim it otherwise; where 늙은 would
    claim the time or the place, they do so too.
    """
    destination = clause.recipient or clause.goal
    claimed = _starts_with_aged(destination) or _starts_with_aged(clause.object)
    if not claimed:
        _time_and_place(writer, at, clause)
    if destination is not None:
        _noun_phrase(writer, destination)
        writer.say(particles.GOAL if clause.recipient is None else particles.RECIPIENT, at.to)
    if clause.object is not None and with_object:
        _noun_phrase(writer, clause.object)
        _particle(writer, particles.OBJECT, clause.object)
    if claimed:
        _time_and_place(writer, at, clause)
    if clause.frequency is not None:
        writer.say_phrase(clause.frequency.korean, clause.frequency.korean_links, at.frequency)
    if clause.negation == "never":
        writer.say("결코", at.negation)
    if clause.manner is not None:
        writer.say_phrase(clause.manner.korean, clause.manner.korean_links, at.manner)


def _starts_with_aged(phrase: NounPhrase | None) -> bool:
    """Whether the phrase, or its owner, is called 늙은: a verb's form, "who has aged", here or yesterday."""
    if phrase is None:
        return False
    adjectives = (phrase.before, phrase.after)
    if any(adjective is not None and adjective.korean.stem == "늙" for adjective in adjectives):
        return True
    return _starts_with_aged(phrase.owner)


def _time_and_place(writer: Writer, at: ClauseAt, clause: Clause) -> None:
    if clause.time is not None and not clause.time_first:
        writer.say_phrase(clause.time.korean, clause.time.korean_links, at.time)
    place = clause.place
    if place is None:
        return
    particle = clause.predicate.place_particle if isinstance(clause.predicate, Verb) else particles.PLACE
    if not isinstance(place, PrepositionalPhrase):
        writer.say_phrase(place.korean, place.korean_links, at.place)
        writer.say(particle, possible=(at.place,))
        return
    _noun_phrase(writer, place.noun_phrase)
    preposition = place.preposition
    if not preposition.korean:
        writer.say(particle, at.place)
        return
    others = range(at.place + 1, at.place + len(preposition.english))
    writer.say(preposition.korean, at.place, possible=others)
    writer.say(particle, possible=(at.place,))


# --------------------------------------------------------------------------------------- verbs
def _ending(writer: Writer, at: ClauseAt, clause: Clause, joined: Clause | None) -> None:
    """The verb at the end of a clause; its ending says the conjunction that comes next."""
    forms, translated = _start_verb(writer, at, clause)
    conjunction = "" if joined is None else joined.conjunction
    conjunction_at = () if joined is None else (writer.clauses_at[joined].conjunction,)
    auxiliary = at.auxiliaries
    if conjunction in ("while", "when"):
        modifier = forms.modifier if conjunction == "while" else forms.future_modifier
        writer.say(modifier, *translated, possible=auxiliary)
        writer.say("동안" if conjunction == "while" else "때", *conjunction_at)
        return

    if isinstance(clause.predicate, Adjective) and clause.negation and not auxiliary:
        auxiliary = (at.verb,)  # the tense of "was not" is in 않았다
    base = forms.past if clause.tense == "past" else forms.stem
    if clause.tense == "future":
        writer.say(forms.future_modifier, *translated)
        base, translated, auxiliary = "것이", auxiliary, ()
    if conjunction == "because":
        writer.say(base + "기", *translated, possible=(*auxiliary, *conjunction_at))
        writer.say("때문에", *conjunction_at)
    elif conjunction:
        ending = "지만" if conjunction == "but" else "고"
        writer.say(base + ending, *translated, *conjunction_at, possible=auxiliary)
    else:
        word = forms.present if clause.tense == "present" else base + "다"
        writer.say(word, *translated, possible=auxiliary)


def _start_verb(writer: Writer, at: ClauseAt, clause: Clause) -> tuple[KoreanForms, tuple[int, ...]]:
    """The word whose ending is still to come, and where the English words stand that it translates.

    Without negation that is the verb. With it the verb is said here ("보지"), and the ending goes onto
    않다, which is the "not".
    """
    forms = clause.predicate.korean
    is_adjective = isinstance(clause.predicate, Adjective)
    translated = at.adjective if is_adjective else at.verb
    copula = (at.verb,) if is_adjective else ()
    if clause.negation:
        writer.say(forms.stem + "지", translated, possible=copula)
        return (_NOT_SO if is_adjective else _NOT), (at.negation,)
    writer.possible.extend((source, len(writer.words)) for source in copula)
    return forms, (translated,)


def _modifier(writer: Writer, at: ClauseAt, clause: Clause, that_at: int) -> None:
    """The verb of a relative clause, in the form that stands before a noun."""
    forms, translated = _start_verb(writer, at, clause)
    if clause.tense == "past":
        word = forms.past_modifier
    elif clause.tense == "present":
        word = forms.modifier
    else:
        word = forms.future_modifier
    writer.say(word, *translated, possible=(*at.auxiliaries, that_at))


# -------------------------------------------------------------------------------- noun phrases
def _noun_phrase(writer: Writer, phrase: NounPhrase) -> None:
    """Relative clause, determiner, owner, adjectives, noun; a number and its counter come last."""
    at = writer.phrases_at[phrase]
    determiner, noun = phrase.determiner, phrase.noun
    if phrase.relative is not None:
        _relative(writer, at, phrase, phrase.relative)
    if determiner == "my" and noun.kind == "elder":  # 우리 할머니: one's family is "ours"
        writer.say("우리", at.determiner)
    elif determiner in _DETERMINERS:
        writer.say(_DETERMINERS[determiner], at.determiner)
    if phrase.owner is not None:
        _noun_phrase(writer, phrase.owner)
        writer.say(particles.OWNER, at.of)
    _adjectives(writer, at, phrase)
    writer.say(noun.korean, at.noun)
    if determiner == "some" or determiner in lexicon.NUMBERS:
        number = "몇" if determiner == "some" else lexicon.NUMBERS[determiner][1]
        writer.say(number, at.determiner)
        writer.say(noun.counter, possible=(at.determiner, at.noun))
    elif phrase.plural and (noun in _ANIMATE or determiner in _DETERMINERS):
        writer.say(particles.PLURAL, possible=(at.noun,))
    if phrase.second is not None:
        writer.say(_JOINING[phrase.conjunction].after(writer.words[-1]), at.conjunction)
        _noun_phrase(writer, phrase.second)


def _adjectives(writer: Writer, at: PhraseAt, phrase: NounPhrase) -> None:
    """The adjectives; of two the first ends in -고, except before a colour: 작고 빠른, but 작은 빨간."""
    before, after = phrase.before, phrase.after
    if before is None or after is None:
        if before is not None:
            writer.say(before.korean.modifier, at.before)
        if after is not None:
            writer.say(after.korean.modifier, at.after)
    elif before.korean.stem == "새":  # "new" stands right at the noun
        writer.say(after.korean.modifier, at.after)
        writer.say(before.korean.modifier, at.before)
    else:
        colour = after.quality == "colour"
        writer.say(before.korean.modifier if colour else before.korean.stem + "고", at.before)
        writer.say(after.korean.modifier, at.after)


def _relative(writer: Writer, at: PhraseAt, phrase: NounPhrase, clause: Clause) -> None:
    if clause.subject is not phrase:
        _subject(writer, clause.subject, embedded=True)
    clause_at = writer.clauses_at[clause]
    _complements(writer, clause_at, clause, with_object=clause.object is not phrase)
    _modifier(writer, clause_at, clause, at.that)


def _particle(writer: Writer, pair: particles.Pair, subject: Subject) -> None:
    """The particle that fits the last syllable said, linked to the noun it marks."""
    marked = subject
    if isinstance(subject, NounPhrase) and subject.second is not None:
        marked = subject.second
    writer.say(pair.after(writer.words[-1]), possible=(writer.phrases_at[marked].noun,))
