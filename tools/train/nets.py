"""CLIP text encoder and latent-diffusion UNet of SD 1.x as PyTorch modules whose state_dict keys are the checkpoint's keys.
Knows architecture only: no training, no sampling, no files."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import (
    CONTEXT_TOKENS,
    LATENT_CHANNELS,
    NORM_GROUPS,
    TEXT_HEAD_WIDTH,
    UNET_HEADS,
    TextConfig,
    UnetConfig,
)


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int, causal: bool = False) -> Tensor:
    """Multi-head attention over [N, tokens, width] projections."""

    def split(x: Tensor) -> Tensor:
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    out = F.scaled_dot_product_attention(split(query), split(key), split(value), is_causal=causal)
    return out.transpose(1, 2).flatten(2)


class TextEmbeddings(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.token_embedding = nn.Embedding(config.vocab_size, config.width)
        self.position_embedding = nn.Embedding(CONTEXT_TOKENS, config.width)
        # Published SD 1.x files carry this buffer, so loaders may look for it.
        self.register_buffer("position_ids", torch.arange(CONTEXT_TOKENS)[None])
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.position_embedding.weight, std=0.01)

    def forward(self, ids: Tensor) -> Tensor:
        return self.token_embedding(ids) + self.position_embedding.weight[: ids.shape[1]]


class TextAttention(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // TEXT_HEAD_WIDTH
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.q_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        return self.out_proj(attend(self.q_proj(x), self.k_proj(x), self.v_proj(x), self.heads, causal=True))


class TextMlp(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 4 * width)
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        x = self.fc1(x)
        return self.fc2(x * torch.sigmoid(1.702 * x))  # quick_gelu


class TextLayer(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.self_attn = TextAttention(width)
        self.layer_norm1 = nn.LayerNorm(width)
        self.mlp = TextMlp(width)
        self.layer_norm2 = nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.self_attn(self.layer_norm1(x))
        return x + self.mlp(self.layer_norm2(x))


class TextLayers(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.layers = nn.ModuleList(TextLayer(config.width) for _ in range(config.layers))


class TextModel(nn.Module):
    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.embeddings = TextEmbeddings(config)
        self.encoder = TextLayers(config)
        self.final_layer_norm = nn.LayerNorm(config.width)


class TextEncoder(nn.Module):
    """ids [N, 77] -> conditioning [N, 77, width]. Keys start at `transformer.text_model`, as under `cond_stage_model.`."""

    def __init__(self, config: TextConfig) -> None:
        super().__init__()
        self.config = config
        self.transformer = nn.ModuleDict({"text_model": TextModel(config)})

    def forward(self, ids: Tensor) -> Tensor:
        model = self.transformer["text_model"]
        x = model.embeddings(ids)
        for layer in model.encoder.layers:
            x = layer(x)
        return model.final_layer_norm(x)


def timestep_embedding(timesteps: Tensor, width: int) -> Tensor:
    """Sinusoidal embedding, cosines first as in latent diffusion."""
    half = width // 2
    frequencies = torch.exp(-math.log(10000) * torch.arange(half, device=timesteps.device) / half)
    angles = timesteps[:, None].float() * frequencies
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def zeroed(module: nn.Module) -> nn.Module:
    for parameter in module.parameters():
        nn.init.zeros_(parameter)
    return module


def norm(channels: int, eps: float = 1e-5) -> nn.GroupNorm:
    return nn.GroupNorm(NORM_GROUPS, channels, eps=eps)


class ResBlock(nn.Module):
    def __init__(self, channels: int, embed_width: int, out_channels: int) -> None:
        super().__init__()
        self.in_layers = nn.Sequential(norm(channels), nn.SiLU(), nn.Conv2d(channels, out_channels, 3, padding=1))
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(embed_width, out_channels))
        # The Identity stands where latent diffusion has its dropout, so that the convolution's key is out_layers.3.
        self.out_layers = nn.Sequential(
            norm(out_channels), nn.SiLU(), nn.Identity(), zeroed(nn.Conv2d(out_channels, out_channels, 3, padding=1))
        )
        self.skip_connection = nn.Identity() if channels == out_channels else nn.Conv2d(channels, out_channels, 1)

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor) -> Tensor:
        h = self.in_layers(x) + self.emb_layers(embedding)[:, :, None, None]
        return self.skip_connection(x) + self.out_layers(h)


class CrossAttention(nn.Module):
    def __init__(self, width: int, context_width: int) -> None:
        super().__init__()
        self.to_q = nn.Linear(width, width, bias=False)
        self.to_k = nn.Linear(context_width, width, bias=False)
        self.to_v = nn.Linear(context_width, width, bias=False)
        self.to_out = nn.Sequential(nn.Linear(width, width))

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        return self.to_out(attend(self.to_q(x), self.to_k(context), self.to_v(context), UNET_HEADS))


class GatedProjection(nn.Module):
    def __init__(self, width: int, out_width: int) -> None:
        super().__init__()
        self.proj = nn.Linear(width, 2 * out_width)

    def forward(self, x: Tensor) -> Tensor:
        value, gate = self.proj(x).chunk(2, dim=-1)
        return value * F.gelu(gate)


class FeedForward(nn.Module):
    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.Sequential(GatedProjection(width, 4 * width), nn.Identity(), nn.Linear(4 * width, width))

    def forward(self, x: Tensor) -> Tensor:
        return self.net(x)


class TransformerBlock(nn.Module):
    def __init__(self, width: int, context_width: int) -> None:
        super().__init__()
        self.attn1 = CrossAttention(width, width)
        self.ff = FeedForward(width)
        self.attn2 = CrossAttention(width, context_width)
        self.norm1 = nn.LayerNorm(width)
        self.norm2 = nn.LayerNorm(width)
        self.norm3 = nn.LayerNorm(width)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        normed = self.norm1(x)
        x = x + self.attn1(normed, normed)
        x = x + self.attn2(self.norm2(x), context)
        return x + self.ff(self.norm3(x))


class SpatialTransformer(nn.Module):
    def __init__(self, channels: int, context_width: int) -> None:
        super().__init__()
        self.norm = norm(channels, eps=1e-6)
        self.proj_in = nn.Conv2d(channels, channels, 1)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(channels, context_width)])
        self.proj_out = zeroed(nn.Conv2d(channels, channels, 1))

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor) -> Tensor:
        height, width = x.shape[2:]
        tokens = self.proj_in(self.norm(x)).flatten(2).transpose(1, 2)
        for block in self.transformer_blocks:
            tokens = block(tokens, context)
        return x + self.proj_out(tokens.transpose(1, 2).unflatten(2, (height, width)))


class Downsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.op = nn.Conv2d(channels, channels, 3, stride=2, padding=1)

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor) -> Tensor:
        return self.op(x)


class Upsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, embedding: Tensor, context: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class InputConv(nn.Conv2d):
    def forward(self, x: Tensor, embedding: Tensor, context: Tensor) -> Tensor:
        return super().forward(x)


class Unet(nn.Module):
    """Noisy latents [N, 4, h, w], timesteps [N], conditioning [N, 77, c] -> predicted noise; h and w multiples of 8."""

    def __init__(self, config: UnetConfig) -> None:
        super().__init__()
        self.config = config
        base, context = config.model_channels, config.context_width
        embed_width = 4 * base
        levels = len(config.channel_mult)
        self.time_embed = nn.Sequential(nn.Linear(base, embed_width), nn.SiLU(), nn.Linear(embed_width, embed_width))

        blocks = [nn.ModuleList([InputConv(LATENT_CHANNELS, base, 3, padding=1)])]
        widths, channels = [base], base
        for level, mult in enumerate(config.channel_mult):
            attention = 2**level in config.attention_downscales
            for _ in range(config.num_res_blocks):
                layers: list[nn.Module] = [ResBlock(channels, embed_width, base * mult)]
                channels = base * mult
                layers += [SpatialTransformer(channels, context)] if attention else []
                blocks.append(nn.ModuleList(layers))
                widths.append(channels)
            if level < levels - 1:
                blocks.append(nn.ModuleList([Downsample(channels)]))
                widths.append(channels)
        self.input_blocks = nn.ModuleList(blocks)

        self.middle_block = nn.ModuleList(
            [
                ResBlock(channels, embed_width, channels),
                SpatialTransformer(channels, context),
                ResBlock(channels, embed_width, channels),
            ]
        )

        blocks = []
        for level, mult in reversed(list(enumerate(config.channel_mult))):
            attention = 2**level in config.attention_downscales
            for index in range(config.num_res_blocks + 1):
                layers = [ResBlock(channels + widths.pop(), embed_width, base * mult)]
                channels = base * mult
                layers += [SpatialTransformer(channels, context)] if attention else []
                layers += [Upsample(channels)] if level > 0 and index == config.num_res_blocks else []
                blocks.append(nn.ModuleList(layers))
        self.output_blocks = nn.ModuleList(blocks)
        self.out = nn.Sequential(norm(channels), nn.SiLU(), zeroed(nn.Conv2d(channels, LATENT_CHANNELS, 3, padding=1)))

    def forward(self, x: Tensor, timesteps: Tensor, context: Tensor) -> Tensor:
        return self.with_middle(x, timesteps, context)[0]

    def with_middle(self, x: Tensor, timesteps: Tensor, context: Tensor) -> tuple[Tensor, Tensor]:
        """The predicted noise, and the middle block's output [N, c, h/8, w/8] for training hints."""
        embedding = self.time_embed(timestep_embedding(timesteps, self.config.model_channels).to(x.dtype))
        skips = []
        for block in self.input_blocks:
            for layer in block:
                x = layer(x, embedding, context)
            skips.append(x)
        for layer in self.middle_block:
            x = layer(x, embedding, context)
        middle = x
        for block in self.output_blocks:
            x = torch.cat([x, skips.pop()], dim=1)
            for layer in block:
                x = layer(x, embedding, context)
        return self.out(x), middle
