"""The words of the grammar: every form is what the rules of its language, said again here, make of it."""

import itertools
import re
import tomllib
import unicodedata
from pathlib import Path

from meanings import VERBS, assert_equal, table

from seq2seq_utils.grammar import lexicon
from seq2seq_utils.text import WordTokenizer

DATA = tomllib.loads((Path(lexicon.__file__).with_name("lexicon.toml")).read_text(encoding="utf-8"))
NOUN_ENTRIES = [
    (kind, english, entry)
    for kind, entries in DATA["nouns"].items()
    for english, entry in entries.items()
    if english != "_counter"
]
VERB_ENTRIES = {english: entry for verbs in DATA["verbs"].values() for english, entry in verbs.items()}
TIMES = sorted({time for times in lexicon.TIMES.values() for time in times}, key=lambda time: time.english)


# --------------------------------------------------------------------------------------- the table
ALLOWED = {
    "nouns": {"plural", "fr", "fr_plural", "gender", "ko", "counter", "aspirated", "unowned", "goal"},
    "verbs": {"en", "fr", "ko", "objects", "etre", "state", "activity", "place_particle", "no_place"},
    "adjectives": {"en", "fr", "before", "ko", "on", "attributive", "not_with_the", "quality"},
    "prepositions": {"fr", "ko", "on"},
    "times": {"fr", "fr_links", "ko", "ko_links", "tenses", "first"},
}


def test_no_entry_has_a_key_that_nobody_reads():
    entries = {section: DATA[section].values() for section in ("adjectives", "prepositions", "times")}
    entries |= {"nouns": [entry for _, _, entry in NOUN_ENTRIES], "verbs": VERB_ENTRIES.values()}
    assert entries.keys() == ALLOWED.keys()
    unread = [
        (section, key)
        for section, each in entries.items()
        for entry in each
        for key in {*entry} - ALLOWED[section]
    ]
    assert unread == []


def test_every_class_that_an_entry_names_is_there():
    kinds, sets = set(DATA["nouns"]), DATA["classes"]
    assert set(sets) & kinds == set(), "a class and a set of classes have one name"
    named = set(itertools.chain(*sets.values()))
    assert named - kinds == set()
    for entry in (*VERB_ENTRIES.values(), *DATA["adjectives"].values(), *DATA["prepositions"].values()):
        named.update(entry.get("objects", []), entry.get("on", []))
    assert named - kinds - set(sets) == set()


def test_every_form_is_composed_and_the_tokenizer_takes_it_for_one_word():
    forms = set(lexicon.NUMBERS) | {form for forms in lexicon.NUMBERS.values() for form in forms}
    for noun in lexicon.NOUNS:
        forms.update(noun.english, noun.french, (noun.korean, noun.counter))
    for verb in VERBS.values():
        forms.update(verb.english, verb.french_present, (verb.french_participle, verb.french_future))
    for adjective in lexicon.ADJECTIVES:
        forms.update((adjective.english, adjective.french_before_vowel), *adjective.french)
    for phrase in (*lexicon.FREQUENCY, *lexicon.MANNER, *lexicon.PLACE_ADVERBS):
        forms.update(phrase.english, phrase.french)
    assert len(forms) > 1000
    assert [form for form in forms if WordTokenizer().tokenize(form) != [form]] == []
    assert [form for form in forms if not unicodedata.is_normalized("NFC", form)] == []


def test_korean_words_are_written_in_hangul_only():
    korean = [noun.korean for noun in lexicon.NOUNS] + [noun.counter for noun in lexicon.NOUNS]
    for word in (*VERBS.values(), *lexicon.ADJECTIVES):
        forms = word.korean
        korean += [forms.stem, forms.present, forms.modifier, forms.past, forms.past_modifier]
        korean.append(forms.future_modifier)
    assert [word for word in korean if not re.fullmatch("[가-힣]+", word)] == []


