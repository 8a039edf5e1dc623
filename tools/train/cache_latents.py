"""Renders training scenes, encodes them with the frozen VAE and stores latents with token ids of several captions each.
Resumable: rows already written are kept. Needs vae-frozen.pt; trains nothing."""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from checkpoints import load_state
from config import CONTEXT_TOKENS, DOWNSCALE, LATENT_CHANNELS, TRAIN_SEED, VaeConfig, state_dir
from data import LatentSet, captions_of, choose_device, render_seeds, scene_of, to_pictures
from labels import target_row
from tokenizer import Tokenizer
from vae import AutoencoderKL

CAPTIONS_PER_SCENE = 6
CHUNK = 64
POSITION_WORDS = ("left", "right", "center", "centre", "centered", "middle")
MAX_SIZE = 1024  # keeps training seeds below all others


def folder_of(size: int) -> Path:
    return state_dir() / f"latents-{size}"


def first_scene_seed(size: int) -> int:
    """Each size has scenes of its own, so that a run over two sizes sees more of the grammar."""
    return TRAIN_SEED + size * 1_000_000


def open_latents(size: int) -> LatentSet:
    """The rows written so far; a run that is still writing only adds rows."""
    folder = folder_of(size)
    progress = folder / "progress.json"
    if not progress.exists():
        raise FileNotFoundError(
            f"{progress}: expected cached latents (run cache_latents.py --size {size}), got nothing"
        )
    rows = json.loads(progress.read_text())["rows"]
    ids = np.load(folder / "ids.npy", mmap_mode="r")[:rows]
    tokenizer = Tokenizer()
    position_ids = [tokenizer.encode(word)[1] for word in POSITION_WORDS]
    return LatentSet(
        np.load(folder / "latents.npy", mmap_mode="r")[:rows],
        ids,
        np.array([target_row(scene_of(first_scene_seed(size) + row)) for row in range(rows)]),
        np.isin(ids, position_ids).any(axis=2),
    )


@torch.no_grad()
def cache(size: int, count: int, workers: int) -> None:
    if size % (8 * DOWNSCALE) or size > MAX_SIZE:
        raise ValueError(f"--size: expected a multiple of {8 * DOWNSCALE} up to {MAX_SIZE}, got {size}")
    device, dtype = choose_device()
    frozen = load_state(state_dir() / "vae-frozen.pt")
    if frozen is None:
        raise FileNotFoundError(
            f"{state_dir() / 'vae-frozen.pt'}: expected a frozen VAE (train_vae.py --freeze), got nothing"
        )
    vae = AutoencoderKL(VaeConfig()).to(device)
    vae.load_state_dict(frozen["vae"])
    tokenizer = Tokenizer()
    folder = folder_of(size)
    folder.mkdir(exist_ok=True)
    progress = folder / "progress.json"
    done = json.loads(progress.read_text())["rows"] if progress.exists() else 0
    mode = "r+" if done else "w+"
    side = size // DOWNSCALE
    latents = np.lib.format.open_memmap(
        folder / "latents.npy", mode=mode, dtype=np.float16, shape=(count, LATENT_CHANNELS, side, side)
    )
    ids = np.lib.format.open_memmap(
        folder / "ids.npy", mode=mode, dtype=np.int16, shape=(count, CAPTIONS_PER_SCENE, CONTEXT_TOKENS)
    )
    if latents.shape[0] != count:
        raise ValueError(f"{folder}: expected {count} rows as when it was begun, got {latents.shape[0]}")
    first_seed = first_scene_seed(size)
    start = time.monotonic()
    for row in range(done, count, CHUNK):
        rows = range(row, min(row + CHUNK, count))
        pixels = render_seeds([first_seed + i for i in rows], size, workers)
        for begin in range(0, len(rows), 16):
            picture = to_pictures(pixels[begin : begin + 16]).to(device)
            with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
                encoded = vae.encode(picture)
            latents[row + begin : row + begin + len(encoded)] = encoded.half().cpu().numpy()
        for i in rows:
            ids[i] = [tokenizer.encode(text) for text in captions_of(first_seed + i, CAPTIONS_PER_SCENE)]
        latents.flush()
        ids.flush()
        progress.write_text(json.dumps({"rows": rows.stop}))
        if row // CHUNK % 10 == 0:
            print(f"{size} px: {rows.stop} of {count} rows, {time.monotonic() - start:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, required=True, help="picture size in pixels, a multiple of 64")
    parser.add_argument("--count", type=int, default=8192)
    parser.add_argument("--workers", type=int, default=1, help="renderer processes")
    arguments = parser.parse_args()
    cache(arguments.size, arguments.count, arguments.workers)


if __name__ == "__main__":
    main()
