"""What the grammar says: agreement, particles and endings over the whole lexicon, and the word links.

The rules are said again here, in tables that a speaker can check, and not by calling the grammar's own.
"""

import itertools
import unicodedata

import pytest

from seq2seq_utils.grammar import Sampler, english, lexicon, say
from seq2seq_utils.grammar.meaning import Clause, Complex, NounPhrase, Place

NOUNS = {noun.english[0]: noun for noun in lexicon.NOUNS}
VERBS = {verb.english[0]: verb for verbs in lexicon.VERBS.values() for verb in verbs}
ADJECTIVES = {adjective.korean.stem: adjective for adjective in lexicon.ADJECTIVES}
TIMES = {" ".join(time.english): time for times in lexicon.TIMES.values() for time in times}
PREPOSITIONS = {" ".join(each.english): each for each in lexicon.PREPOSITIONS}
TENSES = ("present", "past", "future")
DETERMINERS = [  # each English determiner, and whether its noun is plural
    *itertools.product(("the", "this", "that", "my", "our"), (False, True)),
    *(("a", False), ("every", False), ("some", True)),
    *((number, True) for number in lexicon.NUMBERS),
]

every_noun = pytest.mark.parametrize("noun", lexicon.NOUNS, ids=lambda noun: noun.english[0])
every_verb = pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)


def pairs(text: str) -> dict[str, str]:
    return dict(pair.split(">") for pair in text.split())


def noun_phrase(words: str, plural: bool = False, **parts) -> NounPhrase:
    """``noun_phrase("the king")``, ``noun_phrase("she")``."""
    determiner, _, noun = words.partition(" ")
    return NounPhrase(NOUNS[noun] if noun else None, determiner, plural, **parts)


def clause(subject: NounPhrase, tense: str, verb: str, **parts) -> Clause:
    return Clause(subject, tense, VERBS[verb], **parts)


def adjective(english_word: str):
    return next(each for each in lexicon.ADJECTIVES if each.english == english_word)


def in_english(main: Clause) -> str:
    return " ".join(english.write([Complex(main)]))


def in_french(main: Clause, subordinate: Clause | None = None) -> str:
    return " ".join(say([Complex(main, subordinate)], "french")[1])


def in_korean(main: Clause, second: Clause | None = None, subordinate: Clause | None = None) -> str:
    meaning = [Complex(main, subordinate)] + ([Complex(second)] if second else [])
    return " ".join(say(meaning, "korean")[1])


# ----------------------------------------------------------------------------------------- English
# The words that are said with a vowel at their start.
AN = {
    *("actress", "ambulance", "ant", "apple", "egg", "elephant", "emperor", "island", "onion"),
    *("orange", "owl", "umbrella", "expensive", "intelligent", "interesting", "old"),
}
PERSONS = {"I": False, "we": False, "she": True, "the king": True}  # whether the verb takes its s


@every_noun
def test_english_says_an_before_a_vowel(noun):
    for before in (None, *lexicon.BEFORE[noun.kind]):
        for after in (None, *lexicon.AFTER[noun.kind]):
            phrase = NounPhrase(noun, "a", before=before, after=after)
            article, following, *_ = in_english(clause(phrase, "past", "sleep")).split()
            assert article == ("an" if following in AN else "a"), following


@pytest.mark.parametrize(
    ("words", "plural", "said"),
    [
        ("the mouse", True, "the mice"),
        ("this mouse", False, "this mouse"),
        ("this mouse", True, "these mice"),
        ("that child", True, "those children"),
        ("my wolf", True, "my wolves"),
        ("every woman", False, "every woman"),
        ("some hero", True, "some heroes"),
        ("ten knife", True, "ten knives"),
    ],
)
def test_english_plural_is_in_determiner_and_noun(words, plural, said):
    assert in_english(clause(noun_phrase(words, plural), "past", "sleep")) == said + " slept ."


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("작", "빨갛", "a small red hat"),
        ("오래되", "빨갛", "an old red hat"),  # colour next to the noun
        ("오래되", "이상하", "a strange old hat"),  # otherwise age
        ("예쁘", "비싸", "a lovely expensive hat"),
    ],
)
def test_english_adjectives_stand_in_their_usual_order(before, after, said):
    phrase = noun_phrase("a hat", before=ADJECTIVES[before], after=ADJECTIVES[after])
    assert in_english(clause(phrase, "past", "sleep")).startswith(said + " ")


