"""What the grammar says in French: agreement, elision, contraction and conjugation over the whole lexicon.

The rules are said again here, in tables that a speaker can check, and not by calling the grammar's own.
"""

import dataclasses
import itertools
import unicodedata

from meanings import (
    ADJECTIVES,
    DETERMINERS,
    PHRASES,
    PREPOSITIONS,
    TENSES,
    VERBS,
    assert_equal,
    clause,
    in_french,
    noun_phrase,
    subject,
    table,
)

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.grammar.meaning import NounPhrase, PrepositionalPhrase

# -------------------------------------------------------------------------------- noun phrases
#       before:  chat   vache   ours    abeille  (plural)
FRENCH = {
    "the": ("le", "la", "l'", "l'", "les"),
    "a": ("un", "une", "un", "une", ""),
    "this": ("ce", "cette", "cet", "cette", "ces"),
    "that": ("ce", "cette", "cet", "cette", "ces"),
    "my": ("mon", "ma", "mon", "mon", "mes"),
    "our": ("notre", "notre", "notre", "notre", "nos"),
    "every": ("chaque", "chaque", "chaque", "chaque", ""),
    "some": ("", "", "", "", "des"),
    "à the": ("au", "à la", "à l'", "à l'", "aux"),
    "de the": ("du", "de la", "de l'", "de l'", "des"),
    "de a": ("d' un", "d' une", "d' un", "d' une", ""),
    "pas a": ("de", "de", "d'", "d'", ""),
}
NUMBERS = table("two>deux three>trois four>quatre five>cinq six>six seven>sept eight>huit nine>neuf ten>dix")
FRENCH |= {english: ("", "", "", "", french) for english, french in NUMBERS.items()}
BEFORE_VOWEL = {"beau": "bel", "vieux": "vieil", "nouveau": "nouvel"}


def vowel_sound(word: str) -> bool:
    if word in ("héros", "hibou", "hiboux", "huit"):
        return False
    return unicodedata.normalize("NFD", word)[0] in "aeiouyhœ"


def french_noun_phrase(noun, determiner, plural, before=None, after=None, preposition=""):
    """What one says in French, by the table."""
    feminine = noun.feminine
    words = [noun.french[plural]]
    if before is not None:
        form = before.french[feminine][plural]
        if not feminine and not plural and vowel_sound(words[0]):
            form = BEFORE_VOWEL.get(form, form)
        words.insert(0, form)
    column = 4 if plural else feminine + 2 * vowel_sound(words[0])
    merged = FRENCH.get(f"{preposition} {determiner}")
    first = merged[column] if merged else f"{preposition} {FRENCH[determiner][column]}".strip()
    if determiner == "some" and before is not None:
        first = "de"
    if after is not None:
        words.append(after.french[feminine][plural])
    return " ".join([first, *words])


def test_noun_phrase_agrees_with_every_determiner_and_adjective():
    def cases():
        for noun in lexicon.NOUNS:
            for (determiner, plural), before, after in itertools.product(
                DETERMINERS, (None, *lexicon.BEFORE[noun.kind]), (None, *lexicon.AFTER[noun.kind])
            ):
                phrase = NounPhrase(noun, determiner, plural, before, after)
                expected = french_noun_phrase(noun, determiner, plural, before, after)
                verb = "dorment" if plural else "dort"
                yield in_french(clause(phrase, "present", "sleep")), f"{expected} {verb} ."

    assert_equal(cases())


def test_noun_phrase_merges_with_a_and_de():
    def cases():
        for noun in lexicon.NOUNS:
            for (determiner, plural), before in itertools.product(
                [each for each in DETERMINERS if each[0] not in ("every", "some")],
                (None, *lexicon.BEFORE[noun.kind]),
            ):
                phrase = NounPhrase(noun, determiner, plural, before)
                with_a = french_noun_phrase(noun, determiner, plural, before, None, "à")
                with_de = french_noun_phrase(noun, determiner, plural, before, None, "de")
                yield in_french(clause("he", "present", "go", goal=phrase)), f"il va {with_a} ."
                house = noun_phrase("the house", owner=phrase)
                yield in_french(clause(house, "present", "sleep")), f"la maison {with_de} dort ."
                near = PrepositionalPhrase(PREPOSITIONS["near"], phrase)
                yield in_french(clause("he", "present", "sleep", place=near)), f"il dort près {with_de} ."

    assert_equal(cases())


