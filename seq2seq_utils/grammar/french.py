"""Says a meaning in French: agreement, elision, contraction, ne … pas, and the order of adjectives."""

from __future__ import annotations

import re

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.lexicon import Adjective
from seq2seq_utils.grammar.meaning import Clause, Meaning, NounPhrase, Writer
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
_AVOIR = ("ai", "a", "avons", "ont")
_ETRE = ("suis", "est", "sommes", "sont")
_FUTURE_ENDINGS = ("ai", "a", "ons", "ont")
_IMPERFECT_ENDINGS = ("ais", "ait", "ions", "aient")


def write(meaning: Meaning, full_stop_at: int) -> tuple[list[str], list[Link], list[Link]]:
    """The French words, the sure links and the further possible links.

    The meaning must have been said in English first, up to its full stop: the links point at those words.
    """
    writer = Writer()
    for part in meaning:
        if part.main.conjunction:
            writer.say(",", part.main.conjunction_at - 1)
        _clause(writer, part.main)
        if part.subordinate is not None:
            _clause(writer, part.subordinate)
    writer.say(".", full_stop_at)
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
    if clause.conjunction:
        first, *rest = _CONJUNCTIONS[clause.conjunction]
        writer.say(first, clause.conjunction_at)
        for word in rest:
            writer.say(word, possible=(clause.conjunction_at,))
    if clause.time is not None and clause.time_first:
        writer.say_phrase(clause.time.french, clause.time.french_links, clause.time_at)
        writer.say(",", clause.time_at + len(clause.time.english))
    _noun_phrase(writer, clause.subject)
    _predicate(writer, clause)


def _predicate(writer: Writer, clause: Clause, antecedent: NounPhrase | None = None) -> None:
    """The verb and what follows; `antecedent` is the object of a relative clause, said before it."""
    _verb(writer, clause, antecedent)
    if clause.object is not None and antecedent is None:
        _noun_phrase(writer, clause.object, negation_at=clause.negation_at)
    destination = clause.recipient or clause.goal
    if destination is not None:
        _noun_phrase(writer, destination, "à", (clause.to_at,))
    if clause.manner is not None:
        writer.say_phrase(clause.manner.french, clause.manner.french_links, clause.manner_at)
    if clause.place is not None:
        _place(writer, clause)
    if clause.time is not None and not clause.time_first:
        writer.say_phrase(clause.time.french, clause.time.french_links, clause.time_at)


def _place(writer: Writer, clause: Clause) -> None:
    place = clause.place
    if place.adverb is not None:
        writer.say_phrase(place.adverb.french, place.adverb.french_links, place.at)
        return
    first, *rest = place.preposition.french
    others = tuple(range(place.at + 1, place.at + len(place.preposition.english)))
    writer.say(first, place.at, possible=others)
    if rest:  # près de, which contracts with the article
        _noun_phrase(writer, place.noun_phrase, rest[0], (), (place.at,))
    else:
        _noun_phrase(writer, place.noun_phrase)


def _verb(writer: Writer, clause: Clause, antecedent: NounPhrase | None) -> None:
    subject, verb = clause.subject, clause.verb
    plural, feminine = subject.is_plural, subject.is_feminine
    first_person = subject.determiner in ("I", "we")
    person = 2 * plural + (not first_person)  # 0 je, 1 il, 2 nous, 3 ils
    compound = clause.tense == "past" and not _has_imperfect(clause)

    if clause.negation:
        writer.say("ne", possible=(clause.negation_at,))
    auxiliary = (clause.auxiliary_at,) if clause.auxiliary_at >= 0 else ()
    if compound:  # "saw" is "a vu"; of "did not see", "did" is the "a"
        finite = (_ETRE if verb.etre else _AVOIR)[person]
        writer.say(finite, *(auxiliary or (clause.verb_at,)))
    else:
        writer.say(_simple_form(clause, person), clause.verb_at, possible=auxiliary)
    if clause.negation:
        writer.say("jamais" if clause.negation == "never" else "pas", clause.negation_at)
    if clause.frequency is not None:
        writer.say_phrase(clause.frequency.french, clause.frequency.french_links, clause.frequency_at)
    if compound:  # with être it agrees with the subject, with avoir with an object said before it
        agrees_with = subject if verb.etre else antecedent
        participle = verb.french_participle
        if agrees_with is None:
            writer.say(participle, clause.verb_at)
        else:
            participle += "e" if agrees_with.is_feminine else ""
            if agrees_with.is_plural and not participle.endswith("s"):
                participle += "s"
            writer.say(participle, clause.verb_at, possible=_nouns(agrees_with))
    if clause.adjective is not None:
        form = clause.adjective.french[feminine][plural]
        writer.say(form, clause.adjective_at, possible=_nouns(subject))