@every_verb
def test_english_verb_has_its_s_and_its_do_support(verb):
    base, third, past = verb.english
    for who, has_s in PERSONS.items():
        form = third if has_s else base
        expected = {
            ("present", ""): form,
            ("present", "not"): f"does not {base}" if has_s else f"do not {base}",
            ("present", "never"): f"never {form}",
            ("past", ""): past,
            ("past", "not"): f"did not {base}",
            ("past", "never"): f"never {past}",
            ("future", ""): f"will {base}",
            ("future", "not"): f"will not {base}",
            ("future", "never"): f"will never {base}",
        }
        for (tense, negation), said in expected.items():
            this = Clause(noun_phrase(who), tense, verb, negation=negation)
            assert in_english(this) == f"{who} {said} ."


@pytest.mark.parametrize(
    ("who", "plural", "tense", "negation", "said"),
    [
        ("she", False, "present", "", "she is sad ."),
        ("she", False, "past", "not", "she was not sad ."),
        ("he", False, "future", "not", "he will not be sad ."),
        ("the king", True, "present", "not", "the kings are not sad ."),
        ("the king", True, "past", "", "the kings were sad ."),
    ],
)
def test_english_to_be_agrees(who, plural, tense, negation, said):
    assert in_english(Clause(noun_phrase(who, plural), tense, None, adjective("sad"), negation)) == said


# -------------------------------------------------------------------------- French noun phrases
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
FRENCH |= {
    number: ("", "", "", "", said)
    for number, said in pairs(
        "two>deux three>trois four>quatre five>cinq six>six seven>sept eight>huit nine>neuf ten>dix"
    ).items()
}
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
    said = merged[column] if merged else f"{preposition} {FRENCH[determiner][column]}".strip()
    if determiner == "some" and before is not None:
        said = "de"
    if after is not None:
        words.append(after.french[feminine][plural])
    return " ".join([said, *words])


@every_noun
def test_french_noun_phrase_agrees_with_every_determiner_and_adjective(noun):
    for (determiner, plural), before, after in itertools.product(
        DETERMINERS, (None, *lexicon.BEFORE[noun.kind]), (None, *lexicon.AFTER[noun.kind])
    ):
        phrase = NounPhrase(noun, determiner, plural, before, after)
        said = in_french(clause(phrase, "present", "sleep"))
        expected = french_noun_phrase(noun, determiner, plural, before, after)
        assert said == f"{expected} {'dorment' if plural else 'dort'} ."


@every_noun
def test_french_noun_phrase_merges_with_a_and_de(noun):
    for (determiner, plural), before in itertools.product(
        [each for each in DETERMINERS if each[0] not in ("every", "some")],
        (None, *lexicon.BEFORE[noun.kind]),
    ):
        phrase = NounPhrase(noun, determiner, plural, before)
        to = in_french(clause(noun_phrase("he"), "present", "go", goal=phrase))
        assert to == "il va " + french_noun_phrase(noun, determiner, plural, before, None, "à") + " ."
        of = in_french(clause(noun_phrase("the house", owner=phrase), "present", "sleep"))
        expected = french_noun_phrase(noun, determiner, plural, before, None, "de")
        assert of == f"la maison {expected} dort ."
        near = clause(noun_phrase("he"), "present", "sleep", place=Place(None, PREPOSITIONS["near"], phrase))
        assert in_french(near) == f"il dort près {expected} ."


@every_noun
def test_french_object_of_a_negated_verb_has_de_for_a(noun):
    for before in (None, *lexicon.BEFORE[noun.kind]):
        for negation, sign in (("not", "pas"), ("never", "jamais")):
            phrase = NounPhrase(noun, "a", False, before)
            said = in_french(clause(noun_phrase("he"), "present", "see", negation=negation, object=phrase))
            form = french_noun_phrase(noun, "a", False, before, None, "pas")
            assert said == f"il ne voit {sign} {form} ."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("the owl", "le vieux hibou"),
        ("this hero", "ce vieux héros"),
        ("a man", "un vieil homme"),
        ("my ant", "ma vieille fourmi"),
        ("that bee", "cette vieille abeille"),
        ("my bear", "mon vieil ours"),
    ],
)
def test_french_noun_phrases_written_by_hand(words, said):
    assert (
        in_french(clause(noun_phrase(words, before=ADJECTIVES["늙"]), "future", "sleep"))
        == said + " dormira ."
    )


