"""Rendered pictures and cached latents with captions, for all training stages. Renders nothing itself, trains nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from captions import caption
from config import VAE_SEED
from render import render
from scenes import Scene, sample_scene


def choose_device() -> tuple[torch.device, torch.dtype]:
    """The device to train on and the dtype of its autocast.

    Float32 on any CPU: bfloat16 weight gradients of convolutions over few pixels are many times slower there, even with
    AVX512-BF16.
    """
    torch.set_num_threads(int(os.environ.get("KILN_TRAIN_THREADS", "2")))
    if torch.cuda.is_available():
        torch.backends.cuda.matmul.allow_tf32 = True
        torch.backends.cudnn.allow_tf32 = True
        return torch.device("cuda"), torch.bfloat16
    return torch.device("cpu"), torch.float32


def scene_of(seed: int) -> Scene:
    return sample_scene(np.random.default_rng(seed))


def render_seed(seed: int, size: int) -> NDArray[np.uint8]:
    return render(scene_of(seed), size)


def render_seeds(seeds: Iterable[int], size: int, workers: int) -> NDArray[np.uint8]:
    """Renders the scenes of `seeds` to [n, size, size, 3], in `workers` processes."""
    draw = partial(render_seed, size=size)
    if workers <= 1:
        return np.stack([draw(seed) for seed in seeds])
    with ProcessPoolExecutor(workers) as executor:
        return np.stack(list(executor.map(draw, seeds, chunksize=16)))


def captions_of(seed: int, count: int) -> list[str]:
    """`count` captions of the scene of `seed`; the same seed always gives the same captions."""
    scene, rng = scene_of(seed), np.random.default_rng([seed, 1])
    return [caption(scene, rng) for _ in range(count)]


def to_pictures(pixels: NDArray[np.uint8]) -> Tensor:
    """[n, H, W, 3] bytes -> [n, 3, H, W] in -1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1


class PicturePool:
    """Renders kept in memory for the VAE; `refresh` replaces some, so that a long run never repeats itself."""

    def __init__(self, count: int, seed: int, workers: int = 1, size: int = 256) -> None:
        self.size = size
        self.next_seed = VAE_SEED + seed * 1_000_003
        self.cursor = 0
        self.pixels = render_seeds(range(self.next_seed, self.next_seed + count), size, workers)
        self.next_seed += count

    def refresh(self, count: int) -> None:
        for _ in range(count):
            self.pixels[self.cursor] = render_seed(self.next_seed, self.size)
            self.cursor = (self.cursor + 1) % len(self.pixels)
            self.next_seed += 1

    def crops(self, rng: np.random.Generator, batch: int, crop: int) -> Tensor:
        """Random crops [batch, 3, crop, crop], half of them from the picture at half size."""
        out = []
        for index in range(batch):
            picture = to_pictures(self.pixels[rng.integers(len(self.pixels))][None])
            if index % 2:
                picture = F.avg_pool2d(picture, 2)
            top, left = rng.integers(0, picture.shape[2] - crop + 1, size=2)
            out.append(picture[:, :, top : top + crop, left : left + crop])
        return torch.cat(out)

    def wholes(self, first: int, count: int) -> Tensor:
        return to_pictures(self.pixels[first : first + count])


# How many times as often captions that state a position are drawn: one in five does, too few to learn left from right.
FAVOUR = 8.0


@dataclass(frozen=True)
class LatentSet:
    """Cached training pairs of one picture size, memory-mapped: latents [n, 4, h, w] fp16, token ids [n, captions, 77],
    attribute targets [n, attributes] (labels.target_row), and which captions are drawn more often [n, captions]."""

    latents: NDArray[np.float16]
    ids: NDArray[np.int16]
    targets: NDArray[np.int64]
    favoured: NDArray[np.bool_]

    def batch(self, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """`count` scenes without repetition, each with one of its captions: latents, token ids and attribute targets."""
        rows = rng.choice(len(self.latents), count, replace=count > len(self.latents))
        chances = np.where(self.favoured[rows], FAVOUR, 1.0).cumsum(axis=1)
        picks = (rng.random((count, 1)) * chances[:, -1:] > chances).sum(axis=1)
        latents = torch.from_numpy(self.latents[rows].astype(np.float32))
        return latents, torch.from_numpy(self.ids[rows, picks].astype(np.int64)), torch.from_numpy(self.targets[rows])
