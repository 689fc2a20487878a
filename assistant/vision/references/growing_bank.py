"""Features of normal reference pictures, one after the other -> memory bank and subspace, in memory that does not grow with them.

Up to :data:`WAITING` times as many patches as the bank keeps, the choice among them is made once, with all in view. Of larger
sets a choice is made while they are read: what was drawn at random stays a uniform draw of everything read so far.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from assistant.errors import ProfileError
from assistant.towers.encoder import PatchFeatures
from assistant.vision.heads import subspace_residual
from assistant.vision.localizer import Localizer
from assistant.vision.references.memory_bank import MemoryBank, level_average, positions

WAITING = 4
"""Patches that wait for a choice, as a multiple of those kept."""
NEAR = 2
"""Patches this close (rows and columns) do not count as "elsewhere" in a picture."""
SAMPLES = 256
"""Patches a reference that take part in leave-one-out statistics."""
WITNESSES = 32
"""References that take part in them, the first ones."""


def build_bank(
    localizer: Localizer,
    originals: Sequence[PatchFeatures],
    augmented: Sequence[tuple[int, PatchFeatures]] = (),
    rows: int = 8192,
    variance: float = 0.99,
    generator: torch.Generator | None = None,
) -> MemoryBank:
    """Bank and subspace of a reference set whose features are all there; see :class:`GrowingBank`.

    Args:
        localizer: gives the projection of the matching.
        originals: features of each reference, batch of 1.
        augmented: (reference, features) of turned copies; searched, but no evidence of how normals differ.
        rows: largest number of patches kept.
        variance: share of variance that the subspace keeps.
        generator: of the draws among too many patches.

    Raises:
        ProfileError: no reference.
    """
    growing = GrowingBank(localizer, rows, variance, generator)
    for features in originals:
        growing.add(features)
    for reference, features in augmented:
        growing.add_copy(reference, features)
    return growing.bank()


class GrowingBank:
    """A bank that references join one by one.

    Args:
        localizer: gives the projection of the matching.
        rows: largest number of patches kept.
        variance: share of variance that the subspace keeps.
        generator: of the draws among too many patches.
    """

    def __init__(
        self, localizer: Localizer, rows: int, variance: float = 0.99, generator: torch.Generator | None = None
    ) -> None:
        self._localizer, self._rows, self._variance = localizer, rows, variance
        self._generator = generator or torch.Generator().manual_seed(0)
        self._patches = _Rows(self._generator)
        self._averages = _Rows(self._generator)
        self._classes: list[Float[Tensor, "1 width"]] = []
        self._grid = (0, 0)
        self._witnesses: list[list[Float[Tensor, "patches match_width"]]] = []

    def add(self, features: PatchFeatures, text: Float[Tensor, " patches"] | None = None) -> None:
        """One more reference, batch of 1, with what the text expert says of its patches."""
        owner = len(self._classes)
        self._classes.append(features.pooled)
        self._grid = features.grid
        if owner < WITNESSES:
            keys = [self._localizer.project_for_match(i, t[0]) for i, t in enumerate(features.levels)]
            if owner == 1:
                self._witnesses[0] = [_sampled(k) for k in self._witnesses[0]]
            self._witnesses.append([_sampled(k) for k in keys] if owner else keys)
        self._averages.add(level_average(features.levels)[0])
        if len(self._averages) > WAITING * self._rows:
            self._averages.draw(WAITING * self._rows // 2)
        self.add_copy(owner, features, text)

    def add_copy(self, reference: int, features: PatchFeatures, text: Float[Tensor, " patches"] | None = None) -> None:
        """A turned copy of a reference: searched, but no evidence of how normals differ."""
        tokens = torch.stack(features.levels, 2)[0]
        at = positions(features.grid).to(tokens.device)
        owner = torch.full((len(tokens),), reference, device=tokens.device)
        said = tokens.new_zeros(len(tokens)) if text is None else text
        self._patches.add(tokens, at, owner, said)
        if len(self._patches) > WAITING * self._rows:
            self._choose()

    def bank(self) -> MemoryBank:
        """What has joined.

        Raises:
            ProfileError: no reference.
        """
        if not self._classes:
            raise ProfileError("at least one reference picture", "none", "give one with --references")
        if len(self._patches) > self._rows:
            self._choose()
        if self._averages.drawn:
            self._averages.draw(WAITING * self._rows // 2)
        tokens, position, owner, text = self._patches.columns()
        (average,) = self._averages.columns()
        mean, basis = principal_subspace(average, self._variance)
        residual = subspace_residual(average[None], mean, basis)[0]
        classes = F.normalize(torch.cat(self._classes).float(), dim=-1)
        return MemoryBank(
            tokens=tokens,
            keys=torch.stack([self._localizer.project_for_match(i, tokens[:, i]) for i in range(tokens.shape[1])]),
            position=position,
            owner=owner,
            text=text,
            statistics=self._statistics(),
            subspace_mean=mean,
            subspace_basis=basis,
            subspace_statistics=torch.stack([residual.mean(), residual.std().clamp_min(1e-3)]),
            class_tokens=classes,
            class_spread=_class_spread(classes),
        )

    def _choose(self) -> None:
        """Keep as many patches as the bank may have."""
        tokens = self._patches.columns()[0]
        waits = self._patches.drawn or len(tokens) > WAITING * self._rows
        count = len(tokens)
        order = self._patches.order() if waits else torch.randperm(count, generator=self._generator)
        self._patches.keep(covering(self._localizer, tokens, self._rows, order))

    def _statistics(self) -> Float[Tensor, "levels 2"]:
        """Mean and standard deviation a level of the distance from a normal patch to its nearest foreign normal patch.

        Foreign means of another reference; with a single reference, of the same picture more than two patches away.
        """
        out = []
        for keys in zip(*self._witnesses, strict=True):
            if len(keys) == 1:
                similarity = keys[0] @ keys[0].T
                similarity = similarity.masked_fill(near(self._grid).to(similarity.device), -2.0)
                distance = 1 - similarity.amax(-1)
            else:
                distance = torch.cat(
                    [
                        1 - (one @ torch.cat([k for j, k in enumerate(keys) if j != i]).T).amax(-1)
                        for i, one in enumerate(keys)
                    ]
                )
            out.append(torch.stack([distance.mean(), distance.std().clamp_min(0.01)]))
        return torch.stack(out)


class _Rows:
    """Rows of several columns that come in parts; where they are drawn from, each has a rank of its own, drawn once.

    Args:
        generator: of the ranks.
    """

    def __init__(self, generator: torch.Generator) -> None:
        self._generator = generator
        self._parts: list[tuple[Tensor, ...]] = []
        self._rank = torch.zeros(0, dtype=torch.float64)
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def drawn(self) -> bool:
        """Whether some rows were let go by their ranks."""
        return len(self._rank) > 0

    def add(self, *columns: Tensor) -> None:
        """More rows."""
        self._parts.append(columns)
        self._count += len(columns[0])

    def columns(self) -> tuple[Tensor, ...]:
        """All rows, in the order they came."""
        if len(self._parts) > 1:
            joined = []
            for number in range(len(self._parts[0])):
                joined.append(torch.cat([part[number] for part in self._parts]))
            self._parts = [tuple(joined)]
        return self._parts[0]

    def order(self) -> Int[Tensor, " rows"]:
        """Rows by rank: the first of them are a uniform draw of every row that ever came."""
        new = torch.rand(self._count - len(self._rank), generator=self._generator, dtype=torch.float64)
        self._rank = torch.cat([self._rank, new])
        return self._rank.argsort()

    def keep(self, chosen: Int[Tensor, " kept"]) -> None:
        """Let all others go."""
        self._parts = [tuple(column[chosen] for column in self.columns())]
        self._rank = self._rank[chosen] if self.drawn else self._rank
        self._count = len(chosen)

    def draw(self, count: int) -> None:
        """Keep a uniform draw of every row that ever came."""
        self.keep(self.order()[:count].sort().values)


def _sampled(keys: Float[Tensor, "patches match_width"]) -> Float[Tensor, "sampled match_width"]:
    return keys[:: max(1, len(keys) // SAMPLES)]


def near(grid: tuple[int, int]) -> Tensor:
    """Whether two patches of a grid are within :data:`NEAR` of each other: bool (patches, patches)."""
    rows = torch.arange(grid[0]).repeat_interleave(grid[1])
    columns = torch.arange(grid[1]).repeat(grid[0])
    return ((rows[:, None] - rows).abs() <= NEAR) & ((columns[:, None] - columns).abs() <= NEAR)


def principal_subspace(
    tokens: Float[Tensor, "rows width"], variance: float
) -> tuple[Float[Tensor, " width"], Float[Tensor, "width kept"]]:
    """Mean and the fewest principal directions that keep ``variance`` of the spread."""
    mean = tokens.mean(0)
    centred = tokens - mean
    values, vectors = torch.linalg.eigh(centred.T @ centred / max(1, len(tokens) - 1))
    values, vectors = values.flip(0).clamp_min(0), vectors.flip(1)
    share = values.cumsum(0) / values.sum().clamp_min(1e-12)
    kept = min(int((share < variance).sum()) + 1, max(1, len(tokens) - 1))
    return mean, vectors[:, :kept].contiguous()


def coreset(
    localizer: Localizer, tokens: Float[Tensor, "rows levels width"], rows: int, generator: torch.Generator | None
) -> Int[Tensor, " kept"]:
    """At most ``rows`` patches that cover the rest: half drawn at random, the rest in rounds of the worst covered."""
    if len(tokens) <= rows:
        return torch.arange(len(tokens))
    return covering(localizer, tokens, rows, torch.randperm(len(tokens), generator=generator))


def covering(
    localizer: Localizer, tokens: Float[Tensor, "count levels width"], rows: int, order: Int[Tensor, " count"]
) -> Int[Tensor, " rows"]:
    """Patches that cover the rest: the first half of ``rows`` in ``order``, then in rounds the worst covered."""
    middle = tokens.shape[1] // 2
    return covering_keys(localizer.project_for_match(middle, tokens[:, middle]), rows, order)


def covering_keys(
    keys: Float[Tensor, "count match_width"], rows: int, order: Int[Tensor, " count"]
) -> Int[Tensor, " rows"]:
    """The same of patches whose keys are known."""
    chosen, left = order[: rows // 2], order[rows // 2 :]
    cover = _cover(keys[left], keys[chosen])
    for left_rounds in range(4, 0, -1):
        take = (rows - len(chosen)) // left_rounds
        worst = cover.topk(min(2 * take, len(cover))).indices[::2][:take].cpu()
        added = left[worst]
        rest = torch.ones(len(left), dtype=torch.bool)
        rest[worst] = False
        chosen, left, cover = torch.cat([chosen, added]), left[rest], cover[rest.to(cover.device)]
        cover = torch.minimum(cover, _cover(keys[left], keys[added]))
    return chosen.sort().values


def _cover(keys: Tensor, chosen: Tensor) -> Tensor:
    return torch.cat([1 - (part @ chosen.T).amax(-1) for part in keys.split(4096)])


def _class_spread(classes: Float[Tensor, "references width"]) -> float:
    if len(classes) < 2:
        return 0.0
    similarity = classes @ classes.T
    similarity.fill_diagonal_(-2.0)
    return float((1 - similarity.amax(-1)).mean())