@every_noun
def test_french_adjective_after_to_be_agrees_with_the_subject(noun):
    forms = {  # of être: singular and plural
        "present": ("est", "sont"),
        "past": ("était", "étaient"),
        "future": ("sera", "seront"),
    }
    for each, plural, tense in itertools.product(lexicon.PREDICATIVE[noun.kind], (False, True), TENSES):
        verb, form = forms[tense][plural], each.french[noun.feminine][plural]
        subject = french_noun_phrase(noun, "this", plural)
        positive = Clause(NounPhrase(noun, "this", plural), tense, None, each)
        assert in_french(positive) == f"{subject} {verb} {form} ."
        negative = Clause(NounPhrase(noun, "this", plural), tense, None, each, "not")
        ne = "n'" if vowel_sound(verb) else "ne"
        assert in_french(negative) == f"{subject} {ne} {verb} pas {form} ."


# ---------------------------------------------------------------------------------- French verbs
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
REGULAR_ENDINGS = (
    ("e", "e", "ons", "ent"),
    ("é",),
    ("ais", "ait", "ions", "aient"),
    ("erai", "era", "erons", "eront"),
)


def french_forms(verb) -> list[list[str]]:
    """Present, participle, imperfect and future, by the table or as of any verb in -er."""
    if verb.english[0] in FRENCH_VERBS:
        return FRENCH_VERBS[verb.english[0]]
    stem = verb.french_present[0].removesuffix("e")
    return [[stem + ending for ending in endings] for endings in REGULAR_ENDINGS]


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


def around(subject: str, finite: str, negation: str = "") -> str:
    """Subject and finite verb with their elisions, the negation around the verb."""
    vowel = vowel_sound(finite)
    if negation:
        sign = {"not": "pas", "never": "jamais"}[negation]
        ne = "n'" if vowel else "ne"
        return f"{subject} {ne} {finite} {sign}"
    return f"j' {finite}" if subject == "je" and vowel else f"{subject} {finite}"


@every_verb
@pytest.mark.parametrize("negation", ["", "not", "never"])
def test_french_verb_is_conjugated_and_negated(verb, negation):
    present, (participle,), imperfect, future = french_forms(verb)
    name = verb.english[0]
    for who, plural, subject, person in FRENCH_SUBJECTS:
        said = {
            tense: in_french(Clause(noun_phrase(who, plural), tense, verb, negation=negation))
            for tense in TENSES
        }
        assert said["present"] == around(subject, present[person], negation) + " ."
        assert said["future"] == around(subject, future[person], negation) + " ."
        if name in PAST_IS_IMPERFECT and negation != "never":  # what never was did not last
            assert said["past"] == around(subject, imperfect[person], negation) + " ."
        elif name not in PAST_WITH_ETRE:
            assert said["past"] == f"{around(subject, AVOIR[person], negation)} {participle} ."
        elif who not in ("I", "we"):  # whose gender is unknown: the sampler never says these
            ending = ("e" if who in ("she", "this ant") else "") + ("s" if plural else "")
            assert said["past"] == f"{around(subject, ETRE[person], negation)} {participle}{ending} ."


@every_verb
def test_french_habits_and_what_went_on_meanwhile_are_in_the_imperfect(verb):
    imperfect = french_forms(verb)[2]
    (often,) = (each for each in lexicon.FREQUENCY if each.english == ("often",))
    for who, plural, subject, person in FRENCH_SUBJECTS:
        habit = Clause(noun_phrase(who, plural), "past", verb, frequency=often)
        assert in_french(habit) == f"{around(subject, imperfect[person])} souvent ."
        meanwhile = Clause(noun_phrase(who, plural), "past", verb, conjunction="while")
        que = "qu'" if vowel_sound(subject) else "que"
        said = in_french(clause(noun_phrase("the dog"), "past", "eat"), meanwhile)
        assert said == f"le chien a mangé pendant {que} {around(subject, imperfect[person])} ."


