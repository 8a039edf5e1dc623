"""Trains the VAE on renders at mixed scales: all of it first, then (--decoder-only) the decoder against a frozen encoder.
Does not touch the UNet; latents must be cached again whenever the encoder changes."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from checkpoints import Average, Clock, load_state, save_state, scheduled_rate
from config import LATENT_CHANNELS, LATENT_SCALE, VaeConfig, state_dir
from data import PicturePool, choose_device
from optimizer import MuonAdamW
from vae import AutoencoderKL

SAVE_SECONDS = 120
KL_WEIGHT = 1e-5
GRADIENT_WEIGHT = 0.5
FEATURE_WEIGHT = 0.2
# At most this much noise, of the latents' own deviation, in decoder training: sampled latents keep a tenth or so of theirs, and a
# decoder that has only seen encoded ones shows it as grain.
LATENT_NOISE = 0.25


def picture_gradients(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]


def pyramid_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 over pixels and over their differences at three scales: edges cost as much as flat areas, whose sum is larger."""
    loss = prediction.new_zeros(())
    for _ in range(3):
        loss = loss + F.l1_loss(prediction, target)
        for a, b in zip(picture_gradients(prediction), picture_gradients(target)):
            loss = loss + GRADIENT_WEIGHT * F.l1_loss(a, b)
        prediction, target = F.avg_pool2d(prediction, 2), F.avg_pool2d(target, 2)
    return loss


class RandomFeatures(nn.Module):
    """A fixed random convolution stack: a cheap perceptual distance that needs no weights of others."""

    def __init__(self, seed: int = 7) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.stages = nn.ModuleList(nn.Conv2d(a, b, 5, stride=2, padding=2) for a, b in ((3, 24), (24, 32)))
        for stage in self.stages:
            fan_in = stage.weight[0].numel()
            stage.weight.data = torch.randn(stage.weight.shape, generator=generator) * (2 / fan_in) ** 0.5
            stage.bias.data.zero_()
        self.requires_grad_(False)

    def distance(self, a: Tensor, b: Tensor) -> Tensor:
        total = a.new_zeros(())
        for stage in self.stages:
            a, b = F.relu(stage(a)), F.relu(stage(b))
            total = total + F.l1_loss(a, b)
        return total


