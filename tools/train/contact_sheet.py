"""Contact sheets: many pictures in one PNG, from captions or from tensors. For looking, not for judging."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from config import NATIVE_SIZE, package_dir, state_dir

COLUMNS = 6


def write_sheet(pictures: Tensor, path: Path) -> None:
    """[n, 3, h, w] in -1..1 to a grid of six columns."""
    missing = -len(pictures) % COLUMNS
    filled = torch.cat([pictures, torch.ones(missing, *pictures.shape[1:])])
    rows = [torch.cat(list(row), dim=2) for row in filled.split(COLUMNS)]
    pixels = ((torch.cat(rows, dim=1).clamp(-1, 1) + 1) * 127.5).round().byte()
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(path)


def main() -> None:
    # Imported here: evaluate.py imports write_sheet from this file.
    from evaluate import generate

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, default=package_dir() / "kiln-small.safetensors")
    parser.add_argument("--prompts", type=Path, default=Path(__file__).with_name("sheet-prompts.txt"))
    parser.add_argument("--count", type=int, default=24)
    parser.add_argument("--size", type=int, default=NATIVE_SIZE)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=state_dir() / "sheet.png")
    arguments = parser.parse_args()
    texts = arguments.prompts.read_text().splitlines()[: arguments.count]
    seeds = [arguments.seed + row for row in range(len(texts))]
    write_sheet(
        generate(arguments.package, texts, seeds, arguments.size, arguments.steps, arguments.guidance), arguments.out
    )


if __name__ == "__main__":
    main()