def test_every_verb_that_is_not_in_the_table_is_regular_in_all_its_principal_parts():
    for name, verb in VERBS.items():
        present, (participle,), _, future = french_forms(verb)
        assert verb.french_present == tuple(present), name
        assert verb.french_participle == participle, name
        assert verb.french_future + "ai" == future[0], name
    assert {name for name, verb in VERBS.items() if verb.etre} == PAST_WITH_ETRE
    assert {name for name, verb in VERBS.items() if verb.state} == PAST_IS_IMPERFECT
    assert FRENCH_VERBS.keys() <= VERBS.keys()


BOTH = {  # who came: with être the participle agrees with all of them
    ("the king", "the queen"): "le roi et la reine sont venus .",
    ("the queen", "the king"): "la reine et le roi sont venus .",
    ("the queen", "the witch"): "la reine et la sorcière sont venues .",
    ("the king", "the judge"): "le roi et le juge sont venus .",
}


@pytest.mark.parametrize(("who", "said"), BOTH.items(), ids=" and ".join)
def test_french_participle_agrees_with_two_subjects(who, said):
    first, second = who
    subject = noun_phrase(first, conjunction="and", second=noun_phrase(second))
    assert in_french(clause(subject, "past", "come")) == said


@pytest.mark.parametrize("verb", lexicon.VERBS["transitive"], ids=lambda verb: verb.english[0])
def test_french_participle_agrees_with_what_the_relative_clause_is_about(verb):
    participle = french_forms(verb)[1][0]
    for noun, plural in itertools.product(verb.objects, (False, True)):
        phrase = NounPhrase(noun, "the", plural)
        phrase.relative = Clause(noun_phrase("the king"), "past", verb, object=phrase)
        said = in_french(clause(noun_phrase("he"), "present", "see", object=phrase))
        form = participle + ("e" if noun.feminine else "") + ("s" if plural else "")
        relative = f"a {form}" if verb.english[0] not in PAST_IS_IMPERFECT else french_forms(verb)[2][1]
        assert said == f"il voit {french_noun_phrase(noun, 'the', plural)} que le roi {relative} ."


@pytest.mark.parametrize(
    ("who", "plural", "said"),
    [
        ("he", False, "qu' il"),
        ("she", False, "qu' elle"),
        ("I", False, "que j'"),
        ("a king", False, "qu' un roi"),
        ("a bee", False, "qu' une abeille"),
        ("the bee", False, "que l' abeille"),
        ("the hero", False, "que le héros"),
        ("this man", False, "que cet homme"),
        ("eight king", True, "que huit rois"),
        ("every king", False, "que chaque roi"),
    ],
)
def test_french_que_loses_its_vowel_before_another(who, plural, said):
    ending = "aime" if not plural else "aiment"
    phrase = noun_phrase("the dog")
    phrase.relative = clause(noun_phrase(who, plural), "present", "love", object=phrase)
    assert in_french(clause(phrase, "present", "sleep")) == f"le chien {said} {ending} dort ."
    because = clause(noun_phrase(who, plural), "present", "love", conjunction="because")
    assert (
        in_french(clause(noun_phrase("he"), "present", "sleep"), because)
        == f"il dort parce {said} {ending} ."
    )


# ----------------------------------------------------------------------------- Korean noun phrases
KOREAN_DETERMINERS = {"this": "이", "that": "그", "my": "내", "our": "우리", "every": "모든"}
KOREAN_NUMBERS = pairs(
    "two>두 three>세 four>네 five>다섯 six>여섯 seven>일곱 eight>여덟 nine>아홉 ten>열 some>몇"
)
LIVING = {"adult", "elder", "child", "animal"}


def particle(word: str, after_consonant: str, after_vowel: str) -> str:
    closed = "\u11a8" <= unicodedata.normalize("NFD", word)[-1] <= "\u11c2"
    return f"{word} -{after_consonant if closed else after_vowel}"


def korean_noun_phrase(noun, determiner, plural) -> str:
    words = [noun.korean]
    if determiner == "my" and noun.kind == "elder":
        words.insert(0, "우리")
    elif determiner in KOREAN_DETERMINERS:
        words.insert(0, KOREAN_DETERMINERS[determiner])
    if determiner in KOREAN_NUMBERS:
        words += [KOREAN_NUMBERS[determiner], noun.counter]
    elif plural and (noun.kind in LIVING or determiner in KOREAN_DETERMINERS):
        words.append("-들")
    return " ".join(words)


