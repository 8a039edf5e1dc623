"""Trains the embedded x2 upscaler (Real-ESRGAN's compact network, small) on renders and degraded versions of them, and
measures it against bicubic on renders never trained on. Writes the published file with --export."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import io
import json
import os
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from checkpoints import Average, load_state, save_state, scheduled_rate
from config import UPSCALER_HELD_OUT_SEED, UPSCALER_SEED, VaeConfig, package_dir, state_dir
from data import render_seed, to_pictures
from optimizer import MuonAdamW
from vae import AutoencoderKL

SCALE = 2
CHANNELS = 32
CONVOLUTIONS = 8
SOURCE_SIZE = 512  # of the renders: twice the embedded model's own size, so that the inputs are at that size
CROP = 48  # of the inputs
SAVE_SECONDS = 60
MAX_BYTES = 1_200_000


class CompactUpscaler(nn.Module):
    """SRVGGNetCompact with its keys: convolutions and PReLU at input size, pixels only at the end. Pictures are in 0..1."""

    def __init__(self, channels: int = CHANNELS, convolutions: int = CONVOLUTIONS, scale: int = SCALE) -> None:
        super().__init__()
        self.scale = scale
        body: list[nn.Module] = [nn.Conv2d(3, channels, 3, padding=1), nn.PReLU(channels, init=0.2)]
        for _ in range(convolutions):
            body += [nn.Conv2d(channels, channels, 3, padding=1), nn.PReLU(channels, init=0.2)]
        self.body = nn.ModuleList([*body, nn.Conv2d(channels, 3 * scale**2, 3, padding=1)])

    @torch.no_grad()
    def begin(self) -> None:
        """From PyTorch's own initialisation features fade from layer to layer, and the net stays the nearest-neighbour
        enlargement that it adds to."""
        *hidden, last = [layer for layer in self.body if isinstance(layer, nn.Conv2d)]
        for conv in hidden:
            nn.init.kaiming_normal_(conv.weight, a=0.2)
            nn.init.zeros_(conv.bias)
        last.weight.mul_(0.1)
        nn.init.zeros_(last.bias)

    def forward(self, picture: Tensor) -> Tensor:
        x = picture
        for layer in self.body:
            x = layer(x)
        base = F.interpolate(picture, scale_factor=self.scale, mode="nearest")
        return F.pixel_shuffle(x, self.scale) + base


def load_vae() -> AutoencoderKL:
    """The published model's, whose softness the upscaler shall undo."""
    prefix = "first_stage_model."
    tensors = load_file(package_dir() / "kiln-small.safetensors")
    vae = AutoencoderKL(VaeConfig())
    vae.load_state_dict({key.removeprefix(prefix): v.float() for key, v in tensors.items() if key.startswith(prefix)})
    return vae.eval()


def blurred(picture: Tensor, sigma: float) -> Tensor:
    taps = torch.exp(-0.5 * (torch.arange(-2, 3) / sigma) ** 2)
    taps = (taps / taps.sum()).expand(3, 1, 1, 5)
    picture = F.conv2d(F.pad(picture, (2, 2, 0, 0), mode="replicate"), taps, groups=3)
    return F.conv2d(F.pad(picture, (0, 0, 2, 2), mode="replicate"), taps.transpose(2, 3), groups=3)


def as_jpeg(picture: Tensor, quality: int) -> Tensor:
    pixels = (picture.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality)
    return torch.from_numpy(np.asarray(Image.open(file)).copy()).permute(2, 0, 1).float() / 255


def reduced(picture: Tensor, filter_: str) -> Tensor:
    if filter_ == "area":
        return F.avg_pool2d(picture[None], SCALE)[0]
    return F.interpolate(picture[None], scale_factor=1 / SCALE, mode="bicubic", antialias=True)[0].clamp(0, 1)


# What has happened to the inputs of a batch, and how often: the embedded model's pictures come first.
KINDS = {"vae": 0.4, "clean": 0.25, "mixed": 0.35}


