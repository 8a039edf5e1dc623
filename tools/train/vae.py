"""The KL autoencoder of latent diffusion (8x downscale, 4 latent channels) with the checkpoint's keys. Architecture only."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from config import LATENT_CHANNELS, LATENT_SCALE, NORM_GROUPS, VaeConfig

INITIAL_LOG_VARIANCE = -5.0


def norm(channels: int) -> nn.GroupNorm:
    return nn.GroupNorm(NORM_GROUPS, channels, eps=1e-6)


class ResnetBlock(nn.Module):
    def __init__(self, channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm1 = norm(channels)
        self.conv1 = nn.Conv2d(channels, out_channels, 3, padding=1)
        self.norm2 = norm(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        # A module that exists only when needed: published files have no key for an identity shortcut.
        if channels != out_channels:
            self.nin_shortcut = nn.Conv2d(channels, out_channels, 1)
        # Residual branches start silent: the net begins as a plain chain of resampling convolutions and learns far sooner.
        nn.init.zeros_(self.conv2.weight)

    def forward(self, x: Tensor) -> Tensor:
        h = self.conv1(F.silu(self.norm1(x)))
        h = self.conv2(F.silu(self.norm2(h)))
        return (self.nin_shortcut(x) if hasattr(self, "nin_shortcut") else x) + h


class AttentionBlock(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = norm(channels)
        self.q = nn.Conv2d(channels, channels, 1)
        self.k = nn.Conv2d(channels, channels, 1)
        self.v = nn.Conv2d(channels, channels, 1)
        self.proj_out = nn.Conv2d(channels, channels, 1)
        nn.init.zeros_(self.proj_out.weight)

    def forward(self, x: Tensor) -> Tensor:
        normed = self.norm(x)
        query, key, value = (conv(normed).flatten(2).transpose(1, 2) for conv in (self.q, self.k, self.v))
        out = F.scaled_dot_product_attention(query, key, value)
        return x + self.proj_out(out.transpose(1, 2).unflatten(2, x.shape[2:]))


class Middle(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.block_1 = ResnetBlock(channels, channels)
        self.attn_1 = AttentionBlock(channels)
        self.block_2 = ResnetBlock(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.block_2(self.attn_1(self.block_1(x)))


class Downsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, (0, 1, 0, 1)))  # latent diffusion pads right and bottom only


class Upsample(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.interpolate(x, scale_factor=2, mode="nearest"))


class Level(nn.Module):
    """One resolution: residual blocks, then a change of size when there is a further level."""

    def __init__(self, widths: list[int], **resample: nn.Module) -> None:
        super().__init__()
        self.block = nn.ModuleList(ResnetBlock(a, b) for a, b in zip(widths, widths[1:]))
        self.resample_name = next(iter(resample), None)
        for name, module in resample.items():
            self.add_module(name, module)

    def forward(self, x: Tensor) -> Tensor:
        for block in self.block:
            x = block(x)
        return getattr(self, self.resample_name)(x) if self.resample_name else x


class Encoder(nn.Module):
    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        channels = config.channels
        self.conv_in = nn.Conv2d(3, channels, 3, padding=1)
        levels = []
        for level, mult in enumerate(config.channel_mult):
            width = config.channels * mult
            last = level == len(config.channel_mult) - 1
            widths = [channels] + [width] * config.num_res_blocks
            levels.append(Level(widths) if last else Level(widths, downsample=Downsample(width)))
            channels = width
        self.down = nn.ModuleList(levels)
        self.mid = Middle(channels)
        self.norm_out = norm(channels)
        self.conv_out = nn.Conv2d(channels, 2 * LATENT_CHANNELS, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv_in(x)
        for level in self.down:
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(self.mid(x))))


class Decoder(nn.Module):
    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        channels = config.channels * config.channel_mult[-1]
        self.conv_in = nn.Conv2d(LATENT_CHANNELS, channels, 3, padding=1)
        self.mid = Middle(channels)
        levels: list[Level] = []
        for level, mult in reversed(list(enumerate(config.channel_mult))):
            width = config.channels * mult
            widths = [channels] + [width] * (config.num_res_blocks + 1)
            levels.insert(0, Level(widths, upsample=Upsample(width)) if level > 0 else Level(widths))
            channels = width
        self.up = nn.ModuleList(levels)
        self.norm_out = norm(channels)
        self.conv_out = nn.Conv2d(channels, 3, 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        x = self.mid(self.conv_in(z))
        for level in reversed(self.up):
            x = level(x)
        return self.conv_out(F.silu(self.norm_out(x)))


class AutoencoderKL(nn.Module):
    """Pictures are [N, 3, H, W] in -1..1; scaled latents (as samplers see them) are [N, 4, H/8, W/8]."""

    def __init__(self, config: VaeConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.quant_conv = nn.Conv2d(2 * LATENT_CHANNELS, 2 * LATENT_CHANNELS, 1)
        self.post_quant_conv = nn.Conv2d(LATENT_CHANNELS, LATENT_CHANNELS, 1)

    def moments(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_variance = self.quant_conv(self.encoder(picture)).chunk(2, dim=1)
        return mean, log_variance.clamp(-30, 20)

    def encode(self, picture: Tensor) -> Tensor:
        return self.moments(picture)[0] * LATENT_SCALE

    def decode(self, latents: Tensor) -> Tensor:
        return self.decoder(self.post_quant_conv(latents / LATENT_SCALE))

    @torch.no_grad()
    def begin_as_pooling(self) -> None:
        """Initialises the chain of resampling layers to 2x2 means and copies, and the posterior to little noise.

        Must be called before training only. From PyTorch's own initialisation, all colours first collapse into one
        direction of the latents and take thousands of steps to part.
        """
        for level in self.encoder.down[:-1]:
            weight = level.downsample.conv.weight
            weight.mul_(0.5)
            weight[:, :, :2, :2] += torch.eye(len(weight))[:, :, None, None] / 4
        for level in self.decoder.up[1:]:
            weight = level.upsample.conv.weight
            weight.mul_(0.5)
            weight[:, :, 1, 1] += torch.eye(len(weight))
        for conv in [m for m in self.modules() if isinstance(m, nn.Conv2d) and m.kernel_size == (1, 1)]:
            if conv.weight.any():
                nn.init.orthogonal_(conv.weight)
        nn.init.eye_(self.quant_conv.weight[:, :, 0, 0])
        nn.init.zeros_(self.quant_conv.weight[LATENT_CHANNELS:])
        nn.init.constant_(self.quant_conv.bias[LATENT_CHANNELS:], INITIAL_LOG_VARIANCE)
        nn.init.eye_(self.post_quant_conv.weight[:, :, 0, 0])
        self.decoder.conv_in.weight.mul_(0.5)
        nn.init.orthogonal_(self.decoder.conv_in.weight[:, :, 1, 1])

    @torch.no_grad()
    def fold_latent_statistics(self, mean: Tensor, std: Tensor) -> None:
        """Rescales so that scaled latents, now of `mean` and `std` per channel [4], become zero-mean and unit-variance.

        Must leave decode(encode(picture)) unchanged: what quant_conv gains, post_quant_conv undoes.
        """
        gain = 1 / std
        shift = -mean / std / LATENT_SCALE
        weight, bias = self.quant_conv.weight, self.quant_conv.bias
        weight[:LATENT_CHANNELS] *= gain[:, None, None, None]
        bias[:LATENT_CHANNELS] = bias[:LATENT_CHANNELS] * gain + shift
        bias[LATENT_CHANNELS:] += 2 * gain.log()
        weight, bias = self.post_quant_conv.weight, self.post_quant_conv.bias
        bias -= (weight[:, :, 0, 0] * (shift / gain)).sum(dim=1)
        weight /= gain[None, :, None, None]