@every_noun
def test_korean_particle_fits_every_noun_counter_and_plural(noun):
    for determiner, plural in DETERMINERS:
        said = korean_noun_phrase(noun, determiner, plural)
        new = determiner in ("a", "some", "every") or determiner in lexicon.NUMBERS
        topic = particle(said, "이", "가") if new else particle(said, "은", "는")

        def phrase(determiner=determiner, plural=plural, **parts):
            return NounPhrase(noun, determiner, plural, **parts)

        ant = noun_phrase("the ant")  # 개미
        assert in_korean(clause(phrase(), "present", "sleep")) == f"{topic} 잔다 ."
        seen = in_korean(clause(ant, "present", "see", object=phrase()))
        assert seen == f"개미 -는 {particle(said, '을', '를')} 본다 ."
        for conjunction, pair in (("and", ("과", "와")), ("or", ("이나", "나"))):
            both = phrase(conjunction=conjunction, second=noun_phrase("a bear"))
            said_both = in_korean(clause(ant, "present", "see", object=both))
            assert said_both == f"개미 -는 {particle(said, *pair)} 곰 -을 본다 ."
            both = noun_phrase("the bear", conjunction=conjunction, second=phrase())
            said_both = in_korean(clause(ant, "present", "see", object=both))
            first = "곰 -과" if conjunction == "and" else "곰 -이나"
            assert said_both == f"개미 -는 {first} {particle(said, '을', '를')} 본다 ."
        owned = in_korean(clause(noun_phrase("the house", owner=phrase()), "present", "sleep"))
        assert owned == f"{said} -의 집 -은 잔다 ."
        given = clause(ant, "present", "give", object=noun_phrase("a book"), recipient=phrase())
        assert in_korean(given) == f"개미 -는 {said} -에게 책 -을 준다 ."
        assert in_korean(clause(ant, "present", "go", goal=phrase())) == f"개미 -는 {said} -에 간다 ."
        because = Clause(phrase(), "present", VERBS["sleep"], conjunction="because")
        said_because = in_korean(clause(ant, "present", "cry"), subordinate=because)
        assert said_because == f"{particle(said, '이', '가')} 자기 때문에 , 개미 -는 운다 ."


@pytest.mark.parametrize(
    ("who", "topic", "subject"),
    [
        ("I", "나 -는", "내 -가"),
        ("he", "그 -는", "그 -가"),
        ("she", "그녀 -는", "그녀 -가"),
        ("we", "우리 -는", "우리 -가"),
    ],
)
def test_korean_pronoun_as_topic_and_as_subject_of_an_inner_clause(who, topic, subject):
    because = clause(noun_phrase(who), "past", "cry", conjunction="because")
    said = in_korean(clause(noun_phrase(who), "past", "leave"), subordinate=because)
    assert said == f"{subject} 울었기 때문에 , {topic} 떠났다 ."
    book = noun_phrase("the book")
    book.relative = clause(noun_phrase(who), "past", "write", object=book)
    assert (
        in_korean(clause(noun_phrase("he"), "past", "buy", object=book))
        == f"그 -는 {subject} 쓴 책 -을 구입했다 ."
    )


@pytest.mark.parametrize("kind", lexicon.KINDS)
def test_korean_adjectives_before_the_noun(kind):
    noun = lexicon.nouns_of([kind])[0]
    colours = {"빨갛", "파랗", "노랗", "하얗", "까맣"}
    for each in (*lexicon.BEFORE[kind], *lexicon.AFTER[kind]):
        slot = {"before" if each.before else "after": each}
        said = in_korean(clause(NounPhrase(noun, "the", **slot), "present", "sleep"))
        assert said.startswith(f"{each.korean.modifier} {noun.korean} ")
    for before, after in itertools.product(lexicon.BEFORE[kind], lexicon.AFTER[kind]):
        said = in_korean(clause(NounPhrase(noun, "the", False, before, after), "present", "sleep"))
        if before.korean.stem == "새":
            adjectives = f"{after.korean.modifier} 새"  # right at the noun
        elif after.korean.stem in colours:
            adjectives = f"{before.korean.modifier} {after.korean.modifier}"
        else:
            adjectives = f"{before.korean.stem}고 {after.korean.modifier}"
        assert said.startswith(f"{adjectives} {noun.korean} ")


