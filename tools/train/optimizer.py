"""Muon for matrices and convolutions, AdamW for everything else, behind one step(). Knows nothing of the nets it updates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

# Quintic Newton-Schulz coefficients of Jordan et al. 2024: five rounds bring all singular values near one.
NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_ROUNDS = 5
MOMENTUM = 0.95
# An orthogonalised update has this root mean square, about AdamW's own, so both share one learning rate (Liu et al. 2025).
UPDATE_RMS = 0.2


def orthogonalise(update: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrix to [rows, columns], approximately; bfloat16 is exact enough."""
    a, b, c = NEWTON_SCHULZ
    x = update / (update.norm() + 1e-7)
    flip = x.shape[0] > x.shape[1]
    x = x.T if flip else x
    for _ in range(NEWTON_SCHULZ_ROUNDS):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if flip else x


class MuonAdamW:
    """Owns two kinds of state; short runs from scratch need several times fewer steps than with AdamW alone."""

    def __init__(self, module: nn.Module, rate: float, weight_decay: float, fused: bool = True) -> None:
        embeddings = {id(m.weight) for m in module.modules() if isinstance(m, nn.Embedding)}
        parameters = [p for p in module.parameters() if p.requires_grad]
        # Layers with under 16 rows or columns are inputs and outputs (pixels, latents): their directions are few.
        wide = [p.ndim >= 2 and id(p) not in embeddings and min(p.shape[0], p[0].numel()) >= 16 for p in parameters]
        self.matrices = [p for p, is_wide in zip(parameters, wide) if is_wide]
        others = [p for p, is_wide in zip(parameters, wide) if not is_wide]
        self.adamw = torch.optim.AdamW(others, lr=rate, betas=(0.9, 0.99), weight_decay=0.0, fused=fused)
        self.momenta = [torch.zeros_like(p) for p in self.matrices]
        self.rate = rate
        self.weight_decay = weight_decay
        on_gpu = any(p.is_cuda for p in self.matrices)
        self.dtype = torch.bfloat16 if on_gpu or torch.cpu._is_avx512_bf16_supported() else torch.float32

    def set_rate(self, rate: float) -> None:
        self.rate = rate
        for group in self.adamw.param_groups:
            group["lr"] = rate

    def zero_grad(self) -> None:
        self.adamw.zero_grad(set_to_none=True)
        for parameter in self.matrices:
            parameter.grad = None

    def step(self, each: Callable[..., Iterable[None]] = map) -> None:
        """`each` may spread the matrices over threads."""
        self.adamw.step()
        for _ in each(self.update, self.matrices, self.momenta):
            pass

    @torch.no_grad()
    def update(self, parameter: nn.Parameter, momentum: Tensor) -> None:
        if parameter.grad is not None:
            momentum.lerp_(parameter.grad, 1 - MOMENTUM)
            nesterov = parameter.grad.lerp(momentum, MOMENTUM)
            direction = orthogonalise(nesterov.flatten(1).to(self.dtype)).to(parameter.dtype)
            scale = UPDATE_RMS * max(direction.shape) ** 0.5
            parameter.mul_(1 - self.rate * self.weight_decay)
            parameter.add_(direction.view_as(parameter), alpha=-self.rate * scale)

    def state_dict(self) -> dict[str, Any]:
        return {"adamw": self.adamw.state_dict(), "momenta": self.momenta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.adamw.load_state_dict(state["adamw"])
        for momentum, saved in zip(self.momenta, state["momenta"]):
            momentum.copy_(saved)
