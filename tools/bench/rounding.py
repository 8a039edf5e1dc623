"""float16 emulated on the processor: what every operator gives is rounded to float16, except within the named parts of a network,
the islands. Sums within an operator stay float32, so a GPU that also sums in float16 is at least this far off; what leaves
float16's range becomes infinite here too. Keeps the largest value met in each part."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

LOGITS = "attention logits"
MASK = "mask"  # whose large negative numbers are no values of the network
MASKED = -6e4


class Rounding(TorchDispatchMode):
    """`islands`: names of parts, and LOGITS for every attention's products and their softmax. Everything is an island of None."""

    def __init__(self, islands: tuple[str, ...] | None) -> None:
        super().__init__()
        self.islands = islands
        self.parts: list[str] = []
        self.largest: dict[str, float] = defaultdict(float)

    def __torch_dispatch__(self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None) -> Any:
        results = func(*args, **(kwargs or {}))
        if func.is_view or not self.parts:
            return results
        for value in results if isinstance(results, (tuple, list)) else (results,):
            if isinstance(value, Tensor) and value.dtype == torch.float32 and value.numel() > 0:
                self.round(value)
        return results

    def round(self, value: Tensor) -> None:
        self.largest[self.parts[-1]] = max(self.largest[self.parts[-1]], float(value.abs().max()))
        if self.islands is not None and not any(part in self.islands for part in self.parts):
            value.copy_(value.half())

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        self.parts.append(name)
        try:
            yield
        finally:
            self.parts.pop()

    def attend(
        self, query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0,
        is_causal: bool = False, scale: float | None = None, **_: object,
    ) -> Tensor:
        """Attention with its scores in memory, where they can be rounded and looked at."""
        with self.part(LOGITS):
            scores = query @ key.transpose(-1, -2) * (scale or query.shape[-1] ** -0.5)
            hidden = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1) if is_causal else None
            if attn_mask is not None and attn_mask.dtype == torch.bool:
                hidden, attn_mask = ~attn_mask, None
            with self.part(MASK):
                masked = scores if attn_mask is None else scores + attn_mask.clamp(min=MASKED)
                masked = masked if hidden is None else masked.masked_fill(hidden, MASKED)
            self.largest.pop(MASK, None)
            weights = masked.softmax(-1)
        return weights @ value


@contextlib.contextmanager
def rounding(islands: tuple[str, ...] | None, parts: dict[str, nn.Module]) -> Iterator[Rounding]:
    """Within it the modules compute as said; `parts` are the networks and those of their parts that have a name."""
    mode = Rounding(islands)
    hooks = []
    for name, module in parts.items():
        hooks.append(module.register_forward_pre_hook(lambda *_, name=name: mode.parts.append(name)))
        hooks.append(module.register_forward_hook(lambda *_: (mode.parts.pop(), None)[1]))
    fused = functional.scaled_dot_product_attention
    functional.scaled_dot_product_attention = mode.attend
    try:
        with mode:
            yield mode
    finally:
        functional.scaled_dot_product_attention = fused
        for hook in hooks:
            hook.remove()