# ----------------------------------------------------------------------------------- Korean verbs
KOREAN_ENDINGS = {  # what follows: the verb in the present, the past and the future
    "": ("{present}", "{past}다", "{will} 것이다"),
    "and": ("{stem}고", "{past}고", "{will} 것이고"),
    "but": ("{stem}지만", "{past}지만", "{will} 것이지만"),
    "because": ("{stem}기 때문에", "{past}기 때문에", "{will} 것이기 때문에"),
    "while": ("{modifier} 동안",) * 3,
    "when": ("{will} 때",) * 3,
}
NOT = {"stem": "않", "past": "않았", "will": "않을"}


def check_korean_endings(stem: str, forms: dict[str, str], not_forms: dict[str, str], make_clause) -> None:
    """Compares all endings of a verb or an adjective, negated and not, with the table."""
    for (conjunction, endings), negation in itertools.product(KOREAN_ENDINGS.items(), ("", "not")):
        for tense, ending in zip(TENSES, endings, strict=True):
            predicate = f"{stem}지 " + ending.format(**not_forms) if negation else ending.format(**forms)
            this = make_clause(tense, negation)
            main = clause(noun_phrase("the ant"), "past", "stay")
            if not conjunction:
                assert in_korean(this) == f"곰 -은 {predicate} ."
            elif conjunction in ("and", "but"):
                main.conjunction = conjunction
                assert in_korean(this, main) == f"곰 -은 {predicate} , 개미 -는 머물렀다 ."
            else:
                this.conjunction = conjunction
                assert in_korean(main, subordinate=this) == f"곰 -이 {predicate} , 개미 -는 머물렀다 ."


@every_verb
def test_korean_verb_ending_says_tense_negation_and_conjunction(verb):
    parts = verb.korean
    forms = {"stem": parts.stem, "present": parts.present, "past": parts.past}
    forms |= {"will": parts.future_modifier, "modifier": parts.modifier}
    check_korean_endings(
        parts.stem,
        forms,
        NOT | {"present": "않는다", "modifier": "않는"},
        lambda tense, negation: Clause(noun_phrase("the bear"), tense, verb, negation=negation),
    )


@pytest.mark.parametrize("each", ADJECTIVES.values(), ids=ADJECTIVES)
def test_korean_adjective_ending_says_tense_negation_and_conjunction(each):
    parts = each.korean
    forms = {"stem": parts.stem, "present": parts.stem + "다", "past": parts.past}
    forms |= {"will": parts.future_modifier, "modifier": parts.modifier}
    check_korean_endings(
        parts.stem,
        forms,
        NOT | {"present": "않다", "modifier": "않은"},
        lambda tense, negation: Clause(noun_phrase("the bear"), tense, None, each, negation),
    )


@every_verb
def test_korean_verb_before_a_noun_says_the_tense(verb):
    forms = verb.korean
    for tense, form in zip(TENSES, (forms.modifier, forms.past_modifier, forms.future_modifier), strict=True):
        bear = noun_phrase("the bear")
        bear.relative = Clause(bear, tense, verb)
        assert in_korean(clause(bear, "present", "sleep")) == f"{form} 곰 -은 잔다 ."


def test_korean_never_is_said_before_the_negated_verb():
    said = in_korean(
        clause(noun_phrase("the bear"), "past", "see", negation="never", object=noun_phrase("the ant"))
    )
    assert said == "곰 -은 개미 -를 결코 보지 않았다 ."