def degraded(picture: Tensor, decoded: Tensor, kind: str, rng: np.random.Generator) -> Tensor:
    """[3, 512, 512] and its half through the VAE -> an input [3, 256, 256]."""
    if kind == "vae":
        return decoded
    small = reduced(picture, rng.choice(["area", "bicubic"]))
    if kind == "clean":
        return small
    small = blurred(small[None], rng.uniform(0.3, 0.9))[0]
    small = small + torch.from_numpy(rng.normal(0, rng.uniform(0, 0.03), small.shape).astype(np.float32))
    return as_jpeg(small, int(rng.integers(60, 96))) if rng.random() < 0.6 else small.clamp(0, 1)


class PairPool:
    """Renders with their halves through the VAE, kept in memory as bytes; `refresh` replaces one."""

    def __init__(self, count: int, first_seed: int, vae: AutoencoderKL) -> None:
        self.vae, self.next_seed, self.cursor = vae, first_seed, 0
        self.pairs: list[tuple[Tensor, Tensor]] = []
        for _ in range(count):
            self.pairs.append(self.make())

    @torch.no_grad()
    def make(self) -> tuple[Tensor, Tensor]:
        picture = (to_pictures(render_seed(self.next_seed, SOURCE_SIZE)[None]) + 1) / 2
        self.next_seed += 1
        small = F.avg_pool2d(picture, SCALE)
        decoded = (self.vae.decode(self.vae.encode(small * 2 - 1)) + 1) / 2
        as_bytes = lambda x: (x[0].clamp(0, 1) * 255).round().byte()  # noqa: E731
        return as_bytes(picture), as_bytes(decoded)

    def refresh(self) -> None:
        self.pairs[self.cursor] = self.make()
        self.cursor = (self.cursor + 1) % len(self.pairs)

    def pair(self, index: int) -> tuple[Tensor, Tensor]:
        picture, decoded = self.pairs[index]
        return picture.float() / 255, decoded.float() / 255

    def batch(self, rng: np.random.Generator, count: int) -> tuple[Tensor, Tensor]:
        inputs, targets = [], []
        for kind in rng.choice(list(KINDS), size=count, p=list(KINDS.values())):
            picture, decoded = self.pair(int(rng.integers(len(self.pairs))))
            small = degraded(picture, decoded, kind, rng)
            top, left = rng.integers(0, small.shape[1] - CROP + 1, size=2)
            inputs.append(small[:, top : top + CROP, left : left + CROP])
            side = slice(SCALE * top, SCALE * (top + CROP)), slice(SCALE * left, SCALE * (left + CROP))
            targets.append(picture[:, *side])
        return torch.stack(inputs), torch.stack(targets)


def loss_of(prediction: Tensor, target: Tensor) -> Tensor:
    """L1 over pixels and over their differences, so that edges count as much as flat areas."""
    loss = F.l1_loss(prediction, target)
    for a, b in ((prediction.diff(dim=2), target.diff(dim=2)), (prediction.diff(dim=3), target.diff(dim=3))):
        loss = loss + 0.5 * F.l1_loss(a, b)
    return loss