def _has_imperfect(clause: Clause) -> bool:
    """Whether the past is the imperfect: states, habits ("often"), and what went on meanwhile.

    What never happened did not go on: "n'a jamais aimé".
    """
    if clause.verb is None or clause.frequency is not None or clause.conjunction == "while":
        return True
    return clause.verb.state and clause.negation != "never"


def _simple_form(clause: Clause, person: int) -> str:
    verb = clause.verb
    if clause.tense == "present":
        return _ETRE[person] if verb is None else verb.french_present[person]
    if clause.tense == "future":
        return ("ser" if verb is None else verb.french_future) + _FUTURE_ENDINGS[person]
    stem, ending = "ét" if verb is None else verb.french_imperfect, _IMPERFECT_ENDINGS[person]
    if ending[0] == "i":  # before it a soft g or c needs no help: mangeais, but mangions
        stem = re.sub("ge$", "g", stem).replace("ç", "c")
    return stem + ending


def _nouns(phrase: NounPhrase) -> tuple[int, ...]:
    """Where the English nouns stand whose gender and number an agreeing word shows."""
    if phrase.second is None:
        return (phrase.noun_at,)
    return (phrase.noun_at, phrase.second.noun_at)


# -------------------------------------------------------------------------------- noun phrases
def _noun_phrase(
    writer: Writer,
    phrase: NounPhrase,
    preposition: str = "",
    preposition_sure: tuple[int, ...] = (),
    preposition_possible: tuple[int, ...] = (),
    negation_at: int = -1,
) -> None:
    """A noun phrase, after "à" or "de" if one is given, since these merge with le and les."""
    if phrase.noun is None:
        writer.say(_PRONOUNS[phrase.determiner], phrase.noun_at)
        return
    plural, feminine, noun_at = phrase.plural, phrase.noun.feminine, phrase.noun_at
    noun = phrase.noun.french[plural]
    vowel_noun = begins_with_vowel(noun)
    before = ""
    if phrase.before is not None:
        before = adjective_before(phrase.before, feminine, plural, vowel_noun)
    vowel = begins_with_vowel(before or noun)

    merged = _contraction(preposition, phrase.determiner, feminine, plural, vowel)
    if merged:
        possible = (*preposition_possible, noun_at)
        writer.say(merged, *preposition_sure, phrase.determiner_at, possible=possible)
    else:
        if preposition:
            elided = preposition == "de" and phrase.determiner == "a"  # près d'un arbre
            word = "d'" if elided else preposition
            writer.say(word, *preposition_sure, possible=preposition_possible)
        negated = negation_at >= 0 and phrase.determiner == "a"
        if negated:  # il ne voit pas de livre
            word, possible = ("d'" if vowel else "de"), (negation_at, noun_at)
        else:
            word = determiner(phrase.determiner, feminine, plural, vowel, bool(before))
            varies = phrase.determiner not in lexicon.NUMBERS and phrase.determiner != "every"
            possible = (noun_at,) if varies else ()
        writer.say(word, phrase.determiner_at, possible=possible)

    if before:
        writer.say(before, phrase.before_at, possible=(noun_at,))
    writer.say(noun, noun_at)
    if phrase.after is not None:
        writer.say(phrase.after.french[feminine][plural], phrase.after_at, possible=(noun_at,))
    if phrase.owner is not None:
        _noun_phrase(writer, phrase.owner, "de", (phrase.of_at,))
    if phrase.relative is not None:
        _relative(writer, phrase, phrase.relative)
    if phrase.second is not None:
        writer.say(_CONJUNCTIONS[phrase.conjunction][0], phrase.conjunction_at)
        _noun_phrase(writer, phrase.second)


def _relative(writer: Writer, phrase: NounPhrase, clause: Clause) -> None:
    if clause.subject is phrase:
        writer.say("qui", phrase.that_at)
        _predicate(writer, clause)
    else:
        writer.say("que", phrase.that_at)
        _noun_phrase(writer, clause.subject)
        _predicate(writer, clause, antecedent=phrase)


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
    if not preposition or english != "the" or (not plural and (feminine or vowel)):
        return ""
    if preposition == "à":
        return "aux" if plural else "au"
    return "des" if plural else "du"
