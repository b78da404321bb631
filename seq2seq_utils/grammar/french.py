"""Says a meaning in French: agreement, elision, contraction, ne … pas, and the order of adjectives."""

from __future__ import annotations

import re

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.lexicon import Adjective, Verb
from seq2seq_utils.grammar.meaning import (
    Clause,
    Meaning,
    NounPhrase,
    Place,
    PrepositionalPhrase,
    Pronoun,
    Subject,
)
from seq2seq_utils.grammar.positions import ClauseAt, Positions
from seq2seq_utils.grammar.writer import Writer
from seq2seq_utils.pairs import Link

_VOWELS = frozenset("aeiouyàâéèêëîïôöûùœh")  # an h is mute unless the lexicon says aspirated
_ELIDED = {"je": "j'", "ne": "n'", "que": "qu'"}
_PRONOUNS = {"I": "je", "he": "il", "she": "elle", "we": "nous"}
_CONJUNCTIONS = {
    "and": ("et",),
    "but": ("mais",),
    "because": ("parce", "que"),
    "while": ("pendant", "que"),
    "when": ("quand",),
    "or": ("ou",),
}
_AVOIR = ("ai", "a", "avons", "ont")  # je, il, nous, ils
_ETRE = ("suis", "est", "sommes", "sont")
_FUTURE_ENDINGS = ("ai", "a", "ons", "ont")
_IMPERFECT_ENDINGS = ("ais", "ait", "ions", "aient")


def write(meaning: Meaning, positions: Positions) -> tuple[list[str], list[Link], list[Link]]:
    """The French words, the sure links and the further possible links.

    Args:
        meaning: what to say.
        positions: where the words of the English sentence stand, from `english.write`.
    """
    writer = Writer(positions)
    for part in meaning:
        if part.main.conjunction:
            writer.say(",", positions.clauses[part.main].conjunction - 1)
        _clause(writer, part.main)
        if part.subordinate is not None:
            _clause(writer, part.subordinate)
    writer.say(".", positions.full_stop)
    words = writer.words
    for at in range(len(words) - 1):
        if words[at] in _ELIDED and begins_with_vowel(words[at + 1]):
            words[at] = _ELIDED[words[at]]
    return words, writer.sure, writer.possible


def begins_with_vowel(word: str) -> bool:
    """Whether le, la, de, ne, que and je lose their vowel before this word."""
    return word[0] in _VOWELS and word not in lexicon.ASPIRATED and word != "huit"


# ------------------------------------------------------------------------------------- clauses
def _clause(writer: Writer, clause: Clause) -> None:
    at = writer.clauses_at[clause]
    if clause.conjunction:
        first, *rest = _CONJUNCTIONS[clause.conjunction]
        writer.say(first, at.conjunction)
        for word in rest:
            writer.say(word, possible=(at.conjunction,))
    if clause.time is not None and clause.time_first:
        writer.say_phrase(clause.time.french, clause.time.french_links, at.time)
        writer.say(",", at.time + len(clause.time.english))
    _subject(writer, clause.subject)
    _predicate(writer, at, clause)


def _predicate(writer: Writer, at: ClauseAt, clause: Clause, antecedent: NounPhrase | None = None) -> None:
    """The verb and what follows; `antecedent` is the object of a relative clause, said before it."""
    if isinstance(clause.predicate, Adjective):
        _copula(writer, at, clause, clause.predicate)
    else:
        _verb(writer, at, clause, clause.predicate, antecedent)
    if clause.object is not None and antecedent is None:
        _noun_phrase(writer, clause.object, negated_at=(at.negation,) if clause.negation else ())
    destination = clause.recipient or clause.goal
    if destination is not None:
        _noun_phrase(writer, destination, "à", (at.to,))
    if clause.manner is not None:
        writer.say_phrase(clause.manner.french, clause.manner.french_links, at.manner)
    if clause.place is not None:
        _place(writer, clause.place, at.place)
    if clause.time is not None and not clause.time_first:
        writer.say_phrase(clause.time.french, clause.time.french_links, at.time)


def _place(writer: Writer, place: Place, at: int) -> None:
    if not isinstance(place, PrepositionalPhrase):
        writer.say_phrase(place.french, place.french_links, at)
        return
    first, *rest = place.preposition.french
    writer.say(first, at, possible=range(at + 1, at + len(place.preposition.english)))
    if rest:  # près de, which contracts with the article
        _noun_phrase(writer, place.noun_phrase, rest[0], (), (at,))
    else:
        _noun_phrase(writer, place.noun_phrase)


