"""A report as JSON by constrained generation: the language model writes the summary, the evidence everything else.

The JSON Schema is made from the inspection: verdict, score, ids, kinds, cells and severities are constants in it, so a
report that follows the schema cannot contradict the numbers. xgrammar masks every token that would leave the schema.
The summary is free text, so it is checked against the inspection and replaced by the caption where it does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from assistant.errors import AssistantError
from assistant.reading.faithfulness import contradicts
from assistant.types import Inspection
from assistant.vocabulary.knowledge import Knowledge, load_knowledge
from assistant.words import wording
from assistant.words.evidence import caption, evidence_text

if TYPE_CHECKING:
    from collections.abc import Mapping

SUMMARY_LENGTH = 240
"""Longest summary, characters."""
INSTRUCTION = (
    "Write the inspection report as JSON with verdict, score, regions and a summary of one or two short sentences. "
    "Use nothing but these facts.\n"
)


@dataclass(frozen=True)
class StructuredReport:
    """A report that follows :func:`report_schema`.

    Args:
        values: verdict, score, regions, summary; plain JSON values.
        source: who wrote the summary: the model, or the template where the model could not.
    """

    values: Mapping[str, Any]
    source: Literal["model", "template"]

    def to_json(self) -> str:
        """The values as one line."""
        return json.dumps(self.values, ensure_ascii=False, allow_nan=False)


def report_schema(inspection: Inspection, summary_length: int = SUMMARY_LENGTH) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the report on one inspection.

    Args:
        inspection: its facts become constants.
        summary_length: most characters of the summary; the only free value. It is one line without quotes.
    """
    facts = _facts(inspection)
    regions = [
        _object({name: {"const": value} for name, value in region.items() if name != "cells"} | _cells(region["cells"]))
        for region in facts["regions"]
    ]
    listed: dict[str, Any] = {"type": "array", "minItems": len(regions), "maxItems": len(regions)}
    if regions:
        listed |= {"prefixItems": regions, "items": False}
    text = {"type": "string", "pattern": rf'^[A-Z][^"\\\x00-\x1f]{{0,{summary_length - 2}}}\.$'}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_object({
            "verdict": {"const": facts["verdict"]},
            "score": {"const": facts["score"]},
            "regions": listed,
            "summary": text,
        }),
    }  # fmt: skip


