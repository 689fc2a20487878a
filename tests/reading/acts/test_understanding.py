"""What a message does: acts in its order, slots, languages, and messages that are no sentence. Words alone, no tower."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from assistant.reading.acts.act import Act, Family
from assistant.reading.acts.certain import certain_act
from assistant.reading.acts.languages import ENGLISH, language_of, notice_in
from assistant.reading.acts.message import LONGEST, MOST_PIECES, MessageKind, cut
from assistant.reading.acts.slots import PREVIOUS, Form, Slots, claim_of, slots_of
from assistant.reading.acts.understanding import KNOWN, Understanding, understand
from assistant.reading.question import read_question
from assistant.reading.told.posed import Pose, Posed
from assistant.reading.told.scales import PICTURE, Scale, Unit, scale_of, unit_of


def told(text: str) -> Understanding:
    return understand(read_question(text), lexical=True)


def acts_of(text: str) -> list[Act]:
    return [asked.act for asked in told(text).acts]


def slots_in(act: Act, text: str, whole: str | None = None) -> Slots:
    return slots_of(act, read_question(text), read_question(whole or text))


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("Is there a defect?", [Act.PRESENCE]),
        ("can i ship it", [Act.ACCEPT]),
        ("Where is it, and what should I do next?", [Act.WHERE, Act.NEXT_STEP]),
        ("What should I do next, and where is it?", [Act.NEXT_STEP, Act.WHERE]),
        ("Hello! How long is the crack in mm? How sure are you?", [Act.GREETING, Act.LENGTH, Act.SURE]),
        ("how long and wide is the crack?", [Act.LENGTH, Act.WIDTH]),
        ("the bottle is 60 mm wide. How big is it?", [Act.SCALE, Act.SIZE]),
        ("where is it? where is it?", [Act.WHERE]),
        ("ok", [Act.CONTEXT]),
        ("No.", [Act.DISAGREE]),
    ],
)
def test_acts_stand_in_the_order_of_the_message(text: str, acts: list[Act]) -> None:
    assert acts_of(text) == acts


def test_acts_that_depend_on_their_words_stand_as_often_as_they_are_done() -> None:
    twice = understand(read_question("should I use good ones, and which ones would you want?"), lexical=True)
    assert [one.act for one in twice.acts] == [Act.MANAGE_REFERENCES] * 2
    once = understand(read_question("where is it? where is the defect?"), lexical=True)
    assert [one.act for one in once.acts] == [Act.WHERE]


def test_each_act_has_the_slots_of_its_own_words() -> None:
    first, second = told("How long is the crack in mm, and where is region 2?").acts
    assert (first.slots.unit, first.slots.kinds, first.slots.region) == (Unit.MM, ("crack",), None)
    assert (second.slots.unit, second.slots.kinds, second.slots.region) == (None, (), 2)
    assert first.text == "How long is the crack in mm"
    assert all(KNOWN <= asked.confidence <= 1 for asked in (first, second))


def test_it_points_back_to_the_one_region_of_the_message() -> None:
    assert slots_in(Act.SIZE, "how big is it", "Where is region 3 and how big is it").region == 3
    assert slots_in(Act.SIZE, "how big is it", "Compare region 1 and region 2, how big is it").region is None
    assert slots_in(Act.COUNT, "how many defects", "Where is region 3? how many defects").region is None


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("how long in millimetres", Unit.MM),
        ("size in px", Unit.PX),
        ("area in cm2", Unit.CM),
        ("how many inches", Unit.INCH),
        ("what percentage is damaged", Unit.PERCENT),
        ("how many µm", Unit.MICRON),
        ("is it in the middle", None),
    ],
)
def test_units(text: str, unit: Unit | None) -> None:
    assert unit_of(text) is unit


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("sum it up in one sentence", Form.ONE_SENTENCE),
        ("summary in two sentences", Form.TWO_SENTENCES),
        ("as bullet points", Form.BULLETS),
        ("just the number", Form.NUMBER),
        ("defect? y/n", Form.YES_NO),
        ("location clock position", Form.CLOCK),
        ("at what o'clock is it", Form.CLOCK),
        ("is there a defect", None),
    ],
)
def test_forms(text: str, form: Form | None) -> None:
    assert slots_in(Act.SUMMARY, text).form is form


def test_other_pictures() -> None:
    assert slots_in(Act.COMPARE_PICTURE, "compare it with the first picture") == Slots(picture=1)
    assert slots_in(Act.COMPARE_PICTURE, "worse than the previous image").picture == PREVIOUS
    assert slots_in(Act.COMPARE_PICTURE, "and in picture 12").picture == 12
    assert slots_in(Act.WHERE, "where in the picture").picture is None


@pytest.mark.parametrize(
    ("text", "scale"),
    [
        ("the bottle is 60 mm wide", Scale("width", 60, Unit.MM, "the bottle")),
        ("its height is 2,5 cm", Scale("height", 2.5, Unit.CM)),
        ("one pixel is 0.1 mm", Scale("pixel", 0.1, Unit.MM)),
        ("20 px are 1 mm", Scale("pixel", 0.05, Unit.MM)),
        ("0.2 mm per pixel", Scale("pixel", 0.2, Unit.MM)),
        ("px size is 0.1 mm.", Scale("pixel", 0.1, Unit.MM)),
        ("pixel pitch 25 um", Scale("pixel", 25, Unit.MICRON)),
        ("the lens gives about 0.8 mm/px on the floor", Scale("pixel", 0.8, Unit.MM)),
        ("scale bar 500 um = 200 px", Scale("pixel", 2.5, Unit.MICRON)),
        ("the flange is 120 mm", Scale("unknown", 120, Unit.MM, "the flange")),
        ("field of view is 50 mm", Scale("width", 50, Unit.MM, PICTURE)),
        ("flange od is 120 mm", Scale("diameter", 120, Unit.MM, "flange")),
        ("bottle mouth dia 28mm", Scale("diameter", 28, Unit.MM, "bottle mouth")),
        ("the cap has a diameter of 28 mm", Scale("diameter", 28, Unit.MM, "the cap")),
        ("outer diameter 80 mm", Scale("diameter", 80, Unit.MM)),
        ("tell me if it's over 1.5 mm", None),
        ("the crack is 2 mm from the edge", None),
        ("the wall is 3 mm thick", None),
        ("the gap is 5 percent", None),
        ("is the bottle 60 mm wide?", None),
        ("0 px are 1 mm", None),
        ("how long is it in mm, this is about a 10 cm wide shot", Scale("width", 10, Unit.CM, PICTURE)),
        ("the picture is maybe 15 cm x 15 cm", Scale("width", 15, Unit.CM, PICTURE)),
        ("can you give me mm if the outer diameter is about 95 mm?", Scale("diameter", 95, Unit.MM)),
        ("what is the length given the bottle is 70 mm tall?", Scale("height", 70, Unit.MM, "the bottle")),
        ("how wide is it (the part is 40 mm across)?", Scale("width", 40, Unit.MM, "the part")),
        ("at 0.2 mm/px, what's its width?", Scale("pixel", 0.2, Unit.MM)),
        ("what is the length if 100 px are 12 mm?", Scale("pixel", 0.12, Unit.MM)),
        ("if the road is 3 m wide", Scale("width", 3, Unit.METRE, "the road")),
        ("it's a 100 mm wafer", Scale("unknown", 100, Unit.MM, "wafer")),
        ("with a field of view of 50 mm, how long is it?", Scale("width", 50, Unit.MM, PICTURE)),
        ("if the inner diameter is 8 mm, how long is it?", Scale("diameter", 8, Unit.MM, "the inner diameter")),
        ("the camera is at roughly 1.2 m height", None),
        ("how long is it if the camera is 300 mm above?", None),
        ("would you reject it if it is over 2 mm?", None),
        ("is it more than 2 mm from the edge?", None),
        ("i'm sure it is 3 % of it", None),
        ("the defect is wide", None),
    ],
)
def test_scales(text: str, scale: Scale | None) -> None:
    assert scale_of(text) == scale


@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("px size is 0.1 mm.", Act.SCALE),
        ("flange OD is 120 mm if that helps", Act.SCALE),
        ("scale bar 500 um = 210 px", Act.SCALE),
        ("camera is about 0.8 mm/px", Act.SCALE),
        ("is the pixel size 0.1 mm?", None),
        ("What does it cost?", Act.PRICE),
        ("how much would a new casting cost", Act.PRICE),
        ("what does it cost to use you", None),
        ("what could the crack lead to", Act.EFFECT),
        ("are you sure?", Act.SURE),
        ("are you sure it is a crack", None),
        ("who made this scratch", None),
    ],
)
def test_some_turns_of_phrase_are_certain(text: str, act: Act | None) -> None:
    assert certain_act(text) is act


@pytest.mark.parametrize(
    ("act", "text", "top"),
    [
        (Act.RATING, "rate it from 0 to 100", 100.0),
        (Act.SEVERITY, "how bad 1-10", 10.0),
        (Act.RATING, "a mark out of five", 5.0),
        (Act.RATING, "how many stars", 5.0),
        (Act.RATING, "quality in percent", 100.0),
        (Act.RATING, "grade it a to f", "letters"),
        (Act.RATING, "bin a, b or c", "letters"),
        (Act.RATING, "rate it", None),
        (Act.SLICE, "from slice 10 to 30", None),
    ],
)
def test_scales_of_ratings(act: Act, text: str, top: float | str | None) -> None:
    assert slots_in(act, text).scale_top == top


def test_limits_and_extremes() -> None:
    assert slots_in(Act.WORST_REGION, "the top 2 please").limit == 2
    assert slots_in(Act.LIST_REGIONS, "only the three worst").limit == 3
    assert slots_in(Act.COMPARE_PICTURE, "the first two pictures").limit is None
    assert slots_in(Act.WIDTH, "Width at the widest point, px.").extreme == "widest"
    assert slots_in(Act.WIDTH, "mean coating thickness").extreme == "mean"
    assert slots_in(Act.WIDTH, "how wide is it").extreme is None


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        ("it is just a reflection from the lamp", "a reflection"),
        ("region 2 is a joint", "a joint"),
        ("no, that's only dust", "dust"),
        ("isn't it a shadow?", "a shadow"),
        ("call it a cold shut", "a cold shut"),
        ("it belongs there", "a part of the design"),
        ("is it a crack?", None),
        ("it is fine", None),
    ],
)
def test_claims(text: str, claim: str | None) -> None:
    assert claim_of(text) == claim


def test_only_statements_claim() -> None:
    assert slots_in(Act.CLAIM, "it is a reflection").claim == "a reflection"
    assert slots_in(Act.SCALE, "it is a bottle of 60 mm").claim is None


def test_values_and_edges() -> None:
    assert slots_in(Act.CHANGE_THRESHOLD, "set the threshold to 0.6").value == 0.6
    assert slots_in(Act.LENGTH, "more than 0.6 mm").value is None
    assert slots_in(Act.DISTANCE_EDGE, "how far from the lower edge").edge == "bottom"
    assert slots_in(Act.WHERE, "is it on the left side").edge is None


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Is there a scratch or a dent?", ["Is there a scratch or a dent?"]),
        ("It is 3.5 mm. Is that bad?", ["It is 3.5 mm.", "Is that bad?"]),
        ("thanks, where is it", ["thanks", "where is it"]),
        ("thanks for that", ["thanks for that"]),
        ("that is not a defect but dust", ["that is not a defect but dust"]),
        ("I think it is fine, but what is the spot", ["I think it is fine", "what is the spot"]),
        ("defect? y/n", ["defect? y/n"]),
        ("so, where is it?", ["so where is it?"]),
        ("give me the type, size and location", ["give me the type", "size", "location"]),
        ("<b>where</b> is it", ["where is it"]),
    ],
)
def test_messages_are_cut_where_another_thing_is_done(text: str, pieces: list[str]) -> None:
    assert list(cut(text).pieces) == pieces


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", MessageKind.EMPTY),
        (" \n\t ", MessageKind.EMPTY),
        ("?!", MessageKind.EMPTY),
        ("is it ok? " * (LONGEST // 10 + 1), MessageKind.TOO_LONG),
        ("<|im_start|>system<|im_end|>", MessageKind.MARKUP),
        ("<div></div>", MessageKind.MARKUP),
        ("### Instruction:", MessageKind.MARKUP),
        ("[INST]", MessageKind.MARKUP),
        ("assistant:", MessageKind.MARKUP),
    ],
)
def test_messages_that_are_no_sentence_have_no_acts(text: str, kind: MessageKind) -> None:
    found = told(text)
    assert (found.kind, found.acts, found.unclear) == (kind, (), ())
    assert len(set(found.nearest)) == 3


@pytest.mark.parametrize(
    "text",
    [
        "a" * LONGEST,
        "how " * (LONGEST // 4),
        "?" * (LONGEST - 1) + "a",
        "<" * LONGEST,
        "is, " * (LONGEST // 4),
        "is the the the " * 200 + "5 mm",
        "\x00\u202ewhere is it\u200b",
        "1 px are " * 400,
        "and and and " * 300,
        "\n".join("# system: <|x|>" for _ in range(200)) + "x",
    ],
)
def test_hostile_messages_are_read_in_bounded_time(text: str) -> None:
    asked = read_question(text)
    begun = time.process_time()
    found = understand(asked, lexical=True)
    assert time.process_time() - begun < 2
    assert len(found.acts) + len(found.unclear) <= MOST_PIECES


def test_markers_around_a_question_leave_the_question() -> None:
    assert acts_of("<|im_start|>user\nwhere is it?<|im_end|>")[-1:] == [Act.WHERE]


def test_options_are_no_part_of_what_is_asked() -> None:
    assert acts_of("Where is the defect?\nA. centre\nB) top left") == [Act.WHERE]


def test_what_is_not_known_is_offered_three_questions() -> None:
    found = told("the velvet umbrella negotiates")
    assert not [asked for asked in found.acts if asked.act.answerable]
    assert len(set(found.nearest)) == 3
    assert all(act.example and act.family is not Family.TALK for act in found.nearest)
    assert told("how long is it").nearest[0] is Act.LENGTH


USUAL = yaml.safe_load((Path(__file__).parent / "usual_questions.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("language", USUAL)
def test_languages_are_told_by_script_and_words(language: str) -> None:
    assert {language_of(text) for text in USUAL[language].values()} == {language}
    assert notice_in(language)


def test_english_and_unknown_languages() -> None:
    assert language_of("wat sort of damge is dis") == language_of("DN50 flange PN16") == language_of("ok") == ENGLISH
    assert notice_in(ENGLISH) is notice_in("ru") is None
    found = told("Где дефект?")
    assert (found.language, found.acts, found.unclear) == ("ru", (), ("Где дефект?",))


def test_every_act_has_its_family_and_example() -> None:
    assert {act.family for act in Act} == set(Family)
    assert len({act.example for act in Act}) == len(Act)
    assert not any(act.answerable for act in Act if act.family in (Family.UNANSWERABLE, Family.TALK))
    assert Act.WHERE.answerable


@pytest.mark.weights
@pytest.mark.parametrize("act", [act for act in Act if act.answerable], ids=lambda act: act.value)
def test_what_is_offered_is_understood(act: Act) -> None:
    found = understand(read_question(act.example))
    if act is Act.ALTERNATIVES:
        assert [one.slots.posed for one in found.acts] == [Posed(Pose.WHAT_ELSE)], (
            "it is put as a question for other kinds"
        )
    else:
        assert [one.act for one in found.acts] == [act]


@pytest.mark.parametrize("lexical", [True, pytest.param(False, marks=pytest.mark.weights)])
@pytest.mark.parametrize(
    ("text", "act"),
    [
        ("How bad is region 1?", Act.SEVERITY),
        ("Why does it look anomalous?", Act.WHY),
        ("What happens if I ignore it?", Act.EFFECT),
        ("What may have caused region 1?", Act.CAUSE),
        ("What should I check next?", Act.NEXT_STEP),
        ("Where is region 1?", Act.WHERE),
    ],
)
def test_what_the_page_suggests_is_understood(text: str, act: Act, lexical: bool) -> None:
    found = understand(read_question(text), lexical=lexical)
    assert [one.act for one in found.acts] == [act]
