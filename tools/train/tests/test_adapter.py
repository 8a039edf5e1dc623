"""The adapters: names that other programs know, a file that means what was trained, runs that go on where they stopped."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pytest
import torch
from diffusers import UNet2DConditionModel
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn

import train_adapter
from adapter_recipes import RECIPES
from adapters import Lora, PlaceholderTokenizer, WordVectors, text_name, unet_name
from config import TextConfig, UnetConfig
from export import build_nets, checkpoint_tensors
from nets import TextEncoder, Unet
from tokenizer import Tokenizer
from train_adapter import AdapterTrainer, enlist, loud_vectors

RANK = 2


@pytest.fixture
def nets() -> tuple[Unet, TextEncoder]:
    torch.manual_seed(5)
    unet, text = Unet(UnetConfig()), TextEncoder(TextConfig(600))
    for parameter in unet.parameters():
        if not parameter.any():  # zero-initialised layers would hide what an adapter does before them
            nn.init.normal_(parameter, std=0.02)
    return unet.requires_grad_(False), text.requires_grad_(False)


def diffusers_modules() -> set[str]:
    config = UnetConfig()
    attention = [2**level in config.attention_downscales for level in range(len(config.channel_mult))]
    theirs = UNet2DConditionModel(
        block_out_channels=tuple(config.model_channels * mult for mult in config.channel_mult),
        layers_per_block=config.num_res_blocks,
        down_block_types=tuple("CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention),
        up_block_types=tuple("CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)),
        cross_attention_dim=config.context_width,
        attention_head_dim=8,
    )
    return {"lora_unet_" + name.replace(".", "_"): m for name, m in theirs.named_modules()}


def test_layers_are_named_as_diffusers_names_them(nets: tuple[Unet, TextEncoder]) -> None:
    modules = diffusers_modules()
    layers = Lora(*nets, UnetConfig(), RANK).layers
    unet_layers = {name: layer for name, layer in layers.items() if name.startswith("lora_unet_")}
    assert len(unet_layers) > 80
    for name, layer in unet_layers.items():
        weight = modules[name].weight
        assert (layer.up.weight.shape[0], layer.down.weight.shape[1]) == tuple(weight.shape[:2]), name
    assert "lora_te_text_model_encoder_layers_0_self_attn_q_proj" in layers


def test_lora_does_nothing_at_first_and_what_its_tensors_say_later(nets: tuple[Unet, TextEncoder]) -> None:
    unet, text = nets
    x, steps, ids = torch.randn(1, 4, 16, 16), torch.tensor([400]), torch.randint(0, 600, (1, 77))
    base = unet(x, steps, text(ids))
    lora = Lora(unet, text, UnetConfig(), RANK)
    torch.testing.assert_close(unet(x, steps, text(ids)), base)
    for layer in lora.layers.values():
        nn.init.normal_(layer.up.weight, std=0.05)
    adapted = unet(x, steps, text(ids))
    assert (adapted - base).abs().max() > 1e-3
    lora.switch(0.0)
    torch.testing.assert_close(unet(x, steps, text(ids)), base)

    # Merged into the weights, as programs that know nothing of hooks do it.
    tensors = lora.tensors()
    merged = Unet(UnetConfig()), TextEncoder(TextConfig(600))
    for net, source in zip(merged, nets):
        net.load_state_dict({key: value for key, value in source.state_dict().items()})
    targets = {
        **{name_in_unet(path): module for path, module in merged[0].named_modules()},
        **{text_name(path): module for path, module in merged[1].named_modules()},
    }
    for name, layer in lora.layers.items():
        up, down = tensors[f"{name}.lora_up.weight"], tensors[f"{name}.lora_down.weight"]
        delta = (up.flatten(1) @ down.flatten(1)).view_as(targets[name].weight) * tensors[f"{name}.alpha"] / RANK
        targets[name].weight.data += delta
    torch.testing.assert_close(merged[0](x, steps, merged[1](ids)), adapted, rtol=1e-4, atol=1e-4)


def name_in_unet(path: str) -> str | None:
    fields = path.split(".")
    inside = len(fields) > {"middle_block": 2, "input_blocks": 3, "output_blocks": 3}.get(fields[0], len(fields))
    return unet_name(path, UnetConfig()) if inside else None


def test_word_vectors_stand_for_words() -> None:
    tokenizer = PlaceholderTokenizer(("windmill", "mills"), 3)
    plain = Tokenizer()
    size = len(plain)
    ids = tokenizer.encode("a red windmill")
    assert ids[:6] == [*plain.encode("a red")[:3], size, size + 1, size + 2]
    assert tokenizer.encode("a red house") == plain.encode("a red house")
    table = nn.Embedding(size, 8)
    vectors = WordVectors(table, torch.full((3, 8), 7.0))
    embedded = vectors(torch.tensor([ids]))
    assert bool((embedded[0, 3:6] == 7).all())
    torch.testing.assert_close(embedded[0, :3], table.weight[ids[:3]])
    assert set(vectors.tensors()) == {"emb_params"}


def test_an_embeddings_vectors_say_the_same_whatever_stands_before() -> None:
    torch.manual_seed(6)
    size = len(Tokenizer())
    text = TextEncoder(TextConfig(size))
    embeddings = text.transformer["text_model"].embeddings
    vectors = loud_vectors(text, ["red", "blue"])
    embeddings.token_embedding = WordVectors(embeddings.token_embedding, vectors)
    first, behind = torch.zeros(1, 77, dtype=torch.long), torch.randint(1, size, (1, 77))
    first[0, 1], behind[0, 9] = size, size
    alone = text(first)[0, 1]
    torch.testing.assert_close(text(behind)[0, 9], alone, rtol=0, atol=0.3)
    first[0, 1] = size + 1
    assert (text(first)[0, 1] - alone).abs().max() > 1


@pytest.fixture
def arguments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("KILN_TRAIN_DIR", str(tmp_path / "state"))
    package = tmp_path / "base.safetensors"
    torch.manual_seed(2)
    nets = build_nets(len(Tokenizer()))
    for parameter in nets["unet"].parameters():
        if not parameter.any():
            nn.init.normal_(parameter, std=0.02)
    save_file(checkpoint_tensors(nets), package)
    manifest = tmp_path / "models-manifest.json"
    manifest.write_text(json.dumps({"version": 1, "models": [{"id": "kiln-small"}]}))
    monkeypatch.setattr(train_adapter, "MANIFEST", manifest)

    def parse(recipe: str, **changes: object) -> argparse.Namespace:
        given = {"recipe": recipe, "minutes": 0.1, "plan": "64:1:2", "scenes": 2, "rank": RANK, "vectors": 3, "rate": None}
        given |= {"average": 0.9, "seed": 1, "base": package, "restart": False, "out": None, "date": "2026-01-01"}
        return argparse.Namespace(**{**given, **changes})

    return parse


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_run_goes_on_and_is_exported(recipe: str, arguments, tmp_path: Path) -> None:
    trainer = AdapterTrainer(arguments(recipe, minutes=1e-4))
    trainer.train()
    assert trainer.step >= 1
    before = [parameter.detach().clone() for parameter in trainer.trained]
    again = AdapterTrainer(arguments(recipe, minutes=1.0))
    assert again.step == trainer.step
    for parameter, value in zip(again.trained, before):
        torch.testing.assert_close(parameter, value)
    assert AdapterTrainer(arguments(recipe, restart=True)).step == 0

    out = tmp_path / "out.safetensors"
    again.arguments.out = out
    again.export()
    tensors = load_file(out)
    with safe_open(out, "pt") as file:
        assert file.metadata()["modelspec.architecture"] == RECIPES[recipe].architecture
    assert all(value.dtype == torch.float16 for value in tensors.values())
    for key, value in again.adapter.tensors().items():
        torch.testing.assert_close(tensors[key].float(), value.detach().float())


def test_another_base_is_refused(arguments, tmp_path: Path) -> None:
    AdapterTrainer(arguments("evening", minutes=1e-4)).train()
    other = tmp_path / "other.safetensors"
    torch.manual_seed(9)
    save_file(checkpoint_tensors(build_nets(len(Tokenizer()))), other)
    with pytest.raises(ValueError, match="--restart begins anew"):
        AdapterTrainer(arguments("evening", base=other))


def test_manifest_entries_replace_their_own(tmp_path: Path) -> None:
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps({"version": 1, "models": [{"id": "a"}, {"id": "b"}]}))
    enlist(manifest, {"id": "c", "bytes": 1})
    enlist(manifest, {"id": "a", "bytes": 2})
    assert json.loads(manifest.read_text())["models"] == [{"id": "a", "bytes": 2}, {"id": "b"}, {"id": "c", "bytes": 1}]
