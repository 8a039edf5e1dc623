"""A whole picture in PyTorch, as the app draws it: prompt, 20 guided steps, decoded pixels. Written from k-diffusion's definitions
of sigmas and samplers and independent of the app's. Makes one picture; compares nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from networks import KILN, TOKENS, decoder, file_of, load_text, load_unet, load_vae, marks, model_of

STEPS = 20
SEED = 42
TRAINED_STEPS = 1000
BETAS = (0.00085, 0.012)
KARRAS_RHO = 7.0

# "a red lighthouse by the sea at sunset" (PROMPT of scripts/bench-runs.ts) in CLIP's tokens and in Kiln Small's.
PROMPT_IDS = {
    KILN: (320, 912, 971, 752, 1108, 1118, 642, 1204),
    "sd-1.5": (320, 736, 13717, 638, 518, 2102, 536, 3424),
}
GUIDANCE = {KILN: 5.0, "sd-1.5": 7.0}

Denoise = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Networks:
    """Modules that take and give float32, whatever they compute in."""

    text: nn.Module
    unet: nn.Module
    decoder: nn.Module


@dataclass(frozen=True)
class Drawn:
    conditioning: Tensor
    latents: Tensor
    # [3, height, width], 0 to 1
    image: Tensor


def load_networks(name: str, size: str, weights: Path) -> Networks:
    file, model = file_of(name, size, weights), model_of(name, size)
    return Networks(
        load_text(file, model.text[0]).eval(), load_unet(file, model).eval(),
        load_vae(file, model, decoder(model.latent_scale)).eval(),
    )


def log_sigmas() -> Tensor:
    betas = torch.linspace(BETAS[0] ** 0.5, BETAS[1] ** 0.5, TRAINED_STEPS, dtype=torch.float64) ** 2
    alphas = torch.cumprod(1 - betas, 0)
    return (((1 - alphas) / alphas) ** 0.5).log()


def karras_sigmas(steps: int) -> Tensor:
    trained = log_sigmas().exp()
    low, high = trained[0] ** (1 / KARRAS_RHO), trained[-1] ** (1 / KARRAS_RHO)
    ramp = torch.linspace(0, 1, steps, dtype=torch.float64)
    return torch.cat([(high + ramp * (low - high)) ** KARRAS_RHO, torch.zeros(1, dtype=torch.float64)])


def timestep_of(sigma: Tensor, trained: Tensor) -> Tensor:
    """Between the two trained ones beside it, in log sigma."""
    above = int(torch.searchsorted(trained, sigma.log()).clamp(1, TRAINED_STEPS - 1))
    low, high = trained[above - 1], trained[above]
    return (above - 1 + ((sigma.log() - low) / (high - low)).clamp(0, 1)).float()


def euler(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Tensor:
    for sigma, following in zip(sigmas, sigmas[1:]):
        x = x + (x - denoise(x, sigma)) / sigma.float() * (following - sigma).float()
    return x


def dpmpp_2m(denoise: Denoise, x: Tensor, sigmas: Tensor) -> Tensor:
    """DPM-Solver++(2M), Lu et al. 2022, algorithm 2."""
    older, step_before = None, None
    for sigma, following in zip(sigmas, sigmas[1:]):
        denoised = denoise(x, sigma)
        if following == 0:
            return denoised
        step = float((sigma / following).log())
        target = denoised
        if older is not None and step_before is not None:
            ratio = step_before / step
            target = (1 + 1 / (2 * ratio)) * denoised - 1 / (2 * ratio) * older
        x = (following / sigma).float() * x + (1 - following / sigma).float() * target
        older, step_before = denoised, step
    raise AssertionError("sigmas end in zero")


SAMPLERS = {"Euler": euler, "DPM++ 2M": dpmpp_2m}


def prompt_ids(name: str, words: tuple[int, ...]) -> Tensor:
    start, end = marks(name)
    return torch.tensor([[start, *words, *[end] * (TOKENS - 1 - len(words))]], dtype=torch.int32)


@torch.inference_mode()
def draw(
    name: str, size: str, networks: Networks, sampler: str, steps: int = STEPS, device: str = "cpu", seed: int = SEED
) -> Drawn:
    """On Karras' sigmas, from the noise of PyTorch's processor generator."""
    side = model_of(name, size).pixels // 8
    trained = log_sigmas()
    conditioning, negative = (networks.text(prompt_ids(name, words).to(device))[0] for words in (PROMPT_IDS[name], ()))
    context = torch.cat([conditioning, negative])

    def denoise(x: Tensor, sigma: Tensor) -> Tensor:
        scaled = x / float((sigma**2 + 1) ** 0.5)
        # One timestep for both halves, as the app's graph takes it.
        timestep = timestep_of(sigma, trained).reshape(1).to(device)
        with_prompt, without = networks.unet(torch.cat([scaled, scaled]), timestep, context)[0].chunk(2)
        return x - sigma.float() * (without + GUIDANCE[name] * (with_prompt - without))

    sigmas = karras_sigmas(steps)
    noise = torch.randn((1, 4, side, side), generator=torch.Generator().manual_seed(seed)).to(device)
    latents = SAMPLERS[sampler](denoise, noise * sigmas[0].float(), sigmas)
    image = (networks.decoder(latents)[0][0] / 2 + 0.5).clamp(0, 1)
    return Drawn(conditioning, latents, image)


def psnr(got: Tensor, expected: Tensor) -> float:
    """Decibels, of values from 0 to 1."""
    return float(-10 * (got.double() - expected.double()).square().mean().log10())


def relative_error(got: Tensor, expected: Tensor) -> float:
    return float((got.double() - expected.double()).norm() / expected.double().norm())