def _cells(cells: Sequence[str]) -> dict[str, Any]:
    fixed = [{"const": cell} for cell in cells]
    return {
        "cells": {"type": "array", "prefixItems": fixed, "items": False, "minItems": len(cells), "maxItems": len(cells)}
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


def _facts(inspection: Inspection) -> dict[str, Any]:
    return {
        "verdict": inspection.verdict.value,
        "score": round(wording.measured(inspection), 2),
        "regions": [
            {"id": r.id, "type": r.type, "severity": r.severity.value, "cells": list(r.cells)}
            for r in inspection.regions
        ],
    }


def template_report(inspection: Inspection, knowledge: Knowledge | None = None) -> StructuredReport:
    """The report whose summary is the caption, cut to whole sentences that fit."""
    words = caption(inspection, knowledge or load_knowledge()).replace('"', "'").replace("\\", "/")
    report = StructuredReport({**_facts(inspection), "summary": _fitting(" ".join(words.split()))}, "template")
    check_report(report.values, inspection)
    return report


def _fitting(text: str) -> str:
    """The text to the last full stop within the limit, a capital first; cut hard where no sentence fits."""
    text = text[:1].upper() + text[1:]
    if not text[:1].isascii() or not text[:1].isupper():
        text = f"Finding: {text}"
    if len(text) <= SUMMARY_LENGTH and text.endswith("."):
        return text
    end = text[:SUMMARY_LENGTH].rfind(". ")
    return text[: end + 1] if end > 0 else text[: SUMMARY_LENGTH - 1].rstrip(" .") + "."


def check_report(values: Any, inspection: Inspection) -> None:
    """Refuse a report that does not follow the inspection's schema.

    Raises:
        AssistantError: with the first thing that differs.
    """
    from jsonschema import Draft202012Validator

    for error in Draft202012Validator(report_schema(inspection)).iter_errors(values):
        where = "/".join(map(str, error.absolute_path)) or "report"
        raise AssistantError("a report that follows the inspection", f"{where}: {error.message}"[:200], "ask again")


def structured_report(
    inspection: Inspection,
    model: Any = None,
    tokenizer: Any = None,
    knowledge: Knowledge | None = None,
    max_new_tokens: int = 256,
    summary_length: int = SUMMARY_LENGTH,
) -> StructuredReport:
    """A report on an inspection, written by a causal language model under the schema's grammar.

    Args:
        inspection: the facts.
        model: any transformers causal language model; None gives the template's report.
        tokenizer: the model's.
        knowledge: the package's own when None.
        max_new_tokens: longest summary; a report that is cut off is replaced.
        summary_length: most characters of the summary, up to :data:`SUMMARY_LENGTH`.

    Returns:
        the model's report; the template's where xgrammar is not installed or does not know the tokenizer, where the
        report is cut off, and where its summary contradicts the inspection.
    """
    knowledge = knowledge or load_knowledge()
    template = template_report(inspection, knowledge)
    if model is None or tokenizer is None:
        return template
    try:
        grammar = ReportGrammar(inspection, model, tokenizer, min(summary_length, SUMMARY_LENGTH))
    except ImportError:
        return template
    text = _generate(inspection, knowledge, model, tokenizer, grammar, max_new_tokens)
    try:
        values = json.loads(text)
        check_report(values, inspection)
    except (json.JSONDecodeError, AssistantError):
        return template
    if contradicts(values["summary"], inspection):
        return template
    return StructuredReport(values, "model")


class ReportGrammar:
    """Logits processor of one call of ``generate``: it keeps its place in the grammar, so each request needs its own.

    Args:
        inspection: its schema is the grammar.
        model: its width of logits counts, which may be larger than the tokenizer.
        tokenizer: the model's.
        summary_length: most characters of the summary.

    Raises:
        ImportError: xgrammar is not installed.
    """

    def __init__(
        self, inspection: Inspection, model: Any, tokenizer: Any, summary_length: int = SUMMARY_LENGTH
    ) -> None:
        import xgrammar

        self._width = int(model.config.get_text_config().vocab_size)
        info = xgrammar.TokenizerInfo.from_huggingface(tokenizer, vocab_size=self._width)
        # one schema a request: nothing to keep, and the cache of 0.2.8 fails on long bounded repetitions
        compiler = xgrammar.GrammarCompiler(info, max_threads=1, cache_enabled=False)
        schema = json.dumps(report_schema(inspection, summary_length))
        self._matcher = xgrammar.GrammarMatcher(compiler.compile_json_schema(schema, any_whitespace=False))
        self._started = False
        self.prefix: str = self._matcher.find_jump_forward_string()
        """All that the evidence fixes, up to the summary: it is given to the model and need not be generated."""
        if not self._matcher.accept_string(self.prefix):
            raise AssistantError("a grammar that accepts its own beginning", self.prefix[:80], "report this")

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores (1, vocabulary) with minus infinity for every token that would leave the schema."""
        import xgrammar

        if self._started:
            self._matcher.accept_token(int(input_ids[0, -1]))
        self._started = True
        if not self._matcher.is_terminated():
            allowed = xgrammar.allocate_token_bitmask(1, self._width)
            self._matcher.fill_next_token_bitmask(allowed)
            xgrammar.apply_token_bitmask_inplace(scores, allowed.to(scores.device))
        return scores


def _generate(
    inspection: Inspection, knowledge: Knowledge, model: Any, tokenizer: Any, grammar: ReportGrammar, most: int
) -> str:
    import torch

    from assistant.language.tokens.generation import LIKELIEST

    told = INSTRUCTION + evidence_text(inspection, knowledge)
    if tokenizer.chat_template:
        asked = [{"role": "user", "content": told}]
        told = tokenizer.apply_chat_template(asked, add_generation_prompt=True, tokenize=False)
    encoded = tokenizer(told + grammar.prefix, return_tensors="pt", add_special_tokens=False)
    given = encoded.input_ids.to(model.device)
    with torch.inference_mode():
        out = model.generate(
            given,
            attention_mask=torch.ones_like(given),
            logits_processor=[grammar],
            max_new_tokens=most,
            **LIKELIEST,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    return grammar.prefix + str(tokenizer.decode(out[0, given.shape[1] :], skip_special_tokens=True))