def test_no_english_word_stands_for_two_nouns_or_two_verbs():
    nouns = [form for noun in lexicon.NOUNS for form in noun.english]
    assert len(nouns) == len(set(nouns))
    verbs = [verb.english[0] for verb in VERBS.values()]
    assert len(verbs) == len(VERB_ENTRIES) == sum(len(group) for group in DATA["verbs"].values())
    forms = [form for verb in VERBS.values() for form in set(verb.english)]
    assert len(forms) == len(set(forms)), "saw, of to see, may not be the base of another verb"


def test_an_english_adjective_has_one_translation_beside_nouns_of_one_class():
    wrong = []
    for kind in lexicon.KINDS:
        adjectives = (*lexicon.BEFORE[kind], *lexicon.AFTER[kind])
        words = [each.english for each in adjectives]
        wrong += [(kind, word) for word in set(words) if words.count(word) > 1]
        wrong += [(kind, each.english) for each in lexicon.PREDICATIVE[kind] if each not in adjectives]
    assert wrong == []


def test_no_french_or_korean_word_translates_two_nouns():
    for forms in ([noun.french[0] for noun in lexicon.NOUNS], [noun.korean for noun in lexicon.NOUNS]):
        assert [form for form in set(forms) if forms.count(form) > 1] == []


def test_verbs_have_objects_where_they_act_on_something_and_only_there():
    acting = {*lexicon.VERBS["transitive"], *lexicon.VERBS["ditransitive"]}
    assert {verb for verb in VERBS.values() if verb.objects} == acting
    assert [verb.english for verb in acting if len(verb.objects) < 3] == []
    assert [kind for kind in lexicon.KINDS if not lexicon.VERBS_ABOUT[kind]] == []


def test_a_smaller_world_has_the_first_word_of_each_class_and_every_third_after_it():
    known = lexicon.one_in(3)
    classes = [lexicon.nouns_of([kind]) for kind in lexicon.KINDS]
    classes += [*lexicon.VERBS.values(), lexicon.ADJECTIVES]
    assert_equal(([word for word in words if word in known], list(words[::3])) for words in classes)
    assert known <= {word for words in classes for word in words}


def test_word_links_of_a_time_stay_within_it_and_leave_no_word_out():
    def cases():
        for time in TIMES:
            for words, links in ((time.french, time.french_links), (time.korean, time.korean_links)):
                joined = [(english, other) for english, other, _ in links]
                yield (words, {english for english, _ in joined}), (words, set(range(len(time.english))))
                yield (words, {other for _, other in joined}), (words, set(range(len(words))))
                yield (words, len(joined)), (words, len(set(joined)))
                yield (words, any(sure for _, _, sure in links)), (words, True)

    assert_equal(cases())


# ----------------------------------------------------------------------------------------- English
ENGLISH_PLURALS = table("""
    man>men woman>women child>children mouse>mice wolf>wolves knife>knives hero>heroes tomato>tomatoes
""")
ENGLISH_PASTS = table("""
    see>saw buy>bought sell>sold eat>ate break>broke draw>drew write>wrote lose>lost hide>hid throw>threw
    choose>chose steal>stole bring>brought build>built catch>caught give>gave lend>lent send>sent
    sleep>slept sing>sang swim>swam run>ran leave>left go>went come>came
""")


def with_s(word: str) -> str:
    """The plural of a regular noun, the third person of a verb."""
    if re.search("(s|x|z|ch|sh)$", word) or word == "go":
        return word + "es"
    return re.sub("(?<=[^aeiou])y$", "ie", word) + "s"


def test_english_plural():
    assert_equal(
        (plural, ENGLISH_PLURALS.get(singular, with_s(singular)))
        for singular, plural in (noun.english for noun in lexicon.NOUNS)
    )


def test_english_third_person_and_past():
    def cases():
        for base, third, past_tense in (verb.english for verb in VERBS.values()):
            regular_past = base + "d" if base.endswith("e") else re.sub("(?<=[^aeiou])y$", "i", base) + "ed"
            yield third, with_s(base)
            yield past_tense, ENGLISH_PASTS.get(base, regular_past)

    assert_equal(cases())