def test_object_of_a_negated_verb_has_de_for_a_and_its_own_determiner_otherwise():
    def cases():
        for noun in lexicon.NOUNS:
            for (determiner, plural), before in itertools.product(
                DETERMINERS, (None, *lexicon.BEFORE[noun.kind])
            ):
                phrase = NounPhrase(noun, determiner, plural, before)
                preposition = "pas" if determiner == "a" else ""
                form = french_noun_phrase(noun, determiner, plural, before, None, preposition)
                for negation, sign in (("not", "pas"), ("never", "jamais")):
                    negated = clause("he", "present", "see", negation=negation, object=phrase)
                    yield in_french(negated), f"il ne voit {sign} {form} ."

    assert_equal(cases())


def test_noun_phrases_written_by_hand():
    expected = {
        "the owl": "le vieux hibou",
        "this hero": "ce vieux héros",
        "a man": "un vieil homme",
        "my ant": "ma vieille fourmi",
        "that bee": "cette vieille abeille",
        "my bear": "mon vieil ours",
    }

    def cases():
        for words, french in expected.items():
            old = noun_phrase(words, before=ADJECTIVES["늙"])
            yield in_french(clause(old, "future", "sleep")), french + " dormira ."

    assert_equal(cases())


def test_adjective_after_to_be_agrees_with_the_subject():
    to_be = {"present": ("est", "sont"), "past": ("était", "étaient"), "future": ("sera", "seront")}

    def cases():
        for noun in lexicon.NOUNS:
            for each, plural, tense in itertools.product(
                lexicon.PREDICATIVE[noun.kind], (False, True), TENSES
            ):
                verb, form = to_be[tense][plural], each.french[noun.feminine][plural]
                expected = french_noun_phrase(noun, "this", plural)
                phrase = NounPhrase(noun, "this", plural)
                yield in_french(clause(phrase, tense, each)), f"{expected} {verb} {form} ."
                ne = "n'" if vowel_sound(verb) else "ne"
                negative = in_french(clause(phrase, tense, each, negation="not"))
                yield negative, f"{expected} {ne} {verb} pas {form} ."

    assert_equal(cases())


# --------------------------------------------------------------------------------------- verbs
FRENCH_VERBS = {  # present, participle, imperfect, future; je, il, nous, ils
    english_verb.strip(): [part.split() for part in forms.split("|")]
    for english_verb, forms in (
        line.split(":")
        for line in """
see: vois voit voyons voient|vu|voyais voyait voyions voyaient|verrai verra verrons verront
buy: achète achète achetons achètent|acheté|achetais achetait achetions achetaient|achèterai achètera achèterons achèteront
sell: vends vend vendons vendent|vendu|vendais vendait vendions vendaient|vendrai vendra vendrons vendront
eat: mange mange mangeons mangent|mangé|mangeais mangeait mangions mangeaient|mangerai mangera mangerons mangeront
open: ouvre ouvre ouvrons ouvrent|ouvert|ouvrais ouvrait ouvrions ouvraient|ouvrirai ouvrira ouvrirons ouvriront
clean: nettoie nettoie nettoyons nettoient|nettoyé|nettoyais nettoyait nettoyions nettoyaient|nettoierai nettoiera nettoierons nettoieront
paint: peins peint peignons peignent|peint|peignais peignait peignions peignaient|peindrai peindra peindrons peindront
write: écris écrit écrivons écrivent|écrit|écrivais écrivait écrivions écrivaient|écrirai écrira écrirons écriront
lose: perds perd perdons perdent|perdu|perdais perdait perdions perdaient|perdrai perdra perdrons perdront
discover: découvre découvre découvrons découvrent|découvert|découvrais découvrait découvrions découvraient|découvrirai découvrira découvrirons découvriront
throw: lance lance lançons lancent|lancé|lançais lançait lancions lançaient|lancerai lancera lancerons lanceront
choose: choisis choisit choisissons choisissent|choisi|choisissais choisissait choisissions choisissaient|choisirai choisira choisirons choisiront
chase: poursuis poursuit poursuivons poursuivent|poursuivi|poursuivais poursuivait poursuivions poursuivaient|poursuivrai poursuivra poursuivrons poursuivront
call: appelle appelle appelons appellent|appelé|appelais appelait appelions appelaient|appellerai appellera appellerons appelleront
build: construis construit construisons construisent|construit|construisais construisait construisions construisaient|construirai construira construirons construiront
send: envoie envoie envoyons envoient|envoyé|envoyais envoyait envoyions envoyaient|enverrai enverra enverrons enverront
sleep: dors dort dormons dorment|dormi|dormais dormait dormions dormaient|dormirai dormira dormirons dormiront
laugh: ris rit rions rient|ri|riais riait riions riaient|rirai rira rirons riront
swim: nage nage nageons nagent|nagé|nageais nageait nagions nageaient|nagerai nagera nagerons nageront
run: cours court courons courent|couru|courais courait courions couraient|courrai courra courrons courront
wait: attends attend attendons attendent|attendu|attendais attendait attendions attendaient|attendrai attendra attendrons attendront
leave: pars part partons partent|parti|partais partait partions partaient|partirai partira partirons partiront
go: vais va allons vont|allé|allais allait allions allaient|irai ira irons iront
come: viens vient venons viennent|venu|venais venait venions venaient|viendrai viendra viendrons viendront
""".strip().splitlines()  # noqa: E501, for a line of the table
    )
}
REGULAR_ENDINGS = ("e e ons ent", "é", "ais ait ions aient", "erai era erons eront")


