"""Proof of the checkpoint layout: diffusers and transformers load the same tensors and give the same outputs."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL as DiffusersVae
from diffusers import UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
)
from safetensors.torch import load_file
from transformers import CLIPTextConfig, CLIPTextModel

from config import TextConfig, UnetConfig, VaeConfig
from export import PREFIXES, checkpoint_tensors, load_nets, write_package
from nets import TextEncoder, Unet
from vae import AutoencoderKL

VOCAB = 600


@pytest.fixture(scope="module")
def nets() -> dict[str, torch.nn.Module]:
    torch.manual_seed(3)
    nets = {
        "text": TextEncoder(TextConfig(VOCAB)),
        "unet": Unet(UnetConfig()),
        "vae": AutoencoderKL(VaeConfig()),
    }
    for net in nets.values():
        for parameter in net.parameters():
            if not parameter.any():  # zero-initialised layers would hide a wrong mapping
                torch.nn.init.normal_(parameter, std=0.02)
        net.eval().requires_grad_(False)
    return nets


@pytest.fixture(scope="module")
def tensors(nets: dict[str, torch.nn.Module]) -> dict[str, torch.Tensor]:
    return {PREFIXES[name] + key: value for name, net in nets.items() for key, value in net.state_dict().items()}


def assert_close(ours: torch.Tensor, theirs: torch.Tensor) -> None:
    assert theirs.abs().max() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))


def test_unet_equals_diffusers(nets: dict[str, torch.nn.Module], tensors: dict[str, torch.Tensor]) -> None:
    config = UnetConfig()
    widths = tuple(config.model_channels * mult for mult in config.channel_mult)
    attention = [2**level in config.attention_downscales for level in range(len(widths))]
    settings = {
        "sample_size": 32,
        "in_channels": 4,
        "out_channels": 4,
        "block_out_channels": widths,
        "layers_per_block": config.num_res_blocks,
        "down_block_types": tuple("CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention),
        "up_block_types": tuple("CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)),
        "cross_attention_dim": config.context_width,
        "attention_head_dim": 8,
    }
    theirs = UNet2DConditionModel(**settings).eval()
    theirs.load_state_dict(
        convert_ldm_unet_checkpoint(dict(tensors), {**settings, "class_embed_type": None, "addition_embed_type": None})
    )
    x, steps, context = torch.randn(2, 4, 16, 24), torch.tensor([3, 811]), torch.randn(2, 77, config.context_width)
    with torch.no_grad():
        assert_close(nets["unet"](x, steps, context), theirs(x, steps, context).sample)


def test_vae_equals_diffusers(nets: dict[str, torch.nn.Module], tensors: dict[str, torch.Tensor]) -> None:
    config = VaeConfig()
    levels = len(config.channel_mult)
    settings = {
        "block_out_channels": tuple(config.channels * mult for mult in config.channel_mult),
        "down_block_types": ("DownEncoderBlock2D",) * levels,
        "up_block_types": ("UpDecoderBlock2D",) * levels,
        "layers_per_block": config.num_res_blocks,
        "latent_channels": 4,
    }
    theirs = DiffusersVae(**settings).eval()
    theirs.load_state_dict(convert_ldm_vae_checkpoint(dict(tensors), settings))
    picture, latents = torch.randn(1, 3, 64, 48), torch.randn(1, 4, 8, 6)
    with torch.no_grad():
        assert_close(nets["vae"].encode(picture), theirs.encode(picture).latent_dist.mean * 0.18215)
        assert_close(nets["vae"].decode(latents), theirs.decode(latents / 0.18215).sample)


def test_text_encoder_equals_transformers(nets: dict[str, torch.nn.Module]) -> None:
    config = TextConfig(VOCAB)
    theirs = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=VOCAB,
            hidden_size=config.width,
            intermediate_size=4 * config.width,
            num_hidden_layers=config.layers,
            num_attention_heads=config.width // 64,
            max_position_embeddings=77,
            hidden_act="quick_gelu",
        )
    ).eval()
    keys = {key.removeprefix("transformer."): value for key, value in nets["text"].state_dict().items()}
    expected = set(theirs.state_dict())
    if not any(key.startswith("text_model.") for key in expected):
        keys = {key.removeprefix("text_model."): value for key, value in keys.items()}
    assert set(keys) - {key for key in keys if key.endswith("position_ids")} == expected - {
        key for key in expected if key.endswith("position_ids")
    }
    theirs.load_state_dict(keys, strict=False)
    ids = torch.randint(0, VOCAB, (2, 77))
    with torch.no_grad():
        assert_close(nets["text"](ids), theirs(ids).last_hidden_state)


def test_folding_keeps_the_round_trip(nets: dict[str, torch.nn.Module]) -> None:
    vae = AutoencoderKL(VaeConfig()).eval()
    vae.load_state_dict(nets["vae"].state_dict())
    picture = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        before = vae.decode(vae.encode(picture))
        latents = vae.encode(picture)
        vae.fold_latent_statistics(latents.mean(dim=(0, 2, 3)), latents.std(dim=(0, 2, 3)))
        folded = vae.encode(picture)
        torch.testing.assert_close(vae.decode(folded), before, rtol=1e-3, atol=1e-3)
    torch.testing.assert_close(folded.mean(dim=(0, 2, 3)), torch.zeros(4), rtol=0, atol=1e-4)
    torch.testing.assert_close(folded.std(dim=(0, 2, 3)), torch.ones(4), rtol=1e-3, atol=0)


def test_package_survives_the_disk(nets: dict[str, torch.nn.Module], tmp_path: Path) -> None:
    path = tmp_path / "kiln-small.safetensors"
    write_package(nets, path, "2026-01-01")
    stored = load_file(path)
    assert set(stored) == set(checkpoint_tensors(nets))
    again = load_nets(path)
    for name, net in nets.items():
        for key, value in net.state_dict().items():
            expected = value.half().float() if value.is_floating_point() else value
            assert torch.equal(again[name].state_dict()[key], expected), key