def train(arguments: argparse.Namespace) -> None:
    torch.manual_seed(arguments.seed)
    net = CompactUpscaler()
    net.begin()
    optimizer = MuonAdamW(net, arguments.rate, weight_decay=1e-3)
    average, step, spent = Average(net, 0.998), 0, 0.0
    path = state_dir() / "upscaler.pt"
    state = load_state(path)
    if state:
        net.load_state_dict(state["net"])
        optimizer.load_state_dict(state["optimizer"])
        average.load(state["average"])
        step, spent = state["step"], state["seconds"]
    # Processor time, not the clock's: a run beside others is as long as one alone.
    before = time.process_time() - spent
    pool = PairPool(arguments.pool, UPSCALER_SEED + step, load_vae())
    rng = np.random.default_rng([arguments.seed, step])
    saved, losses = time.monotonic(), []

    def save() -> None:
        parts = {"net": net.state_dict(), "optimizer": optimizer.state_dict(), "average": average.state()}
        save_state(path, {**parts, "step": step, "seconds": time.process_time() - before})

    while (progress := (time.process_time() - before) / (60 * arguments.minutes)) < 1:
        optimizer.set_rate(scheduled_rate(arguments.rate, step, progress, warmup_steps=30))
        if step % arguments.refresh == 0:
            pool.refresh()
        inputs, targets = pool.batch(rng, arguments.batch)
        loss = loss_of(net(inputs), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(net)
        losses.append(loss.item())
        step += 1
        if step % 50 == 0:
            print(f"step {step} {progress:6.1%} loss {np.mean(losses[-50:]):.5f}", flush=True)
        if time.monotonic() - saved > SAVE_SECONDS:
            save()
            saved = time.monotonic()
    save()


def psnr(a: Tensor, b: Tensor) -> float:
    return -10 * torch.log10(F.mse_loss(a.clamp(0, 1), b)).item()


@torch.no_grad()
def evaluate(net: CompactUpscaler, count: int) -> dict[str, dict[str, float]]:
    """Mean PSNR over whole renders that were never trained on, for each kind of input."""
    pool = PairPool(count, UPSCALER_HELD_OUT_SEED, load_vae())
    rng = np.random.default_rng(5)
    table: dict[str, dict[str, float]] = {}
    for kind in KINDS:
        rows = []
        for index in range(count):
            picture, decoded = pool.pair(index)
            small = degraded(picture, decoded, kind, rng)[None]
            bicubic = F.interpolate(small, scale_factor=SCALE, mode="bicubic")
            rows.append([psnr(bicubic[0], picture), psnr(net(small)[0], picture)])
        bicubic_mean, net_mean = np.mean(rows, axis=0)
        table[kind] = {"bicubic": round(float(bicubic_mean), 2), "upscaler": round(float(net_mean), 2)}
    return table


def export(out: Path, date: str) -> None:
    state = load_state(state_dir() / "upscaler.pt")
    if state is None:
        raise FileNotFoundError(f"{state_dir() / 'upscaler.pt'}: expected a trained upscaler, got nothing")
    net = CompactUpscaler()
    average = Average(net, 0.998)
    average.load(state["average"])
    average.copy_to(net)
    out.parent.mkdir(parents=True, exist_ok=True)
    metadata = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": "real-esrgan-compact",
        "modelspec.title": "Kiln Upscaler x2",
        "modelspec.author": "Kiln contributors",
        "modelspec.license": "MIT",
        "modelspec.date": date,
        "modelspec.description": "Doubles pictures of the embedded model's kind: sharpens what its decoder blurs, removes light noise.",
        "scale": str(SCALE),
    }
    save_file({key: value.half().contiguous() for key, value in net.state_dict().items()}, out, metadata=metadata)
    out.chmod(0o644)  # safetensors creates files for the owner alone
    size = out.stat().st_size
    print(f"{out}: {size} bytes, sha256 {hashlib.sha256(out.read_bytes()).hexdigest()}, {state['step']} updates")
    if size > MAX_BYTES:
        raise ValueError(f"{out}: expected at most {MAX_BYTES} bytes, got {size}")


def load_upscaler(path: Path) -> CompactUpscaler:
    net = CompactUpscaler()
    net.load_state_dict({key: value.float() for key, value in load_file(path).items()})
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    published = package_dir().parent / "kiln-upscaler-x2" / "kiln-upscaler-x2.safetensors"
    parser.add_argument("--minutes", type=float, default=4, help="processor time of training over all resumed runs")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--pool", type=int, default=20, help="renders kept in memory")
    parser.add_argument("--refresh", type=int, default=25, help="steps until one of them is replaced")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--export", action="store_true", help="only write the published file")
    parser.add_argument("--evaluate", type=int, metavar="COUNT", help="only measure the published file on COUNT renders")
    parser.add_argument("--out", type=Path, default=published)
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    arguments = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("KILN_TRAIN_THREADS", "1")))
    if arguments.export:
        export(arguments.out, arguments.date)
    elif arguments.evaluate:
        print(json.dumps(evaluate(load_upscaler(arguments.out), arguments.evaluate), indent=1))
    else:
        train(arguments)


if __name__ == "__main__":
    main()
