"""A device that is not there: tensors that say they live on "meta", hold CPU values, and refuse to meet CPU tensors.

What runs on them runs where parameters and data lie on a GPU: PyTorch refuses the same mixtures there. Scalars, indices and
copies between devices are free to mix, as they are on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, TypeVar
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

ELSEWHERE = torch.device("meta")
T = TypeVar("T", bound=Tensor)
MIXING = ("aten::_to_copy", "aten::copy_", "aten::index.", "aten::index_put", "aten::_index_put_impl_")


class Distant(Tensor):
    """A tensor elsewhere; ``here`` has its values."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> Distant:
        made: Distant = Tensor._make_wrapper_subclass(
            cls, here.size(), strides=here.stride(), storage_offset=here.storage_offset(), dtype=here.dtype,
            device=ELSEWHERE, requires_grad=here.requires_grad,
        )  # fmt: skip
        return made

    def __init__(self, here: Tensor) -> None:
        self.here = here.detach()

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]  # torch's has no types
        return f"Distant({self.here})"

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # torch declares the place of one, not its arguments
        cls, operator: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return _run(operator, args, kwargs or {})


class _Elsewhere(TorchDispatchMode):
    def __torch_dispatch__(self, operator: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(operator, args, kwargs or {})


class _Literals(TorchFunctionMode):
    """``torch.tensor`` and ``torch.as_tensor`` of a list work below the dispatcher: make it here, then move it."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        if function not in (torch.tensor, torch.as_tensor) or given.get("device") is None:
            return function(*args, **given)
        device = given.pop("device")
        return function(*args, **given).to(device)


def _run(operator: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """The operator on the values; its results are elsewhere when its tensors are, or when it was told so."""
    tensors = [t for t in tree_flatten((args, kwargs))[0] if isinstance(t, Tensor)]
    distant = [t for t in tensors if isinstance(t, Distant)]
    name = str(operator._schema.name) + "."
    here = [t for t in tensors if not isinstance(t, Distant) and t.dim()]
    if distant and here and not name.startswith(MIXING):
        raise RuntimeError(f"expected all tensors on one device, got two in {name[:-1]}")
    wanted = kwargs.get("device")
    values_in: Any = tree_map_only(Distant, lambda t: t.here, (args, kwargs))
    if wanted is not None and torch.device(wanted).type == ELSEWHERE.type:
        values_in[1]["device"] = torch.device("cpu")
    if distant and name.startswith("aten::add_."):
        # autograd sums gradients in place where it believes to own them: it cannot see that wrappers share values
        distant[0].here = torch.add(*values_in[0], **values_in[1])
        return distant[0]
    values = operator(*values_in[0], **values_in[1])
    if operator._schema.is_mutable and distant:
        return next(t for t in tensors)
    stays = bool(distant) if wanted is None else torch.device(wanted).type == ELSEWHERE.type
    return tree_map_only(Tensor, Distant, values) if stays else values


@contextmanager
def elsewhere(*modules: nn.Module) -> Iterator[None]:
    """Within it, the modules' parameters and buffers are elsewhere, and ``device="meta"`` makes tensors with values."""
    undo: list[Callable[[], None]] = []
    for module in modules:
        for part in module.modules():
            undo += [_wrapped(part._parameters, _parameter), _wrapped(part._buffers, Distant)]
    patches = patch.object(torch, "inference_mode", _no_grad), patch.object(torch, "autocast", _no_autocast)
    try:
        with patches[0], patches[1], _Elsewhere(), _Literals():  # type: ignore[no-untyped-call]  # torch's modes
            yield
    finally:
        for put_back in undo:
            put_back()


def _wrapped(table: dict[str, T | None], wrap: Callable[[T], T]) -> Callable[[], None]:
    """Wrap the tensors of a table in place; gives what puts them back."""
    before = {name: value for name, value in table.items() if value is not None}
    table.update({name: wrap(value) for name, value in before.items()})
    return lambda: table.update(before)


def _no_grad(mode: bool = True) -> AbstractContextManager[Any]:
    """In the place of inference mode, which wrapped tensors cannot be made in."""
    return torch.no_grad() if mode else nullcontext()


def _no_autocast(device: str, *, enabled: bool) -> AbstractContextManager[Any]:
    """In the place of autocast, which does not know the device; only switching it off is meant."""
    assert (device, enabled) == (ELSEWHERE.type, False)
    return nullcontext()


def _parameter(value: nn.Parameter) -> nn.Parameter:
    return nn.Parameter(Distant(value.detach()), requires_grad=value.requires_grad)


def without_values(operation: Callable[[], object]) -> bool:
    """Whether an operation asks a tensor elsewhere for its memory, as ``numpy`` does."""
    try:
        operation()
    except (RuntimeError, TypeError):
        return True
    return False
