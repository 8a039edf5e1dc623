"""SD's noise schedule and a DPM++ 2M sampler with guidance, for training and evaluation in PyTorch.
The browser's samplers are written elsewhere and owe nothing to this file."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from config import BETA_END, BETA_START, DOWNSCALE, LATENT_CHANNELS, TRAIN_STEPS, WEIGHT_OFFSET, WEIGHT_POWER

KARRAS_RHO = 7.0


def alphas_cumprod() -> Tensor:
    """Scaled-linear schedule: the square roots of beta are evenly spaced."""
    betas = torch.linspace(BETA_START**0.5, BETA_END**0.5, TRAIN_STEPS, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, dim=0)


def loss_weights(power: float = WEIGHT_POWER) -> Tensor:
    """Loss weight of each timestep for epsilon prediction: 1 / (offset + SNR)^power.

    The weighting of Choi et al. 2022, eq. 8, without its leading constant. What a caption decides is drawn at low SNR, where
    an error in epsilon is small even when the picture is quite another; unweighted or min-SNR losses hardly see it.
    """
    alphas = alphas_cumprod()
    snr = alphas / (1 - alphas)
    return ((WEIGHT_OFFSET + snr) ** -power).float()


def karras_sigmas(steps: int) -> Tensor:
    """Karras et al. 2022, eq. 5, over the schedule's own range, with the final zero."""
    alphas = alphas_cumprod()
    sigmas = ((1 - alphas) / alphas).sqrt()
    low, high = sigmas[0] ** (1 / KARRAS_RHO), sigmas[-1] ** (1 / KARRAS_RHO)
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    return torch.cat([(high + ramp * (low - high)) ** KARRAS_RHO, torch.zeros(1, dtype=torch.float64)])


class GuidedDenoiser:
    """denoised = x - sigma * guided noise prediction, both halves of the guidance in one batch."""

    def __init__(self, unet: nn.Module, conditioning: Tensor, unconditional: Tensor, guidance_scale: float) -> None:
        self.unet = unet
        self.context = torch.cat([unconditional.expand_as(conditioning), conditioning])
        self.guidance_scale = guidance_scale
        alphas = alphas_cumprod()
        self.log_sigmas = ((1 - alphas) / alphas).sqrt().log()

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        distance = torch.log(torch.tensor(sigma, dtype=torch.float64)) - self.log_sigmas
        # Fractional timestep: between the two training sigmas around this one.
        low = int((distance >= 0).sum().clamp(1, TRAIN_STEPS - 1)) - 1
        span = self.log_sigmas[low + 1] - self.log_sigmas[low]
        timestep = low + float((distance[low] / span).clamp(0, 1))
        scaled = (x / (sigma**2 + 1) ** 0.5).repeat(2, 1, 1, 1)
        timesteps = torch.full((len(scaled),), timestep, device=x.device)
        unconditional, conditional = self.unet(scaled, timesteps, self.context).float().chunk(2)
        return x - sigma * (unconditional + self.guidance_scale * (conditional - unconditional))


@torch.no_grad()
def sample(denoise: GuidedDenoiser, noise: Tensor, steps: int) -> Tensor:
    """DPM-Solver++(2M), Lu et al. 2022, algorithm 2, on Karras sigmas; noise has unit variance."""
    sigmas = karras_sigmas(steps).tolist()
    x, previous, previous_h = noise * sigmas[0], None, 0.0
    for sigma, following in zip(sigmas, sigmas[1:]):
        denoised = denoise(x, sigma)
        if following == 0:
            return denoised
        h = torch.log(torch.tensor(sigma / following)).item()
        direction = denoised
        if previous is not None:
            ratio = previous_h / h
            direction = (1 + 1 / (2 * ratio)) * denoised - (1 / (2 * ratio)) * previous
        x = following / sigma * x + (1 - following / sigma) * direction
        previous, previous_h = denoised, h
    raise AssertionError("the sigmas end in zero")


def seeded_noise(seeds: list[int], size: int) -> Tensor:
    """Unit-variance noise [n, 4, size/8, size/8], each row from its own seed."""
    side = size // DOWNSCALE
    return torch.stack(
        [torch.randn(LATENT_CHANNELS, side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )
