"""Two or three questions at once, with an answer to each in the order asked."""

from __future__ import annotations

from dataclasses import replace

from assistant.types import Region
from assistant.words import wording
from data_builders.words import nouns
from data_builders.words.phrases import Unsayable, load, pick
from data_builders.words.plain import describe, nothing_there, tell_all, tell_one
from data_builders.words.teller import Exchange, Teller


def compound(teller: Teller) -> Exchange:
    """Several intents in one question; what is asked of several regions is told of the strongest, places of all."""
    kinds = sorted(load("questions")["compound"])
    asked = pick(kinds, teller.rng)
    flaw = pick(nouns.flaw_words(teller.facts.inspection, teller.scene().medical), teller.rng)[0]
    alone = len(teller.regions) == 1
    named = pick(("it", f"the {flaw}") if alone else (f"the strongest {flaw}", f"the worst {flaw}"), teller.rng)
    question = teller.ask("compound", asked, given={"it": named if teller.regions else f"the {flaw}"})
    intents = asked.split()
    if not teller.regions:
        if intents[0] == "presence":
            return teller.finish("compound", question, describe(teller, question))
        return replace(nothing_there(teller, intents[0], question), intent="compound")
    region = teller.strongest()
    parts: list[str] = []
    for intent in intents:
        if not _said(intent, region, " ".join(parts)):
            parts.append(_part(teller, intent, question, region))
    answer = " ".join(parts)
    if not teller.agrees(answer, question):
        raise Unsayable("the parts would be misread together")
    return Exchange("compound", question, answer, region if alone or "where" not in intents else None)


def _part(teller: Teller, intent: str, question: str, region: Region) -> str:
    if intent == "presence":
        return describe(teller, question)
    if intent == "next_step":
        return teller.tell(
            question, "next_step", "one" if teller.knowledge.find(region.type) else "unknown", focus=region
        )
    if (
        intent == "where"
        and len(teller.regions) > 1
        and question.split()[0].lower() in {"is", "do", "are", "any", "tell"}
    ):
        return tell_all(teller, "where", question)
    return tell_one(teller, intent, question, region)


def _said(intent: str, region: Region, text: str) -> bool:
    """Whether what an intent asks for has been told."""
    facts = {
        "where": wording.place(region.cells), "severity": f"rated {region.severity.value}", "type": region.type or "?",
        "size": wording.percent(region.area_fraction),
    }  # fmt: skip
    return intent in facts and facts[intent].lower() in text.lower()
