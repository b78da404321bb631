"""Says a meaning in Korean: the verb last, modifiers first, particles chosen by the final consonant.

Particles are words of their own here, written with a hyphen ("-는"); `text` puts them back onto the noun.
"""

from __future__ import annotations

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.lexicon import KoreanForms
from seq2seq_utils.grammar.meaning import Clause, Meaning, NounPhrase, Writer
from seq2seq_utils.grammar.particles import has_final_consonant
from seq2seq_utils.pairs import Link

# After a final consonant, and after a vowel.
_TOPIC = ("-은", "-는")
_SUBJECT = ("-이", "-가")
_OBJECT = ("-을", "-를")
_JOINING = {"and": ("-과", "-와"), "or": ("-이나", "-나")}
_PRONOUNS = {"I": "나", "he": "그", "she": "그녀", "we": "우리"}
_DETERMINERS = {"this": "이", "that": "그", "my": "내", "our": "우리", "every": "모든"}
_NOT = KoreanForms("않", "않는다", "않는", "않은", "않을", "않았")  # after a verb
_NOT_SO = KoreanForms("않", "않다", "않은", "않은", "않을", "않았")  # after an adjective
_ANIMATE = frozenset(lexicon.ANIMATE)
_NOT_INTRODUCED = ("a", "some", "every")  # new to the listener: marked as subject, not as topic


def write(meaning: Meaning, full_stop_at: int) -> tuple[list[str], list[Link], list[Link]]:
    """The Korean words, the sure links and the further possible links.

    The meaning must have been said in English first, up to its full stop: the links point at those words.
    """
    writer = Writer()
    for index, part in enumerate(meaning):
        main = part.main
        following = meaning[index + 1].main if index + 1 < len(meaning) else None
        if part.subordinate is not None:
            _clause(writer, part.subordinate, part.subordinate, embedded=True)
            writer.say(",")
        _clause(writer, main, following, embedded=False)
        if following is not None:
            writer.say(",", following.conjunction_at - 1)
    writer.say(".", full_stop_at)
    return writer.words, writer.sure, writer.possible


def _clause(writer: Writer, clause: Clause, joined: Clause | None, embedded: bool) -> None:
    """A clause whose verb ends in what `joined` calls for: its conjunction, or the plain ending."""
    if clause.time is not None and clause.time_first:
        writer.say_phrase(clause.time.korean, clause.time.korean_links, clause.time_at)
        writer.say(",", clause.time_at + len(clause.time.english))
    # With 이/가 before it, a relative clause about the object would take the subject for its own.
    topical = clause.object is not None and clause.object.relative is not None
    _subject(writer, clause.subject, embedded, topical)
    _complements(writer, clause)
    _ending(writer, clause, joined)


def _subject(writer: Writer, phrase: NounPhrase, embedded: bool, topical: bool = False) -> None:
    new = phrase.determiner in _NOT_INTRODUCED or phrase.determiner in lexicon.NUMBERS
    if phrase.determiner == "I" and embedded:  # 나 + 가 is 내가
        writer.say("내", phrase.noun_at)
        writer.say("-가", possible=(phrase.noun_at,))
        return
    _noun_phrase(writer, phrase)
    _particle(writer, _SUBJECT if embedded or (new and not topical) else _TOPIC, phrase)


def _complements(writer: Writer, clause: Clause, with_object: bool = True) -> None:
    """What stands between subject and verb: time, place, recipient or goal, object, frequency, manner.

    The frequency comes after the object, whose own modifiers would claim it otherwise; where 늙은 would
    claim the time or the place, they do so too.
    """
    destination = clause.recipient or clause.goal
    claimed = _starts_with_aged(destination) or _starts_with_aged(clause.object)
    if not claimed:
        _time_and_place(writer, clause)
    if destination is not None:
        _noun_phrase(writer, destination)
        writer.say("-에게" if clause.recipient is not None else "-에", clause.to_at)
    if clause.object is not None and with_object:
        _noun_phrase(writer, clause.object)
        _particle(writer, _OBJECT, clause.object)
    if claimed:
        _time_and_place(writer, clause)
    if clause.frequency is not None:
        writer.say_phrase(clause.frequency.korean, clause.frequency.korean_links, clause.frequency_at)
    if clause.negation == "never":
        writer.say("결코", clause.negation_at)
    if clause.manner is not None:
        writer.say_phrase(clause.manner.korean, clause.manner.korean_links, clause.manner_at)


def _time_and_place(writer: Writer, clause: Clause) -> None:
    if clause.time is not None and not clause.time_first:
        writer.say_phrase(clause.time.korean, clause.time.korean_links, clause.time_at)
    if clause.place is not None:
        _place(writer, clause)


def _starts_with_aged(phrase: NounPhrase | None) -> bool:
    """Whether the phrase, or its owner, is called 늙은: a verb's form, "who has aged", here or yesterday."""
    if phrase is None:
        return False
    aged = any(said and said.korean.stem == "늙" for said in (phrase.before, phrase.after))
    return aged or _starts_with_aged(phrase.owner)


def _place(writer: Writer, clause: Clause) -> None:
    place = clause.place
    particle = "-" + clause.verb.place_particle
    if place.adverb is not None:
        writer.say_phrase(place.adverb.korean, place.adverb.korean_links, place.at)
        writer.say(particle, possible=(place.at,))
        return
    _noun_phrase(writer, place.noun_phrase)
    if not place.preposition.korean:
        writer.say(particle, place.at)
        return
    others = tuple(range(place.at + 1, place.at + len(place.preposition.english)))
    writer.say(place.preposition.korean, place.at, possible=others)
    writer.say(particle, possible=(place.at,))


