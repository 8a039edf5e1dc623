"""Training state on disk: atomic writes, resume, averages, wall-clock learning-rate schedule.
Knows nothing of what is trained."""

from __future__ import annotations

import math
import os
import time
from pathlib import Path
from typing import Any

import torch
from torch import nn


def save_state(path: Path, state: dict[str, Any]) -> None:
    """Writes beside the target and renames, so that a killed run never leaves half a file."""
    partial = path.with_suffix(path.suffix + ".part")
    torch.save(state, partial)
    os.replace(partial, path)


def load_state(path: Path) -> dict[str, Any] | None:
    return torch.load(path, map_location="cpu", weights_only=True) if path.exists() else None


class Average:
    """Exponential moving average of a module's parameters; the decay warms up so that short runs forget their start."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self.values = [p.detach().clone() for p in module.parameters()]

    @torch.no_grad()
    def update(self, module: nn.Module) -> None:
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        torch._foreach_lerp_(self.values, list(module.parameters()), 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        for parameter, value in zip(module.parameters(), self.values):
            parameter.copy_(value)

    def state(self) -> dict[str, Any]:
        return {"updates": self.updates, "values": self.values}

    @torch.no_grad()
    def load(self, state: dict[str, Any]) -> None:
        self.updates = state["updates"]
        for value, saved in zip(self.values, state["values"]):
            value.copy_(saved)


class Clock:
    """Training time spent, over all resumed runs, against a budget in minutes."""

    def __init__(self, minutes: float, spent_seconds: float = 0.0) -> None:
        self.budget = minutes * 60
        self.spent = spent_seconds
        self.last = time.monotonic()

    def tick(self) -> float:
        """Adds the time since the last tick; returns the share of the budget that is spent."""
        now = time.monotonic()
        self.spent += now - self.last
        self.last = now
        return self.spent / self.budget


def scheduled_rate(peak: float, step: int, progress: float, warmup_steps: int, floor: float = 0.02) -> float:
    """Linear warm-up in steps, then cosine in the share of the time budget: the run ends on time on any machine."""
    cosine = floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
    return peak * cosine * min(1.0, (step + 1) / warmup_steps)