def train(arguments: argparse.Namespace) -> None:
    device, dtype = choose_device()
    torch.manual_seed(arguments.seed)
    vae = AutoencoderKL(VaeConfig())
    vae.begin_as_pooling()
    vae = vae.to(device)
    features = RandomFeatures().to(device)
    path: Path = state_dir() / ("vae-decoder.pt" if arguments.decoder_only else "vae.pt")
    state = load_state(path)
    if arguments.decoder_only:
        start = state or load_state(state_dir() / "vae-frozen.pt")
        if start is None:
            raise FileNotFoundError(f"{state_dir() / 'vae-frozen.pt'}: expected a frozen VAE to refine, got nothing")
        vae.load_state_dict(start["vae"])
        vae.encoder.requires_grad_(False)
        vae.quant_conv.requires_grad_(False)
        trained = nn.ModuleList([vae.decoder, vae.post_quant_conv])
    else:
        trained = vae
        if state:
            vae.load_state_dict(state["vae"])
    optimizer = MuonAdamW(trained, arguments.rate, weight_decay=1e-3)
    average = Average(trained, 0.998)
    clock, step = Clock(arguments.minutes), 0
    if state:
        optimizer.load_state_dict(state["optimizer"])
        average.load(state["average"])
        clock, step = Clock(arguments.minutes, state["seconds"]), state["step"]

    pool = PicturePool(arguments.pool, arguments.seed + step, workers=arguments.workers)
    rng = np.random.default_rng(arguments.seed + step)
    saved, losses = time.monotonic(), []
    progress = clock.tick()

    def save() -> None:
        # Resume state, plus the averaged weights that everything downstream uses.
        save_state(
            path,
            {
                "vae": vae.state_dict(),
                "optimizer": optimizer.state_dict(),
                "average": average.state(),
                "seconds": clock.spent,
                "step": step,
            },
        )
        backup = [p.detach().clone() for p in trained.parameters()]
        average.copy_to(trained)
        save_state(path.with_name(path.stem + "-average.pt"), {"vae": vae.state_dict()})
        with torch.no_grad():
            for parameter, value in zip(trained.parameters(), backup):
                parameter.copy_(value)

    while progress < 1:
        rate = scheduled_rate(arguments.rate, step, progress, warmup_steps=30)
        optimizer.set_rate(rate)
        pool.refresh(arguments.refresh)
        # Every fourth batch has crops of twice the side: group statistics must hold for whole pictures too.
        doubled = step % 4 == 3
        crop, batch = (2 * arguments.crop, arguments.batch // 4) if doubled else (arguments.crop, arguments.batch)
        target = pool.crops(rng, batch, crop).to(device)
        with torch.autocast(device.type, dtype, enabled=dtype != torch.float32):
            if arguments.decoder_only:
                with torch.no_grad():
                    mean = vae.moments(target)[0]
                deviation = mean.float().std(dim=(0, 2, 3), keepdim=True)
                latents = mean + torch.randn_like(mean) * deviation * LATENT_NOISE * torch.rand(
                    len(mean), 1, 1, 1, device=device
                )
                kl = torch.zeros((), device=device)
            else:
                mean, log_variance = vae.moments(target)
                latents = mean + torch.randn_like(mean) * (0.5 * log_variance).exp()
                kl = 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).sum(dim=1).mean()
            picture = vae.decode(latents * LATENT_SCALE)
        reconstruction = pyramid_loss(picture.float(), target)
        loss = reconstruction + FEATURE_WEIGHT * features.distance(picture.float(), target) + KL_WEIGHT * kl
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(trained)
        losses.append((float(F.l1_loss(picture.detach().float(), target)), float(loss.detach()), float(kl.detach())))
        step += 1
        progress = clock.tick()
        if step % 25 == 0:
            l1, total, divergence = np.mean(losses[-25:], axis=0)
            print(
                f"step {step} {progress:6.1%} l1 {l1:.4f} loss {total:.4f} kl {divergence:.2f} rate {rate:.2e}",
                flush=True,
            )
        if time.monotonic() - saved > SAVE_SECONDS:
            save()
            saved = time.monotonic()
    save()


def freeze(sample: int = 128, size: int = 128) -> None:
    """Folds latent statistics into the averaged weights and writes the VAE that latents are cached with."""
    state = load_state(state_dir() / "vae-average.pt")
    if state is None:
        raise FileNotFoundError(f"{state_dir() / 'vae-average.pt'}: expected averaged VAE weights, got nothing")
    vae = AutoencoderKL(VaeConfig())
    vae.load_state_dict(state["vae"])
    pool = PicturePool(sample, seed=11, workers=1, size=256)
    rng = np.random.default_rng(11)
    with torch.no_grad():
        halves = torch.cat([vae.encode(pool.crops(rng, 16, size)) for _ in range(sample // 32)])
        wholes = torch.cat([vae.encode(pool.wholes(i, 8)) for i in range(0, sample // 4, 8)])
    values = torch.cat([z.transpose(0, 1).reshape(LATENT_CHANNELS, -1) for z in (halves, wholes)], dim=1)
    vae.fold_latent_statistics(values.mean(dim=1), values.std(dim=1))
    save_state(state_dir() / "vae-frozen.pt", {"vae": vae.state_dict()})
    # A decoder refined for another encoder must not meet this one.
    for stale in ("vae-decoder.pt", "vae-decoder-average.pt"):
        (state_dir() / stale).unlink(missing_ok=True)
    print("latent mean", values.mean(dim=1).tolist(), "deviation", values.std(dim=1).tolist())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30, help="training time over all resumed runs")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--crop", type=int, default=64, help="side of the training crops: a multiple of 8, at most 64")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--pool", type=int, default=1024, help="renders kept in memory")
    parser.add_argument("--refresh", type=int, default=2, help="renders replaced each step")
    parser.add_argument("--workers", type=int, default=1, help="renderer processes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--decoder-only", action="store_true")
    parser.add_argument("--freeze", action="store_true", help="only fold statistics and write vae-frozen.pt")
    arguments = parser.parse_args()
    if arguments.freeze:
        freeze()
    else:
        train(arguments)


if __name__ == "__main__":
    main()