def french_forms(verb) -> list[list[str]]:
    """Present, participle, imperfect and future, by the table or as of any verb in -er."""
    if verb.english[0] in FRENCH_VERBS:
        return FRENCH_VERBS[verb.english[0]]
    stem = verb.french_present[0].removesuffix("e")
    return [[stem + ending for ending in endings.split()] for endings in REGULAR_ENDINGS]


FRENCH_SUBJECTS = [  # who, in the plural?, in French, and the person: je, il, nous, ils
    ("I", False, "je", 0),
    ("he", False, "il", 1),
    ("she", False, "elle", 1),
    ("we", False, "nous", 2),
    ("this ant", False, "cette fourmi", 1),
    ("the dog", True, "les chiens", 3),
]
AVOIR, ETRE = ("ai", "a", "avons", "ont"), ("suis", "est", "sommes", "sont")
PAST_WITH_ETRE = {"stay", "arrive", "leave", "go", "come"}
PAST_IS_IMPERFECT = {"love", "hate", "respect"}


def around(french_subject: str, finite: str, negation: str = "") -> str:
    """Subject and finite verb with their elisions, the negation around the verb."""
    vowel = vowel_sound(finite)
    if negation:
        sign = {"not": "pas", "never": "jamais"}[negation]
        ne = "n'" if vowel else "ne"
        return f"{french_subject} {ne} {finite} {sign}"
    return f"j' {finite}" if french_subject == "je" and vowel else f"{french_subject} {finite}"


def test_verb_is_conjugated_and_negated():
    def cases():
        for verb, negation in itertools.product(VERBS.values(), ("", "not", "never")):
            present, (participle,), imperfect, future = french_forms(verb)
            name = verb.english[0]
            for who, plural, french, person in FRENCH_SUBJECTS:
                written = {
                    tense: in_french(clause(subject(who, plural), tense, verb, negation=negation))
                    for tense in TENSES
                }
                yield written["present"], around(french, present[person], negation) + " ."
                yield written["future"], around(french, future[person], negation) + " ."
                if name in PAST_IS_IMPERFECT and negation != "never":  # what never was did not last
                    yield written["past"], around(french, imperfect[person], negation) + " ."
                elif name not in PAST_WITH_ETRE:
                    yield written["past"], f"{around(french, AVOIR[person], negation)} {participle} ."
                elif who not in ("I", "we"):  # whose gender is unknown: the sampler never says these
                    ending = ("e" if who in ("she", "this ant") else "") + ("s" if plural else "")
                    yield written["past"], f"{around(french, ETRE[person], negation)} {participle}{ending} ."

    assert_equal(cases())


