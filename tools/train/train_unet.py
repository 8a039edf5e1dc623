"""Trains text encoder and UNet together on cached latents: epsilon prediction, SD's schedule, weights by SNR, attribute hints, EMA.
Sizes follow each other by a plan over the time budget; the VAE is not touched."""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from cache_latents import open_latents
from checkpoints import Average, Clock, load_state, save_state, scheduled_rate
from config import EMPTY_CAPTION_SHARE, TRAIN_STEPS, WEIGHT_POWER, TextConfig, UnetConfig, state_dir
from data import LatentSet, choose_device
from diffusion import alphas_cumprod, loss_weights
from hints import AttributeHeads
from nets import TextEncoder, Unet
from optimizer import MuonAdamW
from tokenizer import Tokenizer

SAVE_SECONDS = 150
TIMESTEP_POWER = 0.7
# Strength at most, and the sides of the grids it is drawn on.
LOW_NOISE, LOW_NOISE_SIDES = 0.25, (1, 2, 4)
REOPEN_SECONDS = 180  # a cache that is still being written grows


def parse_plan(text: str) -> list[tuple[float, int, int]]:
    """ "128:0.5:16,256:0.5:8" -> [(end of share, size, scenes a batch)]; the shares must add up to 1."""
    plan, end = [], 0.0
    for part in text.split(","):
        fields = part.split(":")
        if len(fields) != 3:
            raise ValueError(f"--plan: expected size:share:scenes, got {part!r}")
        end += float(fields[1])
        if int(fields[2]) % 2:
            raise ValueError(f"--plan: expected an even number of scenes, got {part!r}")
        plan.append((end, int(fields[0]), int(fields[2])))
    if abs(end - 1) > 1e-6:
        raise ValueError(f"--plan: expected shares that add up to 1, got {end}")
    return plan


def stratified_timesteps(count: int, device: torch.device) -> Tensor:
    """Timesteps from `count` equal parts of a distribution that leans to strong noise: far less variance than free draws."""
    positions = ((torch.randperm(count) + torch.rand(count)) / count) ** TIMESTEP_POWER
    return (positions * TRAIN_STEPS).long().clamp(max=TRAIN_STEPS - 1).to(device)


def training_noise(like: Tensor) -> Tensor:
    """Unit-variance noise with some extra at the lowest frequencies, as much as chance has it for each picture.

    SD's schedule ends at an SNR of 0.005, where the mean of hundreds of latents still shows: a net trained on white noise reads
    brightness and layout off what is left instead of off the caption, and then does so in pure noise (Guttenberg 2023 and
    Lin et al. 2023 describe it). Hidden under noise of their own frequency, they can only be known from the caption.
    """
    noise = torch.randn_like(like)
    strength = LOW_NOISE * torch.rand(len(like), 1, 1, 1, device=like.device)
    for side in LOW_NOISE_SIDES:
        coarse = torch.randn(*like.shape[:2], side, side, device=like.device)
        noise = noise + strength * F.interpolate(coarse, size=like.shape[2:], mode="bilinear", align_corners=False)
    return noise / (1 + len(LOW_NOISE_SIDES) * strength.square()).sqrt()


