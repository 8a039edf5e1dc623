"""Writes the embedded model's package: one fp16 .safetensors in the SD 1.x single-file layout with its metadata, tokenizer
beside it. Trains nothing; reads averaged weights and latents from the training state."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from checkpoints import load_state
from config import LATENT_CHANNELS, NATIVE_SIZE, TextConfig, UnetConfig, VaeConfig, package_dir, state_dir
from data import PicturePool
from nets import TextEncoder, Unet
from tokenizer import Tokenizer
from vae import AutoencoderKL

PREFIXES = {"text": "cond_stage_model.", "unet": "model.diffusion_model.", "vae": "first_stage_model."}
MAX_PACKAGE_BYTES = 30_000_000  # the service worker precaches the whole package


def build_nets(vocab_size: int) -> dict[str, nn.Module]:
    return {
        "text": TextEncoder(TextConfig(vocab_size)),
        "unet": Unet(UnetConfig()),
        "vae": AutoencoderKL(VaeConfig()),
    }


def checkpoint_tensors(nets: dict[str, nn.Module]) -> dict[str, Tensor]:
    """All tensors under their single-file keys; floats in fp16, position_ids as the integers they are."""
    return {
        PREFIXES[name] + key: (value.half() if value.is_floating_point() else value).contiguous()
        for name, net in nets.items()
        for key, value in net.state_dict().items()
    }


def load_nets(path: Path) -> dict[str, nn.Module]:
    """Reads a package back into float32 modules; every key must be present and none left over."""
    from safetensors.torch import load_file

    tensors = load_file(path)
    nets = build_nets(tensors[PREFIXES["text"] + "transformer.text_model.embeddings.token_embedding.weight"].shape[0])
    for name, net in nets.items():
        prefix = PREFIXES[name]
        part = {key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)}
        net.load_state_dict({key: v.float() if v.is_floating_point() else v for key, v in part.items()})
        net.eval()
    return nets


@torch.no_grad()
def fit_latent_rgb(vae: AutoencoderKL, pictures: int = 64) -> dict[str, list]:
    """Least squares from scaled latents to the picture's 8x8 means: rgb = (latents . factors + bias + 1) / 2."""
    pool = PicturePool(pictures, seed=13, size=NATIVE_SIZE)
    latents, colours = [], []
    for first in range(0, pictures, 8):
        picture = pool.wholes(first, 8)
        latents.append(vae.encode(picture).permute(0, 2, 3, 1).reshape(-1, LATENT_CHANNELS))
        colours.append(F.avg_pool2d(picture, 8).permute(0, 2, 3, 1).reshape(-1, 3))
    x = torch.cat(latents)
    solution = torch.linalg.lstsq(torch.cat([x, torch.ones(len(x), 1)], dim=1), torch.cat(colours)).solution
    factors = [[round(v, 5) for v in row] for row in solution.tolist()]
    return {"factors": factors[:LATENT_CHANNELS], "bias": factors[LATENT_CHANNELS]}


def metadata(latent_rgb: dict[str, list], date: str) -> dict[str, str]:
    return {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "stable-diffusion-v1",
        "modelspec.implementation": "https://github.com/CompVis/stable-diffusion",
        "modelspec.title": "Kiln Small",
        "modelspec.author": "Kiln contributors",
        "modelspec.license": "MIT",
        "modelspec.date": date,
        "modelspec.description": "A small latent diffusion model of picture-book scenes, trained on procedural renders only.",
        "modelspec.resolution": f"{NATIVE_SIZE}x{NATIVE_SIZE}",
        "modelspec.prediction_type": "epsilon",
        "modelspec.tags": "landscape, picture book, illustration, small",
        "modelspec.usage_hint": "Style, colour, object, place, time of day. DPM++ 2M Karras, 12-20 steps, CFG 4-6.",
        "kiln.latent_rgb_factors": json.dumps(latent_rgb),
        "kiln.tokenizer": "tokenizer/",
    }


def write_package(nets: dict[str, nn.Module], path: Path, date: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    tensors = checkpoint_tensors(nets)
    for key, value in tensors.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            raise ValueError(f"{key}: expected finite fp16 values, got overflow")
    save_file(tensors, path, metadata=metadata(fit_latent_rgb(nets["vae"]), date))
    path.chmod(0o644)  # safetensors creates files for the owner alone
    size = path.stat().st_size
    print(f"{path}: {size} bytes, sha256 {hashlib.sha256(path.read_bytes()).hexdigest()}")
    if size > MAX_PACKAGE_BYTES:
        raise ValueError(f"{path}: expected at most {MAX_PACKAGE_BYTES} bytes, got {size}")


def load_trained(untrained: bool) -> dict[str, nn.Module]:
    torch.manual_seed(0)
    nets = build_nets(len(Tokenizer().ids))
    if untrained:
        # Zero-initialised layers would hide a loader's mistakes behind an all-zero prediction.
        for parameter in nets["unet"].parameters():
            if not parameter.any():
                nn.init.normal_(parameter, std=0.02)
        return nets
    folder = state_dir()
    vae = load_state(folder / "vae-decoder-average.pt") or load_state(folder / "vae-frozen.pt")
    trained = load_state(folder / "unet-average.pt")
    if vae is None or trained is None:
        raise FileNotFoundError(
            f"{folder}: expected vae-frozen.pt and unet-average.pt, got {sorted(p.name for p in folder.glob('*.pt'))}"
        )
    nets["vae"].load_state_dict(vae["vae"])
    nets["unet"].load_state_dict(trained["unet"])
    nets["text"].load_state_dict(trained["text"])
    return nets


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=package_dir() / "kiln-small.safetensors")
    parser.add_argument("--untrained", action="store_true", help="random weights, for work on loaders")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    arguments = parser.parse_args()
    write_package(load_trained(arguments.untrained), arguments.out, arguments.date)


if __name__ == "__main__":
    main()