def test_korean_time_and_place_are_said_where_no_aged_would_claim_them():
    """어제 늙은 곰 would be a bear that aged yesterday."""

    def seen(**parts) -> str:
        here = Place(next(each for each in lexicon.PLACE_ADVERBS if each.english == ("here",)))
        seeing = clause(noun_phrase("the ant"), "past", "see", **parts)
        seeing.time, seeing.place = TIMES["yesterday"], here
        return in_korean(seeing)

    old = ADJECTIVES["늙"]
    small = noun_phrase("the bear", before=adjective("small"))
    assert seen(object=small) == "개미 -는 어제 여기 -에서 작은 곰 -을 보았다 ."
    said = "을 어제 여기 -에서 보았다 ."
    assert seen(object=noun_phrase("the bear", before=old)) == "개미 -는 늙은 곰 -" + said
    both = noun_phrase("the bear", before=old, after=adjective("sick"))
    assert seen(object=both) == "개미 -는 늙고 아픈 곰 -" + said
    book = noun_phrase("the book", owner=noun_phrase("the king", before=old))
    assert seen(object=book) == "개미 -는 늙은 왕 -의 책 -" + said
    gift = clause(noun_phrase("the ant"), "past", "give", object=noun_phrase("the book"))
    gift.recipient, gift.time = noun_phrase("the king", before=old), TIMES["yesterday"]
    assert in_korean(gift) == "개미 -는 늙은 왕 -에게 책 -을 어제 주었다 ."


# -------------------------------------------------------------------------------------- word links
def sentences_by_hand() -> dict[str, list[Complex]]:
    """Meanings by hand, by their English."""
    flowers = noun_phrase("the flower", True)
    flowers.relative = clause(noun_phrase("the king"), "past", "see", object=flowers)
    sleeper = noun_phrase("the girl")
    sleeper.relative = clause(sleeper, "present", "sleep")
    cat = noun_phrase("the cat", before=adjective("small"))
    book = noun_phrase("a book", after=adjective("red"))
    gift = clause(noun_phrase("I"), "present", "give", object=noun_phrase("two book", True))
    gift.recipient = noun_phrase("the girl", True)
    song = clause(noun_phrase("he"), "present", "sing", conjunction="and")
    mood = Clause(noun_phrase("she"), "present", None, adjective("happy"), conjunction="because")
    sleep = clause(noun_phrase("a man", before=ADJECTIVES["늙"]), "present", "sleep", time=TIMES["every day"])
    sleep.place = Place(None, PREPOSITIONS["in front of"], noun_phrase("my house"))
    palace = noun_phrase("the palace", owner=noun_phrase("the king"))
    couple = noun_phrase("the king", conjunction="and", second=noun_phrase("the queen"))
    (always,) = (each for each in lexicon.FREQUENCY if each.english == ("always",))
    (calmly,) = (each for each in lexicon.MANNER if each.english == ("calmly",))
    (outside,) = (each for each in lexicon.PLACE_ADVERBS if each.english == ("outside",))
    horses = clause(noun_phrase("my horse", True), "past", "sleep", frequency=always, manner=calmly)
    horses.place = Place(outside)
    walk = clause(noun_phrase("we"), "future", "walk", negation="not", conjunction="but")
    meanings = [
        [Complex(horses), Complex(walk)],
        [Complex(clause(cat, "present", "see", negation="not", object=book))],
        [Complex(clause(noun_phrase("she"), "past", "go", negation="not", goal=noun_phrase("the garden")))],
        [Complex(clause(flowers, "past", "arrive", time=TIMES["yesterday"], time_first=True))],
        [Complex(gift), Complex(song, mood)],
        [Complex(sleep)],
        [Complex(clause(sleeper, "future", "see", object=noun_phrase("some bird", True)))],
        [Complex(clause(couple, "present", "sleep", place=Place(None, PREPOSITIONS["near"], palace)))],
    ]
    return {" ".join(english.write(meaning)): meaning for meaning in meanings}


