"""Structured reports: the schema admits the inspection's facts alone, and a random model under it cannot leave them."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest

from assistant.errors import AssistantError
from assistant.language.structured import (
    SUMMARY_LENGTH,
    ReportGrammar,
    check_report,
    report_schema,
    structured_report,
    template_report,
)
from assistant.types import Domain, Inspection
from tests.inspections import inspection, region, regions

TWO = inspection(
    0.934,
    (region(1, ("top left", "centre"), "no solder", 0.7), region(2, ("bottom right",), None, None)),
    "board",
)
NORMAL = inspection(0.11)


@pytest.fixture(scope="module")
def tiny() -> tuple[Any, Any]:
    """A random Llama of two layers with a byte-level tokenizer that knows a few whole words."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<end>", "<start>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    merges = [("o", "r"), ("n", "or"), ("nor", "m"), ("m", "a"), ("Ġ", "i"), ("Ġi", "s"), ('"', "}"), ('"', ",")]
    words += ["".join(pair) for pair in merges]
    bpe = Tokenizer(models.BPE({word: i for i, word in enumerate(words)}, merges))
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=bpe, eos_token="<end>", pad_token="<end>", bos_token="<start>")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=320,  # wider than the tokenizer, as many models are
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=4096,
        bos_token_id=1,
        eos_token_id=0,
        pad_token_id=0,
    )
    return LlamaForCausalLM(config).eval(), tokenizer


@pytest.mark.parametrize("seen", [TWO, NORMAL, inspection(0.6), inspection(0.9, regions(12))])
def test_the_template_report_follows_its_schema(seen: Inspection) -> None:
    report = template_report(seen)
    check_report(json.loads(report.to_json()), seen)
    assert report.source == "template"
    assert report.values["verdict"] == seen.verdict.value
    assert [r["id"] for r in report.values["regions"]] == [r.id for r in seen.regions]
    assert len(report.values["summary"]) <= SUMMARY_LENGTH


def test_summaries_fit_whatever_the_object_is_called() -> None:
    for name in ("x" * 300, 'a "quoted" \\ name', "ölkanne\nlid"):
        seen = inspection(0.9, regions(9), name, Domain.MEDICAL)
        check_report(json.loads(template_report(seen).to_json()), seen)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"verdict": "normal"}, "verdict"),
        ({"score": 0.5}, "score"),
        ({"regions": []}, "regions"),
        ({"summary": "x" * 300}, "summary"),
        ({"summary": "lower case."}, "summary"),
        ({"extra": 1}, "report"),
    ],
)
def test_a_report_with_other_facts_is_refused(change: dict[str, Any], where: str) -> None:
    values = {**template_report(TWO).values, **change}
    with pytest.raises(AssistantError, match=f"got {where}: "):
        check_report(values, TWO)


@pytest.mark.parametrize(
    ("number", "name", "value"),
    [(0, "type", "crack"), (0, "cells", ["top left"]), (1, "severity", "critical"), (1, "id", 3), (1, "type", "stain")],
)
def test_facts_of_regions_are_constants(number: int, name: str, value: Any) -> None:
    values = json.loads(template_report(TWO).to_json())
    values["regions"][number][name] = value
    with pytest.raises(AssistantError, match=f"regions/{number}/{name}"):
        check_report(values, TWO)


@pytest.mark.parametrize("seen", [TWO, NORMAL])
def test_a_random_model_writes_nothing_but_the_facts(tiny: tuple[Any, Any], seen: Inspection) -> None:
    import torch

    model, tokenizer = tiny
    for seed in range(2):
        torch.manual_seed(seed)
        grammar = ReportGrammar(seen, model, tokenizer, summary_length=20)
        given = tokenizer(grammar.prefix, return_tensors="pt").input_ids
        out = model.generate(
            given, attention_mask=torch.ones_like(given), do_sample=True, max_new_tokens=60,
            logits_processor=[grammar], pad_token_id=0, eos_token_id=0,
        )  # fmt: skip
        values = json.loads(tokenizer.decode(out[0], skip_special_tokens=True))
        check_report(values, seen)
        assert 2 <= len(values["summary"]) <= 20
        template = template_report(seen).values
        assert {**values, "summary": ""} == {**template, "summary": ""}


def test_the_grammar_binds_the_whole_call(tiny: tuple[Any, Any]) -> None:
    """A second request with its own processor follows its own inspection."""
    model, tokenizer = tiny
    assert '"anomalous"' in ReportGrammar(TWO, model, tokenizer).prefix
    assert '"normal"' in ReportGrammar(NORMAL, model, tokenizer).prefix
    report = structured_report(NORMAL, model, tokenizer, summary_length=12)
    assert report.source == "model"
    check_report(report.values, NORMAL)


def said(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("assistant.language.structured._generate", lambda *_: text)


def test_a_summary_that_holds_is_kept(tiny: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    values = {**template_report(TWO).values, "summary": "There are two regions; one is at the top left."}
    said(monkeypatch, json.dumps(values))
    report = structured_report(TWO, *tiny)
    assert (report.source, report.values["summary"]) == ("model", values["summary"])


def test_a_summary_that_contradicts_is_replaced(tiny: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    for summary in ("The part looks normal.", "There is a crack at the top left.", "There are three regions."):
        said(monkeypatch, json.dumps({**template_report(TWO).values, "summary": summary}))
        assert structured_report(TWO, *tiny) == template_report(TWO)


def test_a_report_that_is_cut_off_is_replaced(tiny: tuple[Any, Any]) -> None:
    assert structured_report(TWO, *tiny, max_new_tokens=3) == template_report(TWO)


def test_without_xgrammar_or_model_the_template_writes(tiny: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert structured_report(TWO) == template_report(TWO)
    monkeypatch.setitem(sys.modules, "xgrammar", None)
    assert structured_report(TWO, *tiny) == template_report(TWO)


def test_the_schema_names_every_fact() -> None:
    schema = report_schema(TWO)
    assert schema["required"] == ["verdict", "score", "regions", "summary"]
    assert schema["properties"]["regions"]["prefixItems"][0]["properties"]["type"] == {"const": "no solder"}