# --------------------------------------------------------------------------------------- verbs
def _verb(writer: Writer, at: ClauseAt, clause: Clause, verb: Verb, antecedent: NounPhrase | None) -> None:
    person = _person(clause.subject)
    auxiliaries = at.auxiliaries
    if clause.tense != "past" or _has_imperfect(clause, verb):
        _finite(writer, at, clause, simple_form(verb, clause.tense, person), (at.verb,), auxiliaries)
        return
    # "saw" is "a vu"; of "did not see", "did" is the "a"
    _finite(writer, at, clause, (_ETRE if verb.etre else _AVOIR)[person], auxiliaries or (at.verb,))
    # With être the participle agrees with the subject, with avoir with an object said before it.
    agrees_with = clause.subject if verb.etre else antecedent
    participle = verb.french_participle
    if agrees_with is None:
        writer.say(participle, at.verb)
        return
    participle += "e" if agrees_with.is_feminine else ""
    if agrees_with.is_plural and not participle.endswith("s"):
        participle += "s"
    writer.say(participle, at.verb, possible=_nouns(writer, agrees_with))


def _copula(writer: Writer, at: ClauseAt, clause: Clause, adjective: Adjective) -> None:
    subject = clause.subject
    person = _person(subject)
    if clause.tense == "present":
        form = _ETRE[person]
    elif clause.tense == "future":
        form = "ser" + _FUTURE_ENDINGS[person]
    else:
        form = "ét" + _IMPERFECT_ENDINGS[person]
    _finite(writer, at, clause, form, (at.verb,), at.auxiliaries)
    agreeing = adjective.french[subject.is_feminine][subject.is_plural]
    writer.say(agreeing, at.adjective, possible=_nouns(writer, subject))


def _finite(
    writer: Writer,
    at: ClauseAt,
    clause: Clause,
    form: str,
    sure: tuple[int, ...],
    possible: tuple[int, ...] = (),
) -> None:
    """The finite verb, in the middle of "ne … pas", and "often" behind that."""
    if clause.negation:
        writer.say("ne", possible=(at.negation,))
    writer.say(form, *sure, possible=possible)
    if clause.negation:
        writer.say("jamais" if clause.negation == "never" else "pas", at.negation)
    if clause.frequency is not None:
        writer.say_phrase(clause.frequency.french, clause.frequency.french_links, at.frequency)


def _person(subject: Subject) -> int:
    """0 for je, 1 for il, 2 for nous, 3 for ils."""
    return 2 * subject.is_plural + (not subject.is_first_person)


def _has_imperfect(clause: Clause, verb: Verb) -> bool:
    """Whether the past is the imperfect: states, habits ("often"), and what went on meanwhile.

    What never happened did not go on: "n'a jamais aimé".
    """
    if clause.frequency is not None or clause.conjunction == "while":
        return True
    return verb.state and clause.negation != "never"


def simple_form(verb: Verb, tense: str, person: int) -> str:
    """The present, the future, or for the past the imperfect."""
    if tense == "present":
        return verb.french_present[person]
    if tense == "future":
        return verb.french_future + _FUTURE_ENDINGS[person]
    stem, ending = verb.french_imperfect, _IMPERFECT_ENDINGS[person]
    if ending[0] == "i":  # before it a soft g or c needs no help: mangeais, but mangions
        stem = re.sub("ge$", "g", stem).replace("ç", "c")
    return stem + ending


def _nouns(writer: Writer, subject: Subject) -> tuple[int, ...]:
    """Where the English nouns stand whose gender and number an agreeing word shows."""
    noun_at = writer.phrases_at[subject].noun
    if isinstance(subject, Pronoun) or subject.second is None:
        return (noun_at,)
    return (noun_at, writer.phrases_at[subject.second].noun)


# -------------------------------------------------------------------------------- noun phrases
def _subject(writer: Writer, subject: Subject) -> None:
    if isinstance(subject, Pronoun):
        writer.say(_PRONOUNS[subject.word], writer.phrases_at[subject].noun)
    else:
        _noun_phrase(writer, subject)