# ---------------------------------------------------------------------------------------- verbs
def _ending(writer: Writer, clause: Clause, joined: Clause | None) -> None:
    """The verb at the end of a clause; its ending says the conjunction that comes next."""
    forms, at = _start_verb(writer, clause)
    conjunction = "" if joined is None else joined.conjunction
    conjunction_at = () if joined is None else (joined.conjunction_at,)
    future = clause.tense == "future"
    auxiliary = (clause.auxiliary_at,) if clause.auxiliary_at >= 0 else ()
    if conjunction in ("while", "when"):
        modifier = forms.modifier if conjunction == "while" else forms.future_modifier
        writer.say(modifier, *at, possible=auxiliary)
        writer.say("동안" if conjunction == "while" else "때", *conjunction_at)
        return

    if clause.verb is None and clause.negation and not auxiliary:  # the tense of "was not" is in 않았다
        auxiliary = (clause.verb_at,)
    base = "것이" if future else forms.past if clause.tense == "past" else forms.stem
    if future:
        writer.say(forms.future_modifier, *at)
        at, auxiliary = auxiliary, ()
    if conjunction == "because":
        writer.say(base + "기", *at, possible=(*auxiliary, *conjunction_at))
        writer.say("때문에", *conjunction_at)
    elif conjunction:
        ending = "지만" if conjunction == "but" else "고"
        writer.say(base + ending, *at, *conjunction_at, possible=auxiliary)
    else:
        word = forms.present if clause.tense == "present" else base + "다"
        writer.say(word, *at, possible=auxiliary)


def _start_verb(writer: Writer, clause: Clause) -> tuple[KoreanForms, tuple[int, ...]]:
    """The word whose ending is still to come, and the English words it translates.

    Without negation that is the verb. With it the verb is said here ("보지"), and the ending goes onto
    않다, which is the "not".
    """
    if clause.verb is None:
        forms, at, possible = clause.adjective.korean, clause.adjective_at, (clause.verb_at,)
    else:
        forms, at, possible = clause.verb.korean, clause.verb_at, ()
    if clause.negation:
        writer.say(forms.stem + "지", at, possible=possible)
        return (_NOT_SO if clause.verb is None else _NOT), (clause.negation_at,)
    writer.possible.extend((source, len(writer.words)) for source in possible)
    return forms, (at,)


def _modifier(writer: Writer, clause: Clause, that_at: int) -> None:
    """The verb of a relative clause, in the form that stands before a noun."""
    forms, at = _start_verb(writer, clause)
    word = {
        "past": forms.past_modifier,
        "present": forms.modifier,
        "future": forms.future_modifier,
    }[clause.tense]
    auxiliary = (clause.auxiliary_at,) if clause.auxiliary_at >= 0 else ()
    writer.say(word, *at, possible=(*auxiliary, that_at))


# --------------------------------------------------------------------------------- noun phrases
def _noun_phrase(writer: Writer, phrase: NounPhrase) -> None:
    """Relative clause, determiner, owner, adjectives, noun; a number and its counter come last."""
    determiner, noun = phrase.determiner, phrase.noun
    if noun is None:
        writer.say(_PRONOUNS[determiner], phrase.noun_at)
        return
    if phrase.relative is not None:
        _relative(writer, phrase, phrase.relative)
    if determiner == "my" and noun.kind == "elder":  # 우리 할머니: one's family is "ours"
        writer.say("우리", phrase.determiner_at)
    elif determiner in _DETERMINERS:
        writer.say(_DETERMINERS[determiner], phrase.determiner_at)
    if phrase.owner is not None:
        _noun_phrase(writer, phrase.owner)
        writer.say("-의", phrase.of_at)
    _adjectives(writer, phrase)
    writer.say(noun.korean, phrase.noun_at)
    counted = determiner == "some" or determiner in lexicon.NUMBERS
    if counted:
        number = "몇" if determiner == "some" else lexicon.NUMBERS[determiner][1]
        writer.say(number, phrase.determiner_at)
        writer.say(noun.counter, possible=(phrase.determiner_at, phrase.noun_at))
    elif phrase.plural and (noun in _ANIMATE or determiner in _DETERMINERS):
        writer.say("-들", possible=(phrase.noun_at,))
    if phrase.second is not None:
        joining = _JOINING[phrase.conjunction][0 if has_final_consonant(writer.words[-1]) else 1]
        writer.say(joining, phrase.conjunction_at)
        _noun_phrase(writer, phrase.second)


def _adjectives(writer: Writer, phrase: NounPhrase) -> None:
    """The adjectives; of two the first ends in -고, except before a colour: 작고 빠른, but 작은 빨간."""
    said = [(phrase.before, phrase.before_at), (phrase.after, phrase.after_at)]
    if phrase.before is not None and phrase.before.korean.stem == "새":  # it stands right at the noun
        said.reverse()
    said = [(adjective, at) for adjective, at in said if adjective is not None]
    if len(said) == 2 and said[1][0].quality != "colour" and said[1][0].korean.stem != "새":
        (first, at), *said = said
        writer.say(first.korean.stem + "고", at)
    for adjective, at in said:
        writer.say(adjective.korean.modifier, at)


def _relative(writer: Writer, phrase: NounPhrase, clause: Clause) -> None:
    if clause.subject is not phrase:
        _subject(writer, clause.subject, embedded=True)
    _complements(writer, clause, with_object=clause.object is not phrase)
    _modifier(writer, clause, phrase.that_at)


def _particle(writer: Writer, pair: tuple[str, str], phrase: NounPhrase) -> None:
    """The particle that fits the last syllable said, linked to the noun it marks."""
    word = pair[0 if has_final_consonant(writer.words[-1]) else 1]
    marked = phrase if phrase.second is None else phrase.second
    writer.say(word, possible=(marked.noun_at,))