# English; French and its links; Korean and its links. A link is English-other, counted from 0, and "?"
# marks the ones that are only possible.
LINKED = """
my horses always slept calmly outside , but we will not walk .
mes chevaux dormaient toujours calmement dehors , mais nous ne marcherons pas .
0-0 1-0? 1-1 3-2 2-3 4-4 5-5 6-6 7-7 8-8 10-9? 11-10 9-10? 10-11 12-12
내 말 -들 -은 밖 -에서 항상 차분하게 잤지만 , 우리 -는 걷지 않을 것이다 .
0-0 1-1 1-2? 1-3? 5-4 5-5? 2-6 4-7 3-8 7-8 6-9 8-10 8-11? 11-12 10-13 9-14 12-15

the small cat does not see a red book .
le petit chat ne voit pas de livre rouge .
0-0 2-0? 1-1 2-1? 2-2 4-3? 5-4 3-4? 4-5 6-6 4-6? 8-6? 8-7 7-8 8-8? 9-9
작은 고양이 -는 빨간 책 -을 보지 않는다 .
1-0 2-1 2-2? 7-3 8-4 8-5? 5-6 4-7 3-7? 9-8

she did not go to the garden .
elle n' est pas allée au jardin .
0-0 2-1? 1-2 2-3 3-4 0-4? 4-5 5-5 6-5? 6-6 7-7
그녀 -는 정원 -에 가지 않았다 .
0-0 0-1? 6-2 4-3 3-4 2-5 1-5? 7-6

yesterday , the flowers that the king saw arrived .
hier , les fleurs que le roi a vues sont arrivées .
0-0 1-1 2-2 3-2? 3-3 4-4 5-5 6-5? 6-6 7-7 7-8 3-8? 8-9 8-10 3-10? 9-11
어제 , 왕 -이 본 꽃 -은 도착했다 .
0-0 1-1 6-2 6-3? 7-4 4-4? 3-5 3-6? 8-7 9-8

I give two books to the girls , and he sings because she is happy .
je donne deux livres aux filles , et il chante parce qu' elle est heureuse .
0-0 1-1 2-2 3-3 4-4 5-4 6-4? 6-5 7-6 8-7 9-8 10-9 11-10 11-11? 12-12 13-13 14-14 12-14? 15-15
나 -는 소녀 -들 -에게 책 두 권 -을 주고 , 그녀 -가 행복하기 때문에 , 그 -는 노래한다 .
0-0 0-1? 6-2 6-3? 4-4 3-5 2-6 2-7? 3-7? 3-8? 1-9 8-9 7-10 12-11 12-12? 14-13 13-13? 11-13? 11-14 9-16 9-17? 10-18 15-19

an old man sleeps in front of my house every day .
un vieil homme dort devant ma maison tous les jours .
0-0 2-0? 1-1 2-1? 2-2 3-3 4-4 5-4? 6-4? 7-5 8-5? 8-6 9-7 10-7? 9-8? 10-8? 10-9 11-10
늙은 남자 -가 매일 내 집 앞 -에서 잔다 .
1-0 2-1 2-2? 9-3 10-3 7-4 8-5 4-6 5-6? 6-6? 4-7? 3-8 11-9

the girl who sleeps will see some birds .
la fille qui dort verra des oiseaux .
0-0 1-0? 1-1 2-2 3-3 5-4 4-4? 6-5 7-5? 7-6 8-7
자는 소녀 -는 새 몇 마리 -를 볼 것이다 .
3-0 2-0? 1-1 1-2? 7-3 6-4 6-5? 7-5? 7-6? 5-7 4-8 8-9

the king and the queen sleep near the palace of the king .
le roi et la reine dorment près du palais du roi .
0-0 1-0? 1-1 2-2 3-3 4-3? 4-4 5-5 6-6 6-7? 7-7 8-7? 8-8 9-9 10-9 11-9? 11-10 12-11
왕 -과 여왕 -은 왕 -의 궁전 근처 -에서 잔다 .
1-0 2-1 4-2 4-3? 11-4 9-5 8-6 6-7 6-8? 5-9 12-10
""".strip().split("\n\n")  # noqa: E501, for a line of links


@pytest.mark.parametrize("lines", LINKED, ids=range(len(LINKED)))
@pytest.mark.parametrize("language", ["french", "korean"])
def test_sentence_written_by_hand_has_this_translation_and_these_links(lines, language):
    source, *translations = lines.splitlines()
    target, links = translations[:2] if language == "french" else translations[2:]
    words, target_words, sure, possible = say(sentences_by_hand()[source], language)
    assert " ".join(words) == source
    assert " ".join(target_words) == target
    expected = {link.rstrip("?"): "?" in link for link in links.split()}
    assert {f"{i}-{j}": False for i, j in sure} | {f"{i}-{j}": True for i, j in possible} == expected
    assert len(sure) + len(possible) == len(expected)


def test_a_meaning_of_fewer_words_than_any_sentence_has_is_refused():
    with pytest.raises(ValueError, match="length: 2 is not allowed; a sentence has 3 words or more"):
        Sampler(0).meaning(2)