def test_every_irregular_english_form_listed_here_is_still_in_use():
    assert ENGLISH_PLURALS.keys() <= {noun.english[0] for noun in lexicon.NOUNS}
    assert ENGLISH_PASTS.keys() <= VERBS.keys()


# ------------------------------------------------------------------------------------------ French
FRENCH_PLURALS = table("hibou>hiboux grand-mère>grands-mères grand-père>grands-pères")
FRENCH_FEMININES = table("""
    beau>belle vieux>vieille nouveau>nouvelle bon>bonne long>longue blanc>blanche gentil>gentille
    cruel>cruelle
""")


def french_plural(singular: str) -> str:
    if singular in FRENCH_PLURALS:
        return FRENCH_PLURALS[singular]
    if singular[-1] in "sxz":
        return singular
    if singular.endswith("al"):
        return singular[:-1] + "ux"
    return singular + ("x" if singular.endswith(("au", "eu")) and singular != "bleu" else "s")


def french_feminine(masculine: str) -> str:
    if masculine in FRENCH_FEMININES:
        return FRENCH_FEMININES[masculine]
    if masculine.endswith("er"):
        return masculine[:-2] + "ère"
    if masculine.endswith("eux"):
        return masculine[:-1] + "se"
    return masculine if masculine.endswith("e") else masculine + "e"


def test_french_plural():
    assert_equal(
        (plural, french_plural(singular)) for singular, plural in (noun.french for noun in lexicon.NOUNS)
    )


def test_french_adjective_in_both_genders_and_numbers():
    special = {"beau": "bel", "vieux": "vieil", "nouveau": "nouvel"}

    def cases():
        for adjective in lexicon.ADJECTIVES:
            (masculine, masculine_plural), (feminine, feminine_plural) = adjective.french
            yield feminine, french_feminine(masculine)
            yield masculine_plural, french_plural(masculine)
            yield feminine_plural, feminine + "s"
            yield adjective.french_before_vowel, special.get(masculine, masculine)

    assert_equal(cases())


def test_the_french_adjectives_before_the_noun_are_the_usual_ones():
    usual = {"petit", "grand", "beau", "joli", "vieux", "nouveau", "jeune", "bon", "mauvais", "long"}
    assert {adjective.french[0][0] for adjective in lexicon.ADJECTIVES if adjective.before} == usual


def test_the_french_gender_follows_from_endings_that_leave_no_doubt():
    feminine = re.compile("(esse|trice|ette|elle|tion|ure|ille|euse)$")
    masculine = re.compile("(eau|age|ier|oir|in|on|ard|et|al)$")
    exceptions = {"maison", "chanson"}
    wrong = [
        noun.french[0]
        for noun in lexicon.NOUNS
        if (feminine.search(noun.french[0]) and not noun.feminine)
        or (masculine.search(noun.french[0]) and noun.feminine)
    ]
    assert set(wrong) == exceptions


def test_the_french_words_with_an_aspirated_h_are_known():
    beginning_with_h = {form for noun in lexicon.NOUNS for form in noun.french if form[0] == "h"}
    mute = {"homme", "hommes", "histoire", "histoires", "hôtel", "hôtels", "hôpital", "hôpitaux"}
    assert beginning_with_h - mute == lexicon.ASPIRATED == {"héros", "hibou", "hiboux"}


