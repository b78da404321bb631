"""Notebook 2's experiments: the measure of well-formed French, the arms, and what is measured of a model."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from statistics import mean

import pytest

from seq2seq_utils.experiments import read, seq2seq
from seq2seq_utils.experiments.corruptions import corruptions
from seq2seq_utils.experiments.patterns import differences, french_pattern
from seq2seq_utils.experiments.seq2seq import NumberArm, SentenceArm
from seq2seq_utils.grammar import generate
from seq2seq_utils.models import count_parameters
from seq2seq_utils.pairs import SentencePair, Splits


@pytest.fixture(scope="module")
def pairs():
    return generate("french", 12_000, (3, 7), seed=3)


@pytest.fixture(scope="module")
def attested(pairs):
    return {french_pattern(pair.target) for pair in pairs[1000:]}


def test_correct_sentences_are_attested_and_those_with_one_mistake_are_not(pairs, attested):
    correct, passed, rules = 0, [], Counter()
    for pair in pairs[:1000]:
        correct += french_pattern(pair.target) in attested
        for rule, text in corruptions(pair.target):
            rules[rule] += 1
            if french_pattern(text) in attested:
                passed.append((rule, text))
    assert correct > 920
    assert len(rules) == 13
    same_in_plural = ("souris", "ours", "héros")  # with another form of "la" this may be correct, too
    assert [text for text in passed if not any(noun in text[1] for noun in same_in_plural)] == []


@pytest.mark.parametrize(
    ("sentence", "rule", "spoiled"),
    [
        (
            "La reine voit un chat.",
            "gender of an article",
            {"Le reine voit un chat.", "La reine voit une chat."},
        ),
        (
            "Elle est partie.",
            "form of a participle",
            {f"Elle est {p}." for p in ("parti", "partis", "parties")},
        ),
        ("Il est petit.", "form of an adjective", {f"Il est {p}." for p in ("petite", "petits", "petites")}),
        (
            "Il a écrit un livre.",
            "person of a verb",
            {f"Il {a} écrit un livre." for a in ("ai", "avons", "ont")},
        ),
        (
            "Cet âne aime ma vache.",
            "gender of an article",
            {"Cette âne aime ma vache.", "Cet âne aime mon vache."},
        ),
        ("Il a dormi.", "avoir or être", {"Il est dormi."}),
        ("Un médecin a attendu.", "avoir or être", set()),  # "est attendu" is a passive
        ("Le roi a vu un chat.", "avoir or être", {"Le roi est vu un chat."}),
        ("Il découvre la tour.", "gender of an article", set()),  # "le tour" is French, too
        ("Je lave mon vase.", "gender of an article", set()),
        ("L'ami dort.", "no elision", {"Le ami dort.", "La ami dort."}),
        ("Il va au musée.", "à le, de le", {"Il va à le musée."}),
        ("Il dort au printemps.", "à le, de le", set()),
        ("Il n'a jamais dormi.", "ne left out", {"Il a jamais dormi."}),
        ("Il n'a jamais dormi.", "pas left out", {"Il n'a dormi."}),
        ("Il voit des ours.", "de before a noun", {"Il voit d'ours."}),
        ("La maison des reines est petite.", "de before a noun", set()),
        ("Un petit chat noir dort.", "colour before its noun", {"Un petit noir chat dort."}),
        ("Un chat fatigué dort.", "colour before its noun", set()),  # "un célèbre chat" is a matter of style
        ("Il dort.", "a word twice", {"Il il dort.", "Il dort dort."}),
        ("Nous dormons.", "a word twice", {"Nous dormons dormons."}),  # "nous nous lavons" is French
        ("Il dort maintenant.", "time of another tense", set()),
        ("Il dormait vendredi.", "time of another tense", set()),  # or "il dort vendredi"
    ],
)
def test_each_rule_is_broken_once_and_no_other(sentence, rule, spoiled):
    found = {text for name, text in corruptions(sentence) if name == rule}
    assert found == spoiled


def test_what_is_french_is_no_mistake():
    for sentence in (
        "Ces juges étaient fatigués.",  # "fatiguées", if they are women
        "Un enfant dort.",  # "une enfant"
        "Je suis parti.",  # "partie"
        "Il dort bientôt.",
        "Il arrive lundi.",
    ):
        rules = {rule for rule, _ in corruptions(sentence)}
        assert rules <= {"person of a verb", "avoir or être", "a word twice", "no elision"}
    past = {text for rule, text in corruptions("Il dormait hier.") if rule == "time of another tense"}
    assert past == {f"il dormait {time}." for time in ("demain", "l'année prochaine", "la semaine prochaine")}


def test_a_mistake_comes_alone():
    for sentence, rule, second in (
        ("Les reines n'ont pas dormi.", "avoir or être", "n'sont"),
        ("Je n'ai jamais nagé.", "ne left out", "je ai"),
        ("Il ne va pas à la gare.", "person of a verb", "ne allons"),
    ):
        assert not [t for name, t in corruptions(sentence) if name == rule and second in t.lower()]


def test_words_of_a_kind_have_one_pattern_whatever_they_say():
    for text, other in (
        ("Le petit chat noir mange une pomme.", "Ce beau lapin lave ma tomate."),
        ("Demain, la reine dansera.", "L'année prochaine, ma fée chantera."),
        ("Le roi danse.", "Le roi dormira."),  # "danse" may be that of je, too
        ("Je danse.", "Je dors."),
        ("Le roi écrit des lettres.", "Le roi voit des tomates."),  # "écrit" is a participle, too
        ("Le roi n'a pas écrit.", "Le roi n'a pas caché."),
        ("Le chat est rouge.", "Le chat est petit."),
        ("Le roi et la reine sont vieux.", "Le roi et la reine sont petits."),
        ("Les rois sont heureux.", "Les rois sont petits."),
    ):
        assert french_pattern(text) == french_pattern(other)


@pytest.mark.parametrize(
    ("wrong", "correct"),
    [
        ("La chat dort.", "Le chat dort."),
        ("Le âne dort.", "L'âne dort."),
        ("L'hibou dort.", "Le hibou dort."),
        ("Le beau oiseau dort.", "Le bel oiseau dort."),
        ("Ma abeille dort.", "Mon abeille dort."),
        ("Il ne aime pas le chat.", "Il n'aime pas le chat."),
        ("Elle est parti.", "Elle est partie."),
        ("Les chats dort.", "Les chats dorment."),
        ("Il va à le musée.", "Il va au musée."),
        ("Il voit pas le chat.", "Il ne voit pas le chat."),
        ("Le noir chat dort.", "Le chat noir dort."),
        ("Il ne voit pas un chat.", "Il ne voit pas de chat."),
        ("Il n'a pas vu des chats.", "Il n'a pas vu de chat."),
        ("Il voit de chats.", "Il voit des chats."),
        ("Il voit des petits chats.", "Il voit de petits chats."),
        ("Elle sera riche hier.", "Elle sera riche demain."),
        ("Hier, il dort.", "Hier, il dormait."),
        ("Demain, il dormait.", "Demain, il dort."),
    ],
)
def test_a_mistake_changes_the_pattern(attested, wrong, correct):
    assert "misspelt" not in " ".join(french_pattern(correct))
    assert french_pattern(wrong) != french_pattern(correct)
    assert french_pattern(wrong) not in attested


def test_anything_that_a_decoder_writes_has_a_pattern():
    for text in ("", ".", "Le", "De", "N'", "Le petit", "Qu' qu' .", "chat le", "d'"):
        assert isinstance(french_pattern(text), tuple)


def test_a_negation_ends_with_its_object():
    for text in ("Il ne dort pas sous un arbre.", "Il n'a pas vu le chat sur une chaise."):
        assert "after not" not in " ".join(french_pattern(text))


def test_a_time_goes_with_the_verb_of_the_main_clause():
    assert "time" in french_pattern("Le roi qui dort a dansé hier.")
    assert "time of another tense" in french_pattern("Le roi qui a dansé dort hier.")


@pytest.mark.parametrize(
    ("translation", "reference", "found"),
    [
        ("Le chat dort.", "Le chat dort.", set()),
        ("Le chat dort.", "La souris dort.", {"noun"}),
        ("Les chats dorment.", "Un chat dort.", {"determiner", "number"}),
        ("Je vois un chat.", "Je vois le petit chat noir.", {"construction"}),
        ("Un petit chat noir dort.", "Un vieux chat rouge dort.", {"adjective"}),
        ("Le chat dort.", "Le chat dormira.", {"tense"}),
        ("Elle n'aimait jamais ma vache.", "Elle n'a jamais aimé ma vache.", {"tense"}),
        ("Il n'écrit pas les chansons.", "Il n'a pas écrit les chansons.", {"tense"}),
        (
            "Nous ne perdrons pas les biscuits.",
            "Nous n'avons jamais cassé les biscuits.",
            {"verb", "tense", "negation"},
        ),
        ("Il va au musée.", "Elle va à la gare.", {"noun", "pronoun"}),
        ("La porte du roi est rouge.", "La porte de la reine est rouge.", {"noun"}),
        ("Il dort près des tours.", "Il dort devant la gare hier.", {"construction"}),
        ("Il dort près des tours.", "Il dort devant les gares.", {"preposition", "noun"}),
        ("Il dort près de la tour.", "Il dort devant la tour.", {"preposition"}),
        ("Hier, il dormait.", "Lundi, il dormait.", {"time"}),
    ],
)
def test_differences_name_what_is_said_otherwise(translation, reference, found):
    assert differences(translation, reference) == found
    assert differences(reference, translation) == found


def test_cells_have_equally_many_parameters():
    sizes = [len(codec.vocabulary) for codec in seq2seq.number_codecs()]
    arms = [NumberArm(cell=cell, epochs=1, learning_rate=1e-3) for cell in ("rnn", "gru", "lstm")]
    counts = [count_parameters(arm.make(*sizes)) for arm in arms]
    assert max(counts) < 1.02 * min(counts)


def test_wrong_sentences_are_kept_and_counted(monkeypatch, pairs):
    test = pairs[:4]
    test[1] = replace(test[1], target="Le chat noir dort.")
    texts = [test[0].target, "La chat dort.", "Un petit chat dort.", test[3].target]
    monkeypatch.setattr(seq2seq, "sentences", lambda: Splits(pairs, [], test))
    monkeypatch.setattr(seq2seq, "attested_patterns", lambda: {french_pattern(text) for text in texts[2:]})
    written = dict(zip((pair.source for pair in test), texts, strict=True))
    monkeypatch.setattr(seq2seq, "texts", lambda trained, asked: [written[pair.source] for pair in asked])
    monkeypatch.setattr(seq2seq, "fresh_sentences", lambda: [test[0], test[3], test[0], test[1]])
    measured = seq2seq.measure_sentences(None, SentenceArm(epochs=1))
    assert (measured["exact_match"], measured["right"]) == (50, "1001")
    assert measured["fresh_exact_match"] == 75
    assert sum(record["sentences"] for record in measured["by_words"]) == 4
    wrong = seq2seq.wrong_of(measured)
    assert wrong == [(test[1], texts[1]), (test[2], texts[2])]
    same = [(replace(test[2], target="Le vieux roi rêve."), texts[2])]
    assert seq2seq.count_forms(wrong) == {"wrong": 2, "well formed": 1, "other words": 0}
    assert seq2seq.count_forms([*wrong, *same]) == {"wrong": 3, "well formed": 2, "other words": 1}


def test_the_own_rate_of_each_cell_is_the_best_of_the_search():
    search = Path(__file__).resolve().parent.parent / "notebooks" / "results" / "seq2seq_cells_search.json"
    results = read(search)
    there = {run["arm"] for run in results.runs}
    for cell, rates in seq2seq.OWN_RATES.items():
        for epochs, rate in rates.items():
            tried = seq2seq.CELLS_SEARCH.arms
            on_validation = {
                arm.learning_rate: mean(results.values(name, "validation_exact_match"))
                for name, arm in tried.items()
                if (arm.cell, arm.epochs) == (cell, epochs) and name in there
            }
            assert on_validation[rate] == max(on_validation.values()), (cell, epochs)


def test_stored_runs_of_the_cells_are_those_of_their_names():
    for name, arm in seq2seq.CELLS.arms.items():
        assert name == seq2seq.arm_name(arm.cell, arm.epochs, arm.learning_rate)
    assert seq2seq.own_arm("rnn", 2) == "RNN, 2 epochs, rate 0.003"


def test_the_same_seed_trains_the_same_model(monkeypatch):
    train, validation, test = seq2seq.numbers()
    monkeypatch.setattr(seq2seq, "numbers", lambda: Splits(train[:200], validation[:20], test[:20]))
    arm = NumberArm(cell="gru", epochs=1, learning_rate=1e-2)
    first, again, other = (seq2seq.train_on_numbers(arm, seed).history.records for seed in (0, 0, 1))
    assert first[-1]["train_loss"] == again[-1]["train_loss"] != other[-1]["train_loss"]
    assert first[-1]["exact_match"] == 0


def test_a_far_adjective_is_behind_a_relative_clause_at_the_end():
    far = [
        "The kings who sing were tired.",
        "Every lawyer that we invited was sad.",
        "The hen that laughs was not tired.",
    ]
    near = [
        "The kings were tired.",
        "This morning, that crown was light.",
        "The kings who are tired sing.",
        "The men who jump did not jump.",
        "He chooses that delicious cookie.",
    ]
    assert [text for text in far + near if seq2seq.has_far_adjective(text)] == far


def test_far_adjectives_show_the_gender_of_their_noun(monkeypatch):
    kings, sad, near = (
        SentencePair("The kings who sing were tired.", "Les rois qui chantent étaient fatigués."),
        SentencePair("The kings who sing were sad.", "Les rois qui chantent étaient tristes."),
        SentencePair("The kings were tired.", "Les rois étaient fatigués."),
    )
    monkeypatch.setattr(seq2seq, "fresh_sentences", lambda: [near, sad, kings])
    seq2seq.far_adjectives.cache_clear()
    assert seq2seq.far_adjectives() == [kings]
    seq2seq.far_adjectives.cache_clear()


def test_last_words_are_right_or_of_another_form_or_others():
    pair = SentencePair("The women were tired.", "Les femmes étaient fatiguées.")
    texts = [
        pair.target,
        "Les rois étaient fatigués.",
        "Les femmes étaient grandes.",
        "Les femmes étaient.",
        "",
    ]
    found = seq2seq.count_last_words(texts, [pair] * len(texts))
    assert found == {"right": 1, "wrong form": 1, "other word": 3}
    with pytest.raises(ValueError, match="zip"):
        seq2seq.count_last_words([], [pair])
