"""What a piece of a message puts: choices, suppositions, objections; and what only asks puts nothing."""

from __future__ import annotations

import pytest

from assistant.reading.told.choices import numbers_offered, offered
from assistant.reading.told.posed import Pose, Posed, posed_in


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ("pit or porosity?", ("pit", "porosity")),
        ("is it a scratch, a dent or a stain?", ("scratch", "dent", "stain")),
        ("pit vs hole?", ("pit", "hole")),
        ("cyst/mass?", ("cyst", "mass")),
        ("differential, in order: gbm, metastasis, lymphoma?", ("gbm", "metastasis", "lymphoma")),
        ("how sure are you that it's a mass and not an abscess?", ("mass", "abscess")),
        ("is it rust rather than dirt?", ("rust", "dirt")),
        ("would you call region 1 a tear or a cut?", ("tear", "cut")),
        ("could it be a blowhole or a fray instead?", ("blowhole", "fray")),
        ("do i stop the loom or let it run?", ("stop the loom", "let it run")),
        ("what do you recommend: accept, or have someone look at it?", ("accept", "have someone look at it")),
        ("is there a crack or not?", ()),
        ("is that ours or yours?", ()),
        ("where is it?", ()),
    ],
)
def test_alternatives_are_read_without_articles(said: str, options: tuple[str, ...]) -> None:
    assert offered(said) == options


def test_numbers_are_alternatives_only_of_regions() -> None:
    assert numbers_offered("which is worse, 1 or 3?") == {1, 3}
    assert numbers_offered("region 1 or region 2, which is bigger?") == {1, 2}
    assert not numbers_offered("is it 2 or 3 mm long?")
    assert not numbers_offered("in two or 3 lines")


@pytest.mark.parametrize(
    ("said", "pose"),
    [
        ("scratch or a hair?", Pose.KINDS),
        ("which is worse 1 or 2", Pose.REGIONS),
        ("which of the four regions is the one that decides the verdict?", Pose.DECIDING),
        ("accept or reject?", Pose.DECISIONS),
        ("reject whole batch or only this one", Pose.DECISIONS),
        ("is it a big problem or a small problem?", Pose.DEGREES),
        ("left or right?", Pose.SIDES),
        ("what else could region 1 be?", Pose.WHAT_ELSE),
        ("what's your second guess?", Pose.WHAT_ELSE),
        ("there's no printing on this part.", Pose.OBJECTION),
        ("why you say broken thread, leather don't have thread", Pose.OBJECTION),
        ("glass does not corrode.", Pose.OBJECTION),
        ("that's not rust, this is plastic", Pose.OBJECTION),
        ("corrosion on glass?", Pose.OBJECTION),
        ("which of the causes makes sense here", Pose.OBJECTION),
        ("you mean a tear?", Pose.CORRECTION),
        ("chip more like", Pose.CORRECTION),
        ("could that just be the frame being cut off", Pose.CORRECTION),
        ("region 1 is a drip mark", Pose.CALLED),
        ("call region 2 a weld seam", Pose.CALLED),
        ("if i ignore region 1, would you still reject it?", Pose.WITHOUT),
        ("suppose region 2 is glare, would you still reject it?", Pose.WITHOUT),
        ("would it pass without region 1?", Pose.WITHOUT),
        ("what if the threshold were .8?", Pose.OTHER_THRESHOLD),
        ("at a cut-off of 20 % would it be anomalous?", Pose.OTHER_THRESHOLD),
        ("if it is a chip, is the severity still minor?", Pose.OTHER_KIND),
        ("say it's a hole, what should i do?", Pose.OTHER_KIND),
    ],
)
def test_what_is_put(said: str, pose: Pose) -> None:
    found = posed_in(said)
    assert found is not None
    assert found.pose is pose


@pytest.mark.parametrize(
    "said",
    [
        "where is it?",
        "what happens if i ignore it?",
        "is there no defect?",
        "there is no defect on this part",
        "i have no idea",
        "set the threshold to 0.6",
        "are you sure?",
        "scratch on the lid?",
        "is it round or elongated?",
        "benign or malignant?",
        "is it sharp or blurred?",
        "that's not right",
        "can i get the crack width in mm?",
        "that's obviously a spur or leftover copper",
        "region 1 is fine",
        "how many scratches or dents are there?",
    ],
)
def test_what_only_asks_or_tells_puts_nothing(said: str) -> None:
    assert posed_in(said) is None


def test_slots_of_what_is_put() -> None:
    threshold, kind, called = (
        posed_in("with a threshold of 80 % would it pass?"),
        posed_in("if it is a chip, is it still minor?"),
        posed_in("region 3 is a drip mark"),
    )
    assert threshold is not None
    assert threshold.value == 0.8
    assert kind is not None
    assert kind.options == ("chip",)
    assert called is not None
    assert (called.options, called.numbers) == (("drip mark",), {3})


@pytest.mark.parametrize("said", ["can it be repaired?", "could it be polished out?", "can this be used again"])
def test_what_may_be_done_with_it_is_no_name_for_it(said: str) -> None:
    assert posed_in(said) is None
    assert posed_in("could it be a crack?") == Posed(Pose.CORRECTION, ("crack",))
