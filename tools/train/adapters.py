"""What can be taught to a frozen base: low-rank changes of its layers (a LoRA) and vectors that stand for a word (an embedding).
Knows how both are named in published files; trains nothing and reads no pictures."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from config import UnetConfig
from tokenizer import Tokenizer

# Layers of the UNet by what diffusers calls them; kohya's files use these names, with underscores for dots.
RES_LAYERS = {"in_layers.2": "conv1", "out_layers.3": "conv2", "skip_connection": "conv_shortcut"}


class LowRank(nn.Module):
    """up(down(x)), added to the output of a linear layer or a convolution; nothing at first."""

    def __init__(self, target: nn.Linear | nn.Conv2d, rank: int) -> None:
        super().__init__()
        self.rank = rank
        self.strength = 1.0
        if isinstance(target, nn.Conv2d):
            size, stride, padding = target.kernel_size, target.stride, target.padding
            self.down = nn.Conv2d(target.in_channels, rank, size, stride, padding, bias=False)
            self.up = nn.Conv2d(rank, target.out_channels, 1, bias=False)
        else:
            self.down = nn.Linear(target.in_features, rank, bias=False)
            self.up = nn.Linear(rank, target.out_features, bias=False)
        nn.init.kaiming_uniform_(self.down.weight, a=math.sqrt(5))
        nn.init.zeros_(self.up.weight)
        target.register_forward_hook(lambda _, inputs, output: output + self.strength * self(inputs[0]))

    def forward(self, x: Tensor) -> Tensor:
        return self.up(self.down(x))


class Lora(nn.Module):
    """A LowRank for every linear layer and convolution inside the blocks of the UNet and the layers of the text encoder."""

    def __init__(self, unet: nn.Module, text: nn.Module, config: UnetConfig, rank: int) -> None:
        super().__init__()
        targets = {
            **{unet_name(path, config): module for path, module in adaptable(unet) if "blocks" in path or "middle" in path},
            **{text_name(path): module for path, module in adaptable(text)},
        }
        self.layers = nn.ModuleDict(
            {name: LowRank(module, rank) for name, module in targets.items() if name is not None}
        )

    def switch(self, strength: float) -> None:
        for layer in self.layers.values():
            layer.strength = strength

    def tensors(self) -> dict[str, Tensor]:
        """Under kohya's keys; an alpha of the rank leaves the product as it is."""
        found: dict[str, Tensor] = {}
        for name, layer in self.layers.items():
            found[f"{name}.lora_down.weight"] = layer.down.weight
            found[f"{name}.lora_up.weight"] = layer.up.weight
            found[f"{name}.alpha"] = torch.tensor(float(layer.rank))
        return found


def adaptable(net: nn.Module) -> list[tuple[str, nn.Linear | nn.Conv2d]]:
    return [(path, module) for path, module in net.named_modules() if isinstance(module, nn.Linear | nn.Conv2d)]


def unet_name(path: str, config: UnetConfig) -> str | None:
    """`input_blocks.3.1.transformer_blocks.0.attn1.to_q` -> `lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn1_to_q`;
    None for the layers that are left alone: input, sampling and time."""
    kind, *place = path.split(".")
    if kind == "middle_block":
        layer, rest = int(place[0]), place[1:]
        block = ["mid_block.resnets.0", "mid_block.attentions.0", "mid_block.resnets.1"][layer]
    else:
        index, layer, rest = int(place[0]), int(place[1]), place[2:]
        down = kind == "input_blocks"
        if down and index == 0:
            return None
        level, step = divmod(index - 1, config.num_res_blocks + 1) if down else divmod(index, config.num_res_blocks + 1)
        if rest in (["op"], ["conv"]):
            return None
        block = f"{'down' if down else 'up'}_blocks.{level}.{'attentions' if layer == 1 else 'resnets'}.{step}"
    inner = ".".join(rest)
    if "resnets" in block:
        if inner not in RES_LAYERS:
            return None
        inner = RES_LAYERS[inner]
    return "lora_unet_" + f"{block}.{inner}".replace(".", "_")


def text_name(path: str) -> str:
    return "lora_te_" + path.removeprefix("transformer.").replace(".", "_")


class WordVectors(nn.Module):
    """Stands in for a text encoder's token embedding: ids behind the vocabulary's are the trained vectors."""

    def __init__(self, embedding: nn.Embedding, vectors: Tensor) -> None:
        super().__init__()
        self.embedding = embedding
        self.vectors = nn.Parameter(vectors)

    def forward(self, ids: Tensor) -> Tensor:
        return nn.functional.embedding(ids, torch.cat([self.embedding.weight, self.vectors]))

    def tensors(self) -> dict[str, Tensor]:
        return {"emb_params": self.vectors}


class PlaceholderTokenizer(Tokenizer):
    """Encodes some words as the ids behind the vocabulary's."""

    def __init__(self, words: tuple[str, ...], count: int) -> None:
        super().__init__()
        self.words = frozenset(words)
        self.placeholder = [len(self) + i for i in range(count)]

    def encode_word(self, word: str) -> list[int]:
        return self.placeholder if word in self.words else super().encode_word(word)
