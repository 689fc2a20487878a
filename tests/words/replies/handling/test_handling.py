"""Replies on what is done with a result, with the values of the picture: left out, limited, kept, shown, tested."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.reading.acts.act import Act
from assistant.reading.acts.slots import Slots
from assistant.reading.acts.understanding import AskedAct
from assistant.reading.faithfulness import contradicts
from assistant.reading.question import read_question
from assistant.reading.told.scales import Scale, Unit
from assistant.rules.sentence import read_sentence
from assistant.types import Domain, Extents, Inspection, MeasuredBy, Measures, Mode
from assistant.vocabulary.defect_types import ALL_TYPES
from assistant.vocabulary.knowledge import load_knowledge
from assistant.words import wording
from assistant.words.replies.handling.leaving_out import thing_named
from assistant.words.replies.handling.named_regions import numbers_named
from assistant.words.replies.handling.remarks import WORDINGS
from assistant.words.replies.handling.trust import upper_bound
from assistant.words.scene.dialogue_state import Earlier
from assistant.words.scene.scene import Scene
from tests.inspections import inspection, region
from tests.words.replies.test_reply import told

CRACK = region(1, ("top left",), "crack", 0.41, peak=0.93)
STAIN = region(2, ("bottom right",), "stain", 0.55, area=0.004, peak=0.61)
TWO = inspection(0.86, (CRACK, STAIN), "plate")
ONE = inspection(0.86, (CRACK,), "plate")
NORMAL = inspection(0.12, (), "plate")
CLOSE = inspection(0.52, (STAIN,))
FEW = replace(TWO, mode=Mode.FEW_SHOT, references=4)
CHANCES = ((("crack", 0.41), ("scratch", 0.2), ("hole", 0.1)), (("stain", 0.55),))


def said(found: Inspection, act: Act, text: str, **more: Any) -> str:
    """The reply on a message that is one act; it never denies the picture."""
    answer = told(found, (act, text), **more).text
    assert not contradicts(answer, found), answer
    return answer


def sized(length: float, width: float, margin: float, may_go_on: bool = False, mm: float | None = None) -> Inspection:
    """An inspection with a crack of so many pixels; ``mm`` a pixel."""
    px = Extents(length, width, (length, width), length * width, 5.0, margin)
    scaled = None if mm is None else Extents(
        length * mm, width * mm, (length * mm, width * mm), length * width * mm * mm, 5.0 * mm, margin * mm
    )  # fmt: skip
    measures = Measures(MeasuredBy.LINE, (10.0, 10.0), px, scaled, may_go_on=may_go_on)
    return replace(ONE, regions=(replace(CRACK, measures=measures),))


def test_without_a_region_the_worst_of_the_others_is_told() -> None:
    answer = said(TWO, Act.LEAVE_OUT, "leave region 1 out")
    assert "Without region 1, it would stay anomalous by its regions; what remains is region 2" in answer
    assert "up to 0.61 against a threshold of 0.50, rated minor" in answer
    assert "score of 0.86 was reached with all" in answer
    assert "reject it on the page, under Correct" in answer
    other = said(
        TWO, Act.LEAVE_OUT, "don't count 2, please", focus=(2,), message="region 2? don't count region 2, please"
    )
    assert "Without region 2" in other
    assert "what remains is region 1" in other
    assert "up to 0.93" in other


def test_without_all_of_them_no_region_speaks_against_it() -> None:
    assert "Without region 1, no region speaks against it any more" in said(ONE, Act.LEAVE_OUT, "leave it out")
    both = said(TWO, Act.LEAVE_OUT, "leave regions 1 and 2 out")
    assert "Without region 1 and region 2, no region speaks against it" in both
    assert said(NORMAL, Act.LEAVE_OUT, "leave that mark out").startswith("Nothing is marked that could be left out")
    assert "no such region" in said(TWO, Act.LEAVE_OUT, "leave region 7 out").lower()


def test_a_thing_that_is_to_be_left_out_is_not_guessed() -> None:
    answer = said(TWO, Act.LEAVE_OUT, "ignore the logo from now on")
    assert answer.startswith("I do not tell the logo from the rest of the picture; what is marked is region 1")
    assert 'Say which of them it is ("without region 1")' in answer
    assert "No setting leaves out a thing or a zone in all pictures" in answer
    at = said(TWO, Act.LEAVE_OUT, "ignore the logo at the bottom right")
    assert "Without region 2" in at
    assert "what remains is region 1" in at
    assert thing_named("forget about region 2") is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("forget no. 2", {2}), ("2 and 3 are glare, ignore", {2, 3}), ("drop the third one then", {3}),
        ("right so ignore r2", {2}),
        ("only what's over 1.6 mm", set()), ("we found 2 more, leave that out", set()), ("ignore #1", {1}),
        ("leave it out", set()),
    ],
)  # fmt: skip
def test_numbers_of_regions_are_read_bare_too(text: str, named: set[int]) -> None:
    question = read_question(text)
    asked = AskedAct(Act.LEAVE_OUT, 1.0, Slots(), text)
    assert numbers_named(Scene(TWO, question, asked, question, load_knowledge())) == named


def test_of_regions_that_are_not_there_nothing_is_left_out() -> None:
    assert "no such region" in said(TWO, Act.LEAVE_OUT, "drop the third one then").lower()
    assert "Without region 2" in said(TWO, Act.LEAVE_OUT, "forget no. 2", focus=(1, 2))
    assert "Without region 1, it would stay" in said(TWO, Act.LEAVE_OUT, "take that one out", focus=(1, 2))


def test_the_card_is_told_where_it_is_asked_for_as_a_whole() -> None:
    assert said(TWO, Act.CARD_WORD, "now what does the card say").startswith("The card shows the verdict (anomalous)")


def test_alternatives_come_with_their_chances() -> None:
    answer = said(TWO, Act.ALTERNATIVES, "which other kinds for region 1?", kind_chances=lambda: CHANCES)
    assert "looks most like a crack (41 % sure), then a scratch (20 %) and a hole (10 %); the rest is spread" in answer
    assert "region 2" not in answer
    asked = said(TWO, Act.ALTERNATIVES, "was a dent on the list for region 1?", kind_chances=lambda: CHANCES)
    assert "A dent was not among those listed for region 1" in asked
    unmarked = said(NORMAL, Act.ALTERNATIVES, "what else was on the list?")
    assert unmarked.startswith("What kind it is I cannot tell: nothing is marked on the plate")


@pytest.mark.parametrize(
    ("found", "text", "words"),
    [
        (sized(134, 4, 3, mm=0.2), "our limit is 20 mm", "is 26.8 mm long: over your 20 mm."),
        (sized(134, 4, 3, mm=0.2), "our limit is 3 cm", "is 26.8 mm long: not over your 3 cm."),
        (sized(134, 4, 3, mm=0.2), "limit is 27 mm", "give or take 0.60 mm: too near to your 27 mm"),
        (sized(134, 4, 3, mm=0.2), "width governs, 0.3 mm", "is 0.80 mm wide: over your 0.3 mm."),
        (sized(134, 4, 3), "anything over 100 px is out", "is 134 px long: over your 100 px."),
        (sized(134, 4, 3, may_go_on=True), "anything over 200 px is out", "may go on: whether it is over your 200 px"),
        (sized(134, 4, 3), "limit is 20 mm", "No scale is known, so I cannot hold 20 mm against it: the largest length is 134"),
        (NORMAL, "limit is 20 mm", "Nothing is marked here, so nothing is over 20 mm"),
        (ONE, "limit is 20 mm", "was not measured"),
    ],
)  # fmt: skip
def test_a_limit_is_held_against_what_was_measured(found: Inspection, text: str, words: str) -> None:
    answer = said(found, Act.SET_LIMIT, text)
    assert words in answer
    assert '"Your own rule" under Details on the page and press Apply, or give it to --rule' in answer


def test_a_limit_uses_the_scale_that_the_user_told() -> None:
    scale = Scale("pixel", 0.01, Unit.CM)
    answer = said(sized(134, 4, 3), Act.SET_LIMIT, "our limit is 10 mm", told_scale=scale)
    assert "is 13.4 mm long: over your 10 mm." in answer


def test_limits_of_kinds_numbers_and_scores() -> None:
    assert "Nothing here is taken for scratch" in said(TWO, Act.SET_LIMIT, "any scratch over 2 mm is a reject")
    assert "Two regions are marked here: more than the 1 that you allow" in said(
        TWO, Act.SET_LIMIT, "at most 1 mark per part"
    )
    assert "no more than the 2 that you allow" in said(TWO, Act.SET_LIMIT, "we allow up to two marks")
    scored = said(TWO, Act.SET_LIMIT, "set our action level to .9")
    assert (
        "With a threshold of 0.90 the verdict would turn: the score of 0.86 stays below it, so it would pass" in scored
    )
    kept = said(TWO, Act.SET_LIMIT, "set our action level to .45")
    assert "the verdict would stay as it is: the score of 0.86 reaches it" in kept
    assert "did not understand" in said(TWO, Act.SET_LIMIT, "the rim counts double")


@pytest.mark.parametrize(
    "rule",
    [
        *(f"reject any {kind} over 2 mm" for kind in ALL_TYPES if (load_knowledge().find(kind) or None) is not None),
        "reject anything over 12 px", "reject anything wider than 0.3 mm", "reject a score of at least 0.7", "reject 4 defects",
        "reject 3 scratch", "reject any crack over 2 mm, three scratches, critical defects",
    ],
)  # fmt: skip
def test_rules_that_are_offered_are_understood(rule: str) -> None:
    assert str(read_sentence(rule)).startswith("reject")


@pytest.mark.parametrize(
    ("found", "text", "words"),
    [
        (TWO, "what does borderline mean?", 'here 0.86, "probably anomalous"'),
        (CLOSE, "what is borderline", 'here 0.52, "borderline"'),
        (TWO, "what is a region on your card", "here there are two regions"),
        (ONE, "what does the box stand for", "of region 1 it is x 1 to 19, y 1 to 19 px"),
        (ONE, "sure of what exactly", "41 % is how sure the kind of region 1 is: of the kinds that I know it looks most like a"),
        (TWO, "and the yellow triangle", "changes no score. It is a rough guess, as no references"),
        (FEW, "few references, meaning?", "judged against four reference pictures"),
        (replace(FEW, warnings=("may show another product (distance 2.10)",)), "Other product??",
         "the picture may show another product (distance 2.10)"),
        (TWO, "AUROC?", "this picture has a score, 0.86"),
        (NORMAL, "normal as in good?", "the score of 0.12 stays below the threshold of 0.50"),
        (TWO, "what is a reference here", "judged without reference pictures"),
        (TWO, "ok it went red", "! from 0.50 on; here !, with 0.86"),
        (TWO, "p-value?", "takes 20 normal reference pictures or more"),
        (TWO, "whatsit gizmo", "That word I cannot place. The card shows the verdict (anomalous), the score 0.86"),
    ],
)  # fmt: skip
def test_words_of_the_card_have_its_values(found: Inspection, text: str, words: str) -> None:
    assert words in said(found, Act.CARD_WORD, text)


def test_severity_words_are_told_with_the_ratings() -> None:
    answer = told(TWO, (Act.CARD_WORD, "critical, minor: some table?")).text
    assert all(f"Region {r.id} is rated {r.severity.value}" in answer for r in TWO.regions)
    assert "Region 2" not in told(TWO, (Act.CARD_WORD, "critical, major: some table?")).text


def test_a_file_is_named_with_its_size_and_the_others() -> None:
    alone = said(TWO, Act.LOADED, "which file is this?")
    assert 'This is "part.png", 48 x 32 px, told to show the plate.' in alone
    assert "only picture of this conversation" in alone
    named = said(
        TWO, Act.LOADED, "is this DJI_0417 or part_2?", others=(Earlier("lid.png", NORMAL), Earlier("cap.png", NORMAL))
    )
    assert "and not dji_0417 or part_2" in named
    assert "one of 3 pictures of this session; the others are lid.png and cap.png" in named
    dji = replace(TWO, image=replace(TWO.image, source="shots/DJI_0417.png"))
    assert '"DJI_0417.png", 48 x 32 px, told to show the plate, so dji_0417.' in said(
        dji, Act.LOADED, "is this DJI_0417 or 0471?"
    )


def test_what_is_shown_is_where_it_lies() -> None:
    assert "Region 2 lies at the bottom right: x 1 to 19, y 1 to 19 px." in said(TWO, Act.SHOW, "zoom in on region 2")
    assert "region 1 at the top left" in said(TWO, Act.SHOW, "put a frame round every region")
    assert "--out DIR" in said(TWO, Act.SHOW, "zoom in on region 2")
    assert "Nothing is marked that could be shown" in said(NORMAL, Act.SHOW, "show me")
    assert "no such region: two regions marked" in said(TWO, Act.SHOW, "zoom in on region 7")


def test_files_are_those_that_there_are() -> None:
    assert "A PDF I do not write" in said(TWO, Act.EXPORT, "can I have it as a pdf")
    assert "`batch --csv` writes results.csv, a line a region (this picture has two regions)" in said(
        TWO, Act.EXPORT, "as csv"
    )
    assert "16-bit grey PNG" in said(TWO, Act.EXPORT, "the map as raw floats")
    assert "I send nothing" in said(TWO, Act.EXPORT, "send it to my boss")
    assert "preset tiny, trained parts sha256:0" in said(TWO, Act.EXPORT, "how do I cite you")
    assert "--out DIR" in said(TWO, Act.EXPORT, "can I save it")


def test_a_remark_is_kept_with_the_talk_and_changes_nothing() -> None:
    answer = said(TWO, Act.RECORD, "note down that i held it, Marek, 10:40")
    assert "does not change the result (anomalous, score 0.86" in answer
    assert "prints it in the picture's report and JSON; a name and a time have no field there" in answer


def test_the_same_again_is_the_same() -> None:
    assert "fixed seed" in said(TWO, Act.REPEATABLE, "same again tomorrow?")
    assert "turn the verdict" not in said(TWO, Act.REPEATABLE, "same again tomorrow?")
    assert "that can turn the verdict" in said(CLOSE, Act.REPEATABLE, "same again tomorrow?")
    mutual = replace(TWO, mode=Mode.MUTUAL)
    assert "judge each other" in said(mutual, Act.REPEATABLE, "same again tomorrow?")
    assert "I marked something there" in said(TWO, Act.RERUN, "look again at the top left")
    assert "what I speak of is part.png: anomalous (score 0.86" in said(TWO, Act.RERUN, "once more please")


def test_what_parts_allow_to_claim() -> None:
    assert upper_bound(59) == pytest.approx(0.0495, abs=1e-3)
    assert "with 30 that is 9.5 in 100" in said(
        TWO, Act.VALIDATE, "if you miss none of 30 known bad housings, what may I claim?"
    )
    assert "with 300 that is 1.0 in 100" in said(TWO, Act.VALIDATE, "and with 300 bad parts?")
    assert "300 at most 1 in 100" in said(TWO, Act.VALIDATE, "how do I validate it")
    assert "with 20 that is 14 in 100" in said(TWO, Act.VALIDATE, "200 good and 20 bad panels, is that enough?")


def test_references_are_counted_and_what_speaks_against_them_told() -> None:
    assert "against four reference pictures; which of them weighed" in said(
        FEW, Act.MANAGE_REFERENCES, "take reference 2 out"
    )
    assert '"Remove all" under References' in said(FEW, Act.MANAGE_REFERENCES, "take reference 2 out")
    assert "none to take out yet" in said(TWO, Act.MANAGE_REFERENCES, "one of them is bad")
    assert "From 20 on" in said(FEW, Act.MANAGE_REFERENCES, "how many do you need")
    warned = replace(FEW, warnings=("was taken in another light (lightness 80, of references 40 to 50)",))
    assert "A warning says: the picture was taken in another light" in said(warned, Act.MANAGE_REFERENCES, "swap them?")
    assert '"Save as profile" keeps them' in said(FEW, Act.MANAGE_REFERENCES, "do they stay loaded tomorrow")


def test_the_past_is_refused_with_what_would_fit() -> None:
    answer = said(ONE, Act.HISTORY, "was it repaired before?")
    assert answer.startswith("What was done to it before cannot be told from one picture")
    assert "Region 1, at the top left, looks most like a crack (41 % sure); that can come from" in answer
    assert "nothing is marked" in said(NORMAL, Act.HISTORY, "was it repaired before?")


def test_what_is_only_told_gets_one_short_sentence() -> None:
    for text in ("we run these at 200 a minute", "I'll phone the customer then", "that means borderline ones go back"):
        for found in (TWO, NORMAL):
            assert told(found, (Act.CONTEXT, text)).sentences[0] in WORDINGS
            assert len(told(found, (Act.CONTEXT, text)).sentences) == 1, "a remark is not answered at length"
    assert (
        said(TWO, Act.CONTEXT, "region 2 is next to the gate")
        == "Noted for region 2; its score and rating stay as they are."
    )
    assert (
        said(TWO, Act.CONTEXT, "the lamp is at the top left") == "Noted for the top left; the map stays as it is there."
    )
    scan = replace(TWO, image=replace(TWO.image, domain=Domain.MEDICAL))
    assert told(scan, (Act.CONTEXT, "he is 77")).cautions == (wording.RESEARCH_NOTICE,)


def test_a_remark_leaves_what_it_means_alone() -> None:
    before = told(TWO, (Act.WHERE, "where is region 2?"))
    assert before.focus == (2,)
    assert told(TWO, (Act.CONTEXT, "right, I'll phone them"), last=before).focus == (2,)
    assert told(TWO, (Act.CONTEXT, "region 1 is by the gate"), last=before).focus == (1,)