def test_habits_and_what_went_on_meanwhile_are_in_the_imperfect():
    def cases():
        for verb in VERBS.values():
            imperfect = french_forms(verb)[2]
            for who, plural, french, person in FRENCH_SUBJECTS:
                habit = clause(subject(who, plural), "past", verb, frequency=PHRASES["often"])
                yield in_french(habit), f"{around(french, imperfect[person])} souvent ."
                meanwhile = clause(subject(who, plural), "past", verb, conjunction="while")
                que = "qu'" if vowel_sound(french) else "que"
                yield (
                    in_french(clause("the dog", "past", "eat"), meanwhile),
                    f"le chien a mangé pendant {que} {around(french, imperfect[person])} .",
                )

    assert_equal(cases())


def test_every_verb_that_is_not_in_the_table_is_regular_in_all_its_principal_parts():
    def cases():
        for verb in VERBS.values():
            present, (participle,), _, future = french_forms(verb)
            yield verb.french_present, tuple(present)
            yield verb.french_participle, participle
            yield verb.french_future + "ai", future[0]

    assert_equal(cases())
    assert {name for name, verb in VERBS.items() if verb.etre} == PAST_WITH_ETRE
    assert {name for name, verb in VERBS.items() if verb.state} == PAST_IS_IMPERFECT
    assert FRENCH_VERBS.keys() <= VERBS.keys()


def test_participle_agrees_with_two_subjects():
    expected = {  # who came: with être the participle agrees with all of them
        ("the king", "the queen"): "le roi et la reine sont venus .",
        ("the queen", "the king"): "la reine et le roi sont venus .",
        ("the queen", "the witch"): "la reine et la sorcière sont venues .",
        ("the king", "the judge"): "le roi et le juge sont venus .",
    }

    def cases():
        for (first, second), french in expected.items():
            both = noun_phrase(first, conjunction="and", second=noun_phrase(second))
            yield in_french(clause(both, "past", "come")), french

    assert_equal(cases())


def test_participle_agrees_with_what_the_relative_clause_is_about():
    def cases():
        for verb in lexicon.VERBS["transitive"]:
            participle = french_forms(verb)[1][0]
            for noun, plural in itertools.product(verb.objects, (False, True)):
                phrase = NounPhrase(noun, "the", plural)
                phrase.relative = clause("the king", "past", verb, object=phrase)
                form = participle + ("e" if noun.feminine else "") + ("s" if plural else "")
                imperfect = verb.english[0] in PAST_IS_IMPERFECT
                relative = french_forms(verb)[2][1] if imperfect else f"a {form}"
                expected = french_noun_phrase(noun, "the", plural)
                seen = in_french(clause("he", "present", "see", object=phrase))
                yield seen, f"il voit {expected} que le roi {relative} ."

        # No participle of the lexicon ends in s, which is not doubled: pris, prise, pris, prises.
        take = dataclasses.replace(VERBS["see"], french_participle="pris")
        for words, plural, form in (("the hat", True, "pris"), ("the ball", True, "prises")):
            phrase = noun_phrase(words, plural)
            phrase.relative = clause("the king", "past", take, object=phrase)
            yield in_french(clause(phrase, "present", "sleep")).split()[-3], form

    assert_equal(cases())


def test_que_loses_its_vowel_before_another():
    expected = {
        "he": "qu' il",
        "she": "qu' elle",
        "I": "que j'",
        "a king": "qu' un roi",
        "a bee": "qu' une abeille",
        "the bee": "que l' abeille",
        "the hero": "que le héros",
        "this man": "que cet homme",
        "eight king": "que huit rois",
        "every king": "que chaque roi",
    }

    def cases():
        for who, french in expected.items():
            plural = who == "eight king"
            ending = "aiment" if plural else "aime"
            phrase = noun_phrase("the dog")
            phrase.relative = clause(subject(who, plural), "present", "love", object=phrase)
            yield in_french(clause(phrase, "present", "sleep")), f"le chien {french} {ending} dort ."
            because = clause(subject(who, plural), "present", "love", conjunction="because")
            yield in_french(clause("he", "present", "sleep"), because), f"il dort parce {french} {ending} ."

    assert_equal(cases())
