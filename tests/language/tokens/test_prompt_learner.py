"""Prompt learner: anchored in words before training, reads cells and score, and is saved whole."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from assistant.errors import WeightsError
from assistant.geometry import CELLS
from assistant.language.tokens.prompt_learner import PROMPT_TOKENS, PromptLearner, cell_scores, resize_map, spread
from tests.tiny_language import tiny_model, tiny_tokenizer


@pytest.fixture
def learner() -> PromptLearner:
    return PromptLearner.from_language_model(tiny_model(), tiny_tokenizer())


def one_cell(cell: int, value: float = 1.0, size: tuple[int, int] = (90, 150)) -> torch.Tensor:
    maps = torch.zeros(1, 1, *size)
    rows, columns = size[0] // 3, size[1] // 3
    row, column = divmod(cell, 3)
    maps[..., row * rows : (row + 1) * rows, column * columns : (column + 1) * columns] = value
    return maps


@pytest.mark.parametrize("cell", range(9))
def test_a_cell_speaks_of_itself(learner: PromptLearner, cell: int) -> None:
    tokens = learner(one_cell(cell), torch.ones(1))[0, 9:]
    normal, _, defect = learner.states
    marked = defect + learner.cells[cell]
    for i in range(9):
        near = F.cosine_similarity(tokens[i], marked, dim=0) > F.cosine_similarity(tokens[i], normal, dim=0)
        assert bool(near) == (i == cell), CELLS[i]


def test_the_score_is_in_the_first_token_alone(learner: PromptLearner) -> None:
    maps = torch.zeros(2, 1, 48, 48)
    tokens = learner(maps, torch.tensor([0.0, 1.0]))
    assert tokens.shape == (2, PROMPT_TOKENS, 32)
    moved = tokens[1, 0] - tokens[0, 0]
    normal, anomalous, _ = learner.states
    assert F.cosine_similarity(moved, anomalous - normal, dim=0) > 0.999
    assert torch.equal(tokens[0, 1:], tokens[1, 1:])


def test_words_are_means_of_the_models_embeddings(learner: PromptLearner) -> None:
    model, tokenizer = tiny_model(), tiny_tokenizer()
    ids = tokenizer(" top left", add_special_tokens=False).input_ids
    torch.testing.assert_close(learner.cells[0], model.get_input_embeddings().weight[ids].mean(0).detach())


def test_the_residual_adds_nothing_before_training_and_learns(learner: PromptLearner) -> None:
    assert not any(bool(p.any()) for p in learner.residual[-1].parameters())
    learner(torch.rand(2, 1, 33, 20), torch.rand(2)).square().sum().backward()
    for name, parameter in learner.named_parameters():
        assert parameter.grad is not None, name
    assert float(learner.residual[-1].weight.grad.abs().sum()) > 0
    assert float(learner.cell_squash[0].weight.grad.abs().sum()) > 0


def test_maps_of_other_sizes_tell_the_same(learner: PromptLearner) -> None:
    small = F.interpolate(torch.rand(1, 1, 6, 6), size=(48, 48), mode="nearest")
    large = F.interpolate(small, size=(480, 96), mode="nearest")
    torch.testing.assert_close(resize_map(large), small)
    scores = cell_scores(small)
    assert scores.shape == (1, 9, 2)
    torch.testing.assert_close(scores[0, 5, 0], small[0, 0, 16:32, 32:].max())


def test_saved_and_loaded_is_the_same_without_the_model(learner: PromptLearner) -> None:
    torch.nn.init.normal_(learner.position)
    loaded = PromptLearner.from_state(learner.state_dict(), 32)
    maps, score = torch.rand(1, 1, 50, 70), torch.rand(1)
    torch.testing.assert_close(loaded(maps, score), learner(maps, score))
    assert not any(p.requires_grad for p in loaded.parameters())
    with pytest.raises(WeightsError, match="width 64"):
        PromptLearner.from_state(learner.state_dict(), 64)
    state = learner.state_dict()
    del state["base"]
    with pytest.raises(WeightsError, match="a saved prompt learner"):
        PromptLearner.from_state(state, 32)


def test_parts_of_before_with_a_scale_without_a_side_load(learner: PromptLearner) -> None:
    learner.scale.data.fill_(1.5)
    old = {name: value[0] if name == "scale" else value for name, value in learner.state_dict().items()}
    again = PromptLearner.from_state(old, learner.width)
    assert again.scale.tolist() == [1.5]
    learner.load_state_dict(old)
    assert old["scale"].ndim == 0
    assert all(parameter.ndim for parameter in learner.parameters())


def test_a_large_table_is_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the rows of the anchors' words are read as they are; the spread of all numbers is summed in pieces."""
    model, copied = tiny_model(), []
    model.resize_token_embeddings(9000)
    table = model.get_input_embeddings().weight
    real = torch.Tensor.float
    monkeypatch.setattr(torch.Tensor, "float", lambda self: copied.append(len(self) if self.ndim else 1) or real(self))
    made = PromptLearner.from_language_model(model, tiny_tokenizer())
    assert max(copied) <= 4096
    assert spread(table.detach()) == pytest.approx(float(table.detach().std()), rel=1e-5)
    assert float(made.base.detach().std()) == pytest.approx(spread(table.detach()), rel=0.2)
