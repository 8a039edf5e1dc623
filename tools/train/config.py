"""Dimensions and recipe of the embedded model, as one table. Holds numbers and paths, no code that trains."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

# SD 1.x constants: the samplers, the VAE scaling and the schedule of every SD 1.x program assume them.
LATENT_SCALE = 0.18215
LATENT_CHANNELS = 4
DOWNSCALE = 8
CONTEXT_TOKENS = 77
TRAIN_STEPS = 1000
BETA_START, BETA_END = 0.00085, 0.012
NORM_GROUPS = 32
UNET_HEADS = 8
TEXT_HEAD_WIDTH = 64


@dataclass(frozen=True)
class TextConfig:
    vocab_size: int
    width: int = 192
    layers: int = 3


@dataclass(frozen=True)
class UnetConfig:
    # Not 32: with the layout's 32 norm groups every group would hold one channel, and normalising each channel by itself
    # takes the picture's mean away just before the output layer.
    model_channels: int = 64
    channel_mult: tuple[int, ...] = (1, 2, 2, 2)
    num_res_blocks: int = 1
    # Downscale factors whose levels carry a transformer; the top level, most of the cost, does without.
    attention_downscales: tuple[int, ...] = (2, 4, 8)
    context_width: int = 192


@dataclass(frozen=True)
class VaeConfig:
    channels: int = 64  # not 32, for the reason given in UnetConfig
    channel_mult: tuple[int, ...] = (1, 1, 1, 2)
    num_res_blocks: int = 1


NATIVE_SIZE = 256
EMPTY_CAPTION_SHARE = 0.1
# Loss weights by signal-to-noise ratio, see diffusion.loss_weights.
WEIGHT_OFFSET, WEIGHT_POWER = 0.03, 0.8
# First scene seed of each use, far enough apart that nothing judged was ever trained on.
TRAIN_SEED = 1_000_000  # plus a million for each pixel of the picture size
CLASSIFIER_SEED = 2_000_000_000
CEILING_SEED = 2_500_000_000
HELD_OUT_SEED = 3_000_000_000
VAE_SEED = 4_000_000_000
UPSCALER_SEED = 5_000_000_000
UPSCALER_HELD_OUT_SEED = 5_500_000_000
ADAPTER_SEED = 6_000_000_000  # plus a million for each pixel of the picture size
ADAPTER_CHECK_SEED = 8_000_000_000


def state_dir() -> Path:
    """Checkpoints, latents and logs: large, machine-local, never in git."""
    path = Path(os.environ.get("KILN_TRAIN_DIR", Path.home() / ".cache" / "kiln" / "train"))
    path.mkdir(parents=True, exist_ok=True)
    return path


def package_dir() -> Path:
    """The folder of the published model: weights, and the tokenizer beside them."""
    return Path(__file__).resolve().parents[2] / "public" / "models" / "kiln-small"
