"""Attribute heads on the UNet's middle block, for training only: the middle of the UNet learns to hold what the picture shows.
Nothing of this is exported; the published UNet is the plain one."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from labels import ATTRIBUTES

GRID = 2  # left and right, above and below
# Learned last: few captions tell it, and no word of it is seen in one place of the picture.
HARD = {"position": 8.0}


class AttributeHeads(nn.Module):
    """Middle block's output [N, c, h, w] -> weighted mean cross-entropy of all attributes of the scene.

    In the spirit of representation alignment (Yu et al. 2024), with the renderer's own labels in the place of another
    net's features: at low SNR the middle can only know them from the caption, so text reaches it early.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.sizes = [len(values) for values in ATTRIBUTES.values()]
        self.norm = nn.GroupNorm(32, channels)
        self.head = nn.Linear(channels * GRID * GRID, sum(self.sizes))
        weights = torch.tensor([HARD.get(name, 1.0) for name in ATTRIBUTES])
        self.register_buffer("weights", weights / weights.sum(), persistent=False)

    def forward(self, middle: Tensor, targets: Tensor) -> Tensor:
        features = F.adaptive_avg_pool2d(F.silu(self.norm(middle.float())), GRID).flatten(1)
        parts = self.head(features).split(self.sizes, dim=1)
        losses = torch.stack([F.cross_entropy(part, targets[:, i]) for i, part in enumerate(parts)])
        return (losses * self.weights).sum()
