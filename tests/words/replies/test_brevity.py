"""Three sentences at most, besides lists; what is needed stays."""

from __future__ import annotations

import re

import pytest

from assistant.reading.acts.act import Act
from assistant.types import Domain
from assistant.words.replies.telling.brevity import MOST, shortened
from assistant.words.replies.verdicts import DRAW, NOT_ABSENT, PERSON, YOURS
from assistant.words.scene import phrases
from tests.inspections import inspection, region
from tests.words.replies.test_reply import told

WORTH = f"You may still be right: {NOT_ABSENT}."
ONE = inspection(0.9, (region(1),), "plate")
CLEAN = inspection(0.13, (), "plate")


def test_stock_goes_before_what_is_asked() -> None:
    assert shortened(["A.", phrases.LIMIT, WORTH, DRAW]) == ["A.", WORTH, DRAW]
    assert shortened(["A.", "What I can tell: b.", "C.", "D."]) == ["A.", "C.", "D."]
    assert shortened(["A.", YOURS, PERSON, WORTH]) == ["A.", PERSON, WORTH]
    assert shortened(["A. B. C. D."], 2) == ["A. B."]
    assert shortened(["A.", "B."]) == ["A.", "B."]


def test_lists_stay_whole_and_a_scan_keeps_its_caution() -> None:
    items = ["Two regions:", "1. a", "2. b", "3. c", "4. d"]
    assert shortened(items) == items
    table = "| a |\n| b |"
    assert shortened([table, "A.", "B.", "C.", "D."]) == [table, "A.", "B.", "C."]
    several = ["Region 1, x.", "Region 2, y.", "Region 3, z.", "Region 4, v.", "A."]
    assert shortened(several) == several
    assert shortened(["A.", "B.", "C.", "This is no diagnosis. A qualified reader decides."])[-1].startswith(
        "This is no diagnosis"
    )


@pytest.mark.parametrize("act", [act for act in Act if act not in (Act.CHECKED, Act.REPORT, Act.LIST_REGIONS)])
@pytest.mark.parametrize("found", [ONE, CLEAN], ids=["anomalous", "normal"])
@pytest.mark.parametrize("domain", [Domain.INDUSTRIAL, Domain.MEDICAL])
def test_no_reply_to_one_act_is_longer(act: Act, found: object, domain: Domain) -> None:
    picture = inspection(0.9 if found is ONE else 0.13, (region(1),) if found is ONE else (), "plate", domain)
    said = told(picture, (act, act.example)).text
    sentences = re.findall(r"(?<!Yes)(?<!No)(?<!Hello)[.?!](?= [A-Z\"]|$)", said)
    assert len(sentences) <= MOST + (2 if domain is Domain.MEDICAL else 0), said