class Trainer:
    """Owns nets, optimizer and average, and their state on disk."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments = arguments
        self.device, self.dtype = choose_device()
        torch.manual_seed(arguments.seed)
        tokenizer = Tokenizer()
        self.empty = torch.tensor(tokenizer.encode(""))
        self.text = TextEncoder(TextConfig(len(tokenizer))).to(self.device)
        self.unet = Unet(UnetConfig()).to(self.device)
        self.nets = nn.ModuleList([self.unet, self.text])
        self.heads = AttributeHeads(UnetConfig().model_channels * UnetConfig().channel_mult[-1]).to(self.device)
        self.parameters = [*self.nets.parameters(), *self.heads.parameters()]
        # On a CPU each half of a batch has a thread of its own: two threads inside every small operation wait for each
        # other far more often. A GPU takes the batch whole.
        self.parts = 1 if self.device.type == "cuda" else 2
        self.pool = ThreadPoolExecutor(self.parts, initializer=torch.set_num_threads, initargs=(2 // self.parts,))
        self.optimizer = MuonAdamW(self.nets, arguments.rate, weight_decay=0.01)
        self.heads_optimizer = torch.optim.AdamW(self.heads.parameters(), lr=1e-3, weight_decay=0.01)
        self.average = Average(self.nets, arguments.average)
        self.clock, self.step = Clock(arguments.minutes), 0
        self.alphas = alphas_cumprod().float().to(self.device)
        self.weights = loss_weights(arguments.weight_power).to(self.device)
        self.path = state_dir() / "unet.pt"
        self.resume()

    def resume(self) -> None:
        state = load_state(self.path)
        if state is None:
            return
        self.unet.load_state_dict(state["unet"])
        self.text.load_state_dict(state["text"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load(state["average"])
        if "heads" in state:
            self.heads.load_state_dict(state["heads"])
        self.clock, self.step = Clock(self.arguments.minutes, state["seconds"]), state["step"]
        torch.manual_seed(self.arguments.seed + self.step)

    def save(self) -> None:
        nets = {"unet": self.unet.state_dict(), "text": self.text.state_dict()}
        resume = {
            "optimizer": self.optimizer.state_dict(),
            "average": self.average.state(),
            "heads": self.heads.state_dict(),
            "seconds": self.clock.spent,
            "step": self.step,
        }
        save_state(self.path, nets | resume)
        live = [p.detach().clone() for p in self.nets.parameters()]
        self.average.copy_to(self.nets)
        save_state(self.path.with_name("unet-average.pt"), {**nets, "step": self.step})
        with torch.no_grad():
            for parameter, value in zip(self.nets.parameters(), live):
                parameter.copy_(value)

    def gradients(self, latents: Tensor, ids: Tensor, targets: Tensor, timesteps: Tensor, noise: Tensor) -> list[Tensor]:
        """Gradients of one part of a batch, then its mean loss and mean hint."""
        signal = self.alphas[timesteps][:, None, None, None]
        noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise
        with torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            context = self.text(ids).repeat_interleave(len(latents) // len(ids), dim=0)
            prediction, middle = self.unet.with_middle(noisy, timesteps, context)
        hint = self.heads(middle, targets.repeat_interleave(len(latents) // len(ids), dim=0))
        errors = (prediction.float() - noise).square().mean(dim=(1, 2, 3))
        loss = (errors * self.weights[timesteps]).mean()
        total = loss + self.arguments.hint * hint
        return [*torch.autograd.grad(total, self.parameters), loss.detach(), hint.detach()]

    def train_step(self, latents: Tensor, ids: Tensor, targets: Tensor, progress: float) -> tuple[Tensor, Tensor]:
        """One update; each scene is used with several timesteps, so that its caption is encoded once."""
        self.optimizer.set_rate(scheduled_rate(self.arguments.rate, self.step, progress, self.arguments.warmup))
        ids[torch.rand(len(ids)) < EMPTY_CAPTION_SHARE] = self.empty
        latents = latents.to(self.device).repeat_interleave(self.arguments.draws, dim=0)
        timesteps = stratified_timesteps(len(latents), self.device)
        batch = (latents, ids.to(self.device), targets.to(self.device), timesteps, training_noise(latents))
        parts = zip(*(values.chunk(self.parts) for values in batch))
        totals = [
            torch.stack(values).mean(dim=0) for values in zip(*self.pool.map(lambda part: self.gradients(*part), parts))
        ]
        for parameter, gradient in zip(self.parameters, totals):
            parameter.grad = gradient
        self.optimizer.step(self.pool.map)
        self.heads_optimizer.step()
        self.average.update(self.nets)
        self.step += 1
        return totals[-2], totals[-1]

    def run(self, plan: list[tuple[float, int, int]]) -> None:
        rng = np.random.default_rng([self.arguments.seed, self.step])
        saved = reported = time.monotonic()
        opened, latent_set, current = 0.0, None, None
        recent: list[tuple[Tensor, Tensor]] = []
        progress = self.clock.tick()
        while progress < 1:
            size, scenes = next((size, scenes) for end, size, scenes in plan if progress < end or end == plan[-1][0])
            if size != current or time.monotonic() - opened > REOPEN_SECONDS:
                latent_set: LatentSet = open_latents(size)
                opened, current = time.monotonic(), size
            recent.append(self.train_step(*latent_set.batch(rng, scenes), progress))
            progress = self.clock.tick()
            if self.step % 25 == 0:
                loss, hint = (float(torch.stack(values).mean()) for values in zip(*recent))
                seconds = (time.monotonic() - reported) / len(recent)
                recent, reported = [], time.monotonic()
                print(
                    f"step {self.step} {progress:6.1%} {size} px, {len(latent_set.latents)} scenes: "
                    f"loss {loss:.4f} hint {hint:.3f}, {seconds:.2f} s a step",
                    flush=True,
                )
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=70, help="training time over all resumed runs")
    parser.add_argument(
        "--plan", default="128:0.55:16,256:0.45:8", help="size:share of the time:scenes a batch, in order"
    )
    parser.add_argument("--draws", type=int, default=2, help="timesteps drawn for each scene of a batch")
    parser.add_argument(
        "--weight-power", type=float, default=WEIGHT_POWER, help="how strongly the loss leans to strong noise"
    )
    parser.add_argument("--hint", type=float, default=0.1, help="weight of the attribute heads' loss")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--warmup", type=int, default=60, help="steps")
    parser.add_argument("--average", type=float, default=0.998, help="EMA decay")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    Trainer(arguments).run(parse_plan(arguments.plan))


if __name__ == "__main__":
    main()
