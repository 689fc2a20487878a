"""Four families of vision-language models, tiny and random: maps at placeholders in training and conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from assistant.language.interface import BatchLanguageModel
from assistant.language.models.hub import TransformersVLM
from assistant.language.models.hub_inputs import ImageInput, Looker, image_text, model_inputs
from assistant.language.models.hub_parts import VlmParts
from assistant.language.tokens.chat_template import IGNORE_INDEX, Renderer, Slots
from assistant.language.tokens.generation import DecodingOptions
from assistant.language.tokens.injection import inject
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS, PromptLearner
from assistant.types import AnomalyMap, Inspection, QueryImage
from tests.inspections import inspection, region
from tests.tiny_language import tiny_tokenizer

IMAGE, ANOMALY, VIDEO, START, END = 2, 3, 260, 261, 262
QUESTIONS = ("Is anything wrong?", "Where is it?", "Why?")
TEXT: dict[str, Any] = {
    "vocab_size": 264, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "max_position_embeddings": 8192, "bos_token_id": 1, "eos_token_id": 0, "pad_token_id": 0,
    "tie_word_embeddings": False,
}  # fmt: skip
QWEN_EYE: dict[str, Any] = {
    "depth": 2, "hidden_size": 32, "num_heads": 2, "intermediate_size": 48, "out_hidden_size": 32, "patch_size": 4,
    "spatial_merge_size": 2, "temporal_patch_size": 2,
}  # fmt: skip
SIGLIP_EYE: dict[str, Any] = {
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 16,
    "patch_size": 4,
}  # fmt: skip
TOKENS: dict[str, Any] = {
    "image_token_id": IMAGE, "video_token_id": VIDEO, "vision_start_token_id": START, "vision_end_token_id": END,
    "tie_word_embeddings": False,
}  # fmt: skip


def _square(pixels: np.ndarray) -> torch.Tensor:
    """The picture as (3, 16, 16)."""
    plane = torch.from_numpy(pixels.astype(np.float32) / 255).permute(2, 0, 1)[None]
    return F.interpolate(plane, size=(16, 16))[0]


def _qwen_look(pixels: np.ndarray) -> ImageInput:
    patches = _square(pixels).reshape(3, 4, 4, 4, 4).permute(1, 3, 0, 2, 4).reshape(16, 3, 1, 16)
    types = torch.tensor([[0, 1, 1, 1, 1, 0]])
    inputs = {"pixel_values": patches.repeat(1, 1, 2, 1).reshape(16, 96), "image_grid_thw": torch.tensor([[1, 4, 4]])}
    return ImageInput((START, *(IMAGE,) * 4, END), inputs | {"mm_token_type_ids": types})


def _llava_look(pixels: np.ndarray) -> ImageInput:
    inputs = {"pixel_values": _square(pixels).expand(1, 2, 3, 16, 16), "image_sizes": torch.tensor([[16, 16]])}
    return ImageInput((IMAGE,) * 36, inputs)


def _smol_look(pixels: np.ndarray) -> ImageInput:
    return ImageInput((IMAGE,) * 4, {"pixel_values": _square(pixels)[None, None]})


def _qwen25() -> Any:
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3]}
    eye = QWEN_EYE | {"window_size": 16, "fullatt_block_indexes": [1]}
    text = TEXT | {"rope_parameters": rope}
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(text_config=text, vision_config=eye, **TOKENS))


def _qwen3() -> Any:
    from transformers import Qwen3VLConfig, Qwen3VLForConditionalGeneration

    rope = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 3, 3], "mrope_interleaved": True}
    eye = QWEN_EYE | {"num_position_embeddings": 16, "deepstack_visual_indexes": [0]}
    text = TEXT | {"rope_parameters": rope, "head_dim": 16}
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(text_config=text, vision_config=eye, **TOKENS))


def _llava() -> Any:
    from transformers import LlavaOnevisionConfig, LlavaOnevisionForConditionalGeneration

    config = LlavaOnevisionConfig(
        vision_config={"model_type": "siglip_vision_model"} | SIGLIP_EYE | {"vision_use_head": False},
        text_config={"model_type": "qwen2"} | TEXT, image_token_index=IMAGE, video_token_index=VIDEO,
        image_grid_pinpoints=[[16, 16]], tie_word_embeddings=False,
    )  # fmt: skip
    return LlavaOnevisionForConditionalGeneration(config)


def _smolvlm() -> Any:
    from transformers import SmolVLMConfig, SmolVLMForConditionalGeneration

    config = SmolVLMConfig(
        vision_config=SIGLIP_EYE, text_config={"model_type": "llama"} | TEXT, image_token_id=IMAGE, scale_factor=2,
        tie_word_embeddings=False, pad_token_id=0,
    )  # fmt: skip
    return SmolVLMForConditionalGeneration(config)


def _looker(one: Callable[[np.ndarray], ImageInput]) -> Looker:
    """These processors put the pictures of a batch one after the other."""

    def look(pictures: Sequence[np.ndarray]) -> tuple[list[ImageInput], dict[str, torch.Tensor]]:
        images = [one(pixels) for pixels in pictures]
        names = [n for n in images[0].inputs if n != "mm_token_type_ids"]
        return images, {name: torch.cat([image.inputs[name] for image in images]) for name in names}

    return look


FAMILIES: dict[str, tuple[Callable[[], Any], Callable[[np.ndarray], ImageInput]]] = {
    "qwen2_5_vl": (_qwen25, _qwen_look),
    "qwen3_vl": (_qwen3, _qwen_look),
    "llava_onevision": (_llava, _llava_look),
    "smolvlm": (_smolvlm, _smol_look),
}


@pytest.fixture(scope="module", params=FAMILIES)
def vlm(request: pytest.FixtureRequest) -> TransformersVLM:
    build, look = FAMILIES[request.param]
    torch.manual_seed(0)
    model = build().eval().requires_grad_(False)
    for name, parameter in model.named_parameters():
        if parameter.ndim > 1 and "embed_tokens" not in name:
            torch.nn.init.normal_(parameter, std=0.2)
    tokenizer = tiny_tokenizer()
    learner = PromptLearner.from_language_model(model, tokenizer).requires_grad_(False)
    learner.scale.fill_(20.0)
    processor = SimpleNamespace(tokenizer=tokenizer)
    parts = VlmParts(model, processor, Renderer(tokenizer, system="Look."), learner, ANOMALY, "")
    return TransformersVLM(parts, DecodingOptions(10), _looker(look))


def seen(number: int) -> Inspection:
    rng = np.random.default_rng(number)
    plain = inspection(0.9, (region(1),))
    image = QueryImage(rng.integers(0, 255, (32, 48, 3), dtype=np.uint8), f"{number}")
    return Inspection(**{**plain.__dict__, "image": image, "anomaly_map": AnomalyMap(rng.random((32, 48), np.float32))})


def prompt(vlm: TransformersVLM, anomaly: bool = True) -> tuple[list[int], dict[str, Any]]:
    (image,), _ = vlm.look([seen(1).image.pixels])
    slots = Slots(image.ids, (ANOMALY,) * PROMPT_TOKENS if anomaly else ())
    ids = [*vlm.renderer.opening("Where?", slots), *vlm.renderer.answer("There.")]
    given = torch.tensor([ids])
    return ids, {
        "input_ids": given,
        "attention_mask": torch.ones_like(given),
        **model_inputs({0: image}, image.inputs, given, given.device),
    }


def test_the_map_changes_logits_and_nothing_injected_changes_nothing(vlm: TransformersVLM) -> None:
    assert isinstance(vlm, BatchLanguageModel)
    _, inputs = prompt(vlm)
    rows = torch.randn(1, PROMPT_TOKENS, 32)
    plain = vlm.model(**inputs).logits
    with inject(vlm.model, ANOMALY, rows):
        assert not torch.allclose(vlm.model(**inputs).logits, plain, atol=1e-3)
    _, without = prompt(vlm, anomaly=False)
    with inject(vlm.model, ANOMALY, rows[:, :0]):
        shown = vlm.model(**without).logits
    assert torch.equal(shown, vlm.model(**without).logits)


def test_the_training_loss_equals_that_of_a_model_with_such_words(vlm: TransformersVLM) -> None:
    """The same vectors as rows of the embedding table, read through ordinary tokens."""
    ids, inputs = prompt(vlm)
    rows = torch.randn(1, PROMPT_TOKENS, 32, requires_grad=True)
    labels = torch.full((1, len(ids)), IGNORE_INDEX)
    labels[0, -7:] = inputs["input_ids"][0, -7:]
    with inject(vlm.model, ANOMALY, rows):
        loss = vlm.model(**inputs, labels=labels).loss
    loss.backward()
    assert rows.grad is not None
    assert bool((rows.grad.abs().sum(-1) > 0).all())
    words = [i for i in range(4, 260) if i not in ids][:PROMPT_TOKENS]
    table = vlm.model.get_input_embeddings().weight
    kept = table.clone()
    try:
        table[words] = rows.detach()[0]
        spelled = inputs["input_ids"].clone()
        spelled[spelled == ANOMALY] = torch.tensor(words)
        reference = vlm.model(**{**inputs, "input_ids": spelled}, labels=labels).loss
    finally:
        table.copy_(kept)
    torch.testing.assert_close(loss.detach(), reference)


def test_conversations_written_together_are_those_written_alone(vlm: TransformersVLM) -> None:
    alone, together = ([vlm.open(seen(n)) for n in (1, 2, 3)] for _ in range(2))
    put = [*alone, *together]
    for at in (1, 4):  # a longer past than the others'
        vlm.answer(put[at], QUESTIONS[2])
    for at in (0, 2, 3, 5):
        vlm.answer(put[at], "So?")
    for question, begins in zip(QUESTIONS, ((), ["", "Yes it", "No"], ()), strict=True):
        one = [vlm.answer(s, question, begin=b) for s, b in zip(alone, begins or [""] * 3, strict=True)]
        assert vlm.answer_together(together, question, begins=begins) == one
        assert [s.talk.ids for s in together] == [s.talk.ids for s in alone]
    assert len({len(s.talk.ids) for s in together}) > 1


def test_kept_turns_equal_fresh_ones_and_the_tower_runs_once(vlm: TransformersVLM) -> None:
    dialogue, runs = vlm.open(seen(1)), []
    tower = next(
        m for n, m in vlm.model.named_modules() if n.split(".")[-1] in ("visual", "vision_tower", "vision_model")
    )
    handle = tower.register_forward_hook(lambda *_: runs.append(1))
    try:
        said = [vlm.answer(dialogue, q) for q in QUESTIONS]
    finally:
        handle.remove()
    assert len(runs) == 1
    again = vlm.open(seen(1))
    assert [vlm.answer(again, q) for q in QUESTIONS] == said
    ids = [*dialogue.talk.ids, *vlm.renderer.following("Is that all?")]
    given = torch.tensor([ids])
    options: dict[str, Any] = {
        "attention_mask": torch.ones_like(given), "max_new_tokens": 1, "do_sample": False, "pad_token_id": 0,
        "output_logits": True, "return_dict_in_generate": True,
    }  # fmt: skip
    from assistant.language.tokens.generation import carry

    carry(vlm.model, dialogue.talk.carried)
    kept = vlm.model.generate(given, past_key_values=dialogue.talk.cache, **options).logits[0]
    carry(vlm.model, {})
    shown = dialogue.shown.image
    with inject(vlm.model, ANOMALY, [dialogue.shown.prompts]):
        fresh = vlm.model.generate(
            given, **options, **model_inputs({0: shown}, shown.inputs, given, given.device)
        ).logits[0]
    torch.testing.assert_close(kept, fresh, atol=1e-4, rtol=1e-4)


def test_sessions_interleave(vlm: TransformersVLM) -> None:
    alone = {n: [vlm.answer(s, q) for q in QUESTIONS] for n in (1, 2) for s in [vlm.open(seen(n))]}
    assert alone[1] != alone[2]
    sessions = {n: vlm.open(seen(n)) for n in (1, 2)}
    for i, question in enumerate(QUESTIONS):
        for number, dialogue in sessions.items():
            assert vlm.answer(dialogue, question) == alone[number][i]


def test_the_text_of_a_picture_is_read_from_the_template() -> None:
    class Processor:
        def apply_chat_template(self, messages: list[dict[str, Any]], **_: Any) -> str:
            parts = messages[0]["content"]
            first = ":" if parts[0]["type"] == "image" else ": "
            return f"User{first}" + "".join("<image>" if p["type"] == "image" else p["text"] for p in parts)

    assert image_text(Processor()) == "<image>"