# ------------------------------------------------------------------------------------------ Korean
# Letters as they stand inside a decomposed syllable.
NIEUN, RIEUL, DOUBLE_SIOS = "\u11ab", "\u11af", "\u11bb"
VOWEL = {syllable: unicodedata.normalize("NFD", syllable)[1] for syllable in "아어오여우으이외"}
KOREAN_IRREGULAR = {  # stem: past modifier (of an adjective: modifier), future modifier, past
    line.split()[0]: line.split()[1:]
    for line in """
        걷 걸은 걸을 걸었
        돕 도운 도울 도왔
        짓 지은 지을 지었
        자 자던 잘 잤
        놀 놀던 놀 놀았
        울 울던 울 울었
        오 온 올 왔
        가져오 가져온 가져올 가져왔
        고르 고른 고를 골랐
        부르 부른 부를 불렀
        빠르 빠른 빠를 빨랐
        게으르 게으른 게으를 게을렀
        머무르 머무른 머무를 머물렀
        아름답 아름다운 아름다울 아름다웠
        무겁 무거운 무거울 무거웠
        가볍 가벼운 가벼울 가벼웠
        더럽 더러운 더러울 더러웠
        차갑 차가운 차가울 차가웠
        어둡 어두운 어두울 어두웠
        어렵 어려운 어려울 어려웠
        빨갛 빨간 빨갈 빨갰
        파랗 파란 파랄 파랬
        노랗 노란 노랄 노랬
        하얗 하얀 하얄 하얬
        까맣 까만 까말 까맸
        맛있 맛있는 맛있을 맛있었
        재미있 재미있는 재미있을 재미있었
        새 새 새 새
    """.strip().splitlines()
}


def letters(stem: str) -> tuple[str, str, str, str]:
    """What comes before the last syllable, and its consonant, vowel and final consonant or ""."""
    first, vowel, *final = unicodedata.normalize("NFD", stem[-1])
    return stem[:-1], first, vowel, "".join(final)


def compose(before: str, *parts: str) -> str:
    return before + unicodedata.normalize("NFC", "".join(parts))


def regular(stem: str) -> list[str]:
    """The past modifier, the future modifier and the past."""
    before, first, vowel, final = letters(stem)
    if final == RIEUL:
        modifiers = [compose(before, first, vowel, NIEUN), stem]
    elif final:
        modifiers = [stem + "은", stem + "을"]
    else:
        modifiers = [compose(before, first, vowel, NIEUN), compose(before, first, vowel, RIEUL)]
    return [*modifiers, past(stem)]


def past(stem: str) -> str:
    before, first, vowel, final = letters(stem)
    bright = (VOWEL["아"], VOWEL["오"])
    if stem[-1] == "하":
        return before + "했"
    if final or vowel in (VOWEL["오"], VOWEL["우"], VOWEL["외"]):
        return stem + ("았" if vowel in bright else "었")
    if vowel == VOWEL["으"]:  # it falls: 쓰 + 었 is 썼, but 나쁘 + 았 is 나빴
        vowel = VOWEL["아" if before and letters(before)[2] in bright else "어"]
    elif vowel == VOWEL["이"]:
        vowel = VOWEL["여"]
    return compose(before, first, vowel, DOUBLE_SIOS)


def test_korean_verb_forms_follow_from_the_stem():
    def cases():
        for verb in VERBS.values():
            forms = verb.korean
            before, first, vowel, final = letters(forms.stem)
            if final and final != RIEUL:
                present, modifier = forms.stem + "는다", forms.stem + "는"
            else:  # ㄹ falls before ㄴ: 팔다, 판다, 파는
                present = compose(before, first, vowel, NIEUN) + "다"
                modifier = compose(before, first, vowel) + "는"
            yield (forms.present, forms.modifier), (present, modifier)
            expected = KOREAN_IRREGULAR.get(forms.stem) or regular(forms.stem)
            yield [forms.past_modifier, forms.future_modifier, forms.past], expected

    assert_equal(cases())


def test_korean_adjective_forms_follow_from_the_stem():
    def cases():
        for forms in (adjective.korean for adjective in lexicon.ADJECTIVES):
            yield forms.present, forms.stem + "다"
            expected = KOREAN_IRREGULAR.get(forms.stem) or regular(forms.stem)
            yield [forms.modifier, forms.future_modifier, forms.past], expected
            yield forms.past_modifier, forms.modifier

    assert_equal(cases())


def test_every_irregular_korean_stem_listed_here_is_in_use_and_irregular():
    stems = {word.korean.stem for word in (*VERBS.values(), *lexicon.ADJECTIVES)}
    assert KOREAN_IRREGULAR.keys() <= stems
    assert [stem for stem, forms in KOREAN_IRREGULAR.items() if forms == regular(stem)] == []