def _noun_phrase(
    writer: Writer,
    phrase: NounPhrase,
    preposition: str = "",
    preposition_sure: tuple[int, ...] = (),
    preposition_possible: tuple[int, ...] = (),
    negated_at: tuple[int, ...] = (),
) -> None:
    """A noun phrase, after "à" or "de" if one is given, since these merge with le and les.

    Args:
        writer: what the words are added to.
        phrase: what to say.
        preposition: ``"à"``, ``"de"`` or nothing.
        preposition_sure: where the English words stand that it translates.
        preposition_possible: where those stand that it depends on.
        negated_at: where the negation of its verb stands, if the phrase is the object of a negated one.
    """
    at = writer.phrases_at[phrase]
    plural, feminine = phrase.plural, phrase.noun.feminine
    noun = phrase.noun.french[plural]
    before = ""
    if phrase.before is not None:
        before = adjective_before(phrase.before, feminine, plural, begins_with_vowel(noun))
    vowel = begins_with_vowel(before or noun)

    merged = _contraction(preposition, phrase.determiner, feminine, plural, vowel) if preposition else ""
    if merged:
        writer.say(merged, *preposition_sure, at.determiner, possible=(*preposition_possible, at.noun))
    else:
        if preposition:
            elided = preposition == "de" and phrase.determiner == "a"  # près d'un arbre
            writer.say("d'" if elided else preposition, *preposition_sure, possible=preposition_possible)
        if negated_at and phrase.determiner == "a":  # il ne voit pas de livre
            writer.say("d'" if vowel else "de", at.determiner, possible=(*negated_at, at.noun))
        else:
            word = determiner(phrase.determiner, feminine, plural, vowel, bool(before))
            varies = phrase.determiner not in lexicon.NUMBERS and phrase.determiner != "every"
            writer.say(word, at.determiner, possible=(at.noun,) if varies else ())

    if before:
        writer.say(before, at.before, possible=(at.noun,))
    writer.say(noun, at.noun)
    if phrase.after is not None:
        writer.say(phrase.after.french[feminine][plural], at.after, possible=(at.noun,))
    if phrase.owner is not None:
        _noun_phrase(writer, phrase.owner, "de", (at.of,))
    if phrase.relative is not None:
        _relative(writer, phrase, phrase.relative)
    if phrase.second is not None:
        writer.say(_CONJUNCTIONS[phrase.conjunction][0], at.conjunction)
        _noun_phrase(writer, phrase.second)


def _relative(writer: Writer, phrase: NounPhrase, clause: Clause) -> None:
    that_at = writer.phrases_at[phrase].that
    clause_at = writer.clauses_at[clause]
    if clause.subject is phrase:
        writer.say("qui", that_at)
        _predicate(writer, clause_at, clause)
    else:
        writer.say("que", that_at)
        _subject(writer, clause.subject)
        _predicate(writer, clause_at, clause, antecedent=phrase)


def adjective_before(adjective: Adjective, feminine: bool, plural: bool, vowel: bool) -> str:
    """The form before the noun: bel, vieil and nouvel before a masculine singular vowel."""
    if vowel and not feminine and not plural:
        return adjective.french_before_vowel
    return adjective.french[feminine][plural]


def determiner(english: str, feminine: bool, plural: bool, vowel: bool, adjective: bool) -> str:
    """The French of a determiner before a word that begins with a vowel sound or not.

    `adjective` says whether that word is an adjective: "some red books" is "des livres rouges", but
    "some small books" is "de petits livres".
    """
    if english == "the":
        return "les" if plural else "l'" if vowel else "la" if feminine else "le"
    if english == "a":
        return "une" if feminine else "un"
    if english in ("this", "that"):
        return "ces" if plural else "cette" if feminine else "cet" if vowel else "ce"
    if english == "my":
        return "mes" if plural else "ma" if feminine and not vowel else "mon"
    if english == "our":
        return "nos" if plural else "notre"
    if english == "some":
        return "des" if not adjective else "d'" if vowel else "de"
    if english == "every":
        return "chaque"
    return lexicon.NUMBERS[english][0]


def _contraction(preposition: str, english: str, feminine: bool, plural: bool, vowel: bool) -> str:
    """au, aux, du or des; "" where à or de and the article stay apart (à la, de l')."""
    if english != "the" or (not plural and (feminine or vowel)):
        return ""
    if preposition == "à":
        return "aux" if plural else "au"
    return "des" if plural else "du"
