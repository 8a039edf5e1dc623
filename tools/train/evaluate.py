"""Judges the exported package: pictures from held-out captions, attributes read off by a classifier that saw renders only.
Only attributes that a caption states are judged. Trains the classifier, never the model."""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from captions import caption_with_labels
from checkpoints import load_state, save_state
from config import CEILING_SEED, CLASSIFIER_SEED, HELD_OUT_SEED, NATIVE_SIZE, package_dir, state_dir
from contact_sheet import write_sheet
from data import choose_device, render_seeds, scene_of, to_pictures
from diffusion import GuidedDenoiser, sample, seeded_noise
from export import load_nets
from labels import ATTRIBUTES, target_row
from tokenizer import Tokenizer

CLASSIFIER_SIZE = 64  # pictures are reduced to this; attributes are all large features
UNJUDGED = -100  # cross_entropy's ignore_index


class Classifier(nn.Module):
    """Pictures [n, 3, 64, 64] -> one row of logits for every attribute."""

    def __init__(self) -> None:
        super().__init__()

        def stage(a: int, b: int, stride: int) -> nn.Sequential:
            return nn.Sequential(nn.Conv2d(a, b, 3, stride=stride, padding=1), nn.BatchNorm2d(b), nn.ReLU())

        self.body = nn.Sequential(
            stage(3, 32, 1),
            stage(32, 48, 2),
            stage(48, 96, 2),
            stage(96, 128, 2),
            stage(128, 160, 2),
            nn.Flatten(),
            nn.Dropout(0.2),
        )
        self.heads = nn.ModuleDict({name: nn.Linear(160 * 16, len(values)) for name, values in ATTRIBUTES.items()})

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        features = self.body(pictures)
        return {name: head(features) for name, head in self.heads.items()}


def reduce(pictures: Tensor) -> Tensor:
    return F.interpolate(pictures, size=(CLASSIFIER_SIZE, CLASSIFIER_SIZE), mode="area")


def targets_of(seeds: range) -> dict[str, Tensor]:
    rows = torch.tensor([target_row(scene_of(seed)) for seed in seeds])
    return dict(zip(ATTRIBUTES, rows.unbind(dim=1)))


def render_small(seeds: range, workers: int) -> NDArray[np.uint8]:
    """Renders at twice the classifier's size and averages, as the pictures under judgement are averaged too."""
    chunks = []
    for first in range(seeds.start, seeds.stop, 512):
        pixels = render_seeds(range(first, min(first + 512, seeds.stop)), 2 * CLASSIFIER_SIZE, workers)
        small = (reduce(to_pictures(pixels)) + 1) * 127.5
        chunks.append(small.round().byte().permute(0, 2, 3, 1).numpy())
    return np.concatenate(chunks)


def train_classifier(count: int, steps: int, workers: int) -> Classifier:
    device, _ = choose_device()
    torch.manual_seed(5)
    seeds = range(CLASSIFIER_SEED, CLASSIFIER_SEED + count)
    pictures, targets = render_small(seeds, workers), targets_of(seeds)
    classifier = Classifier().to(device)
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=2e-3, weight_decay=0.02)
    for step in range(steps):
        for group in optimizer.param_groups:
            group["lr"] = 2e-3 * (1 - step / steps) * min(1, (step + 1) / 50)
        rows = torch.randint(0, count, (64,))
        batch = to_pictures(pictures[rows.numpy()]).to(device)
        # Generated pictures are a little softer and noisier than renders; the classifier must not care.
        batch = batch + 0.05 * torch.randn_like(batch)
        batch = batch * (0.9 + 0.2 * torch.rand(len(batch), 1, 1, 1, device=device))
        logits = classifier(batch)
        loss = sum(F.cross_entropy(logits[name], targets[name][rows].to(device)) for name in ATTRIBUTES)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 100 == 99:
            print(f"classifier step {step + 1} of {steps}: loss {loss.item():.3f}", flush=True)
    save_state(state_dir() / "classifier.pt", classifier.state_dict())
    return classifier.eval()


@dataclass(frozen=True)
class Request:
    seed: int
    caption: str
    stated: dict[str, str]


def held_out_requests(count: int, first_seed: int) -> list[Request]:
    requests = []
    for seed in range(first_seed, first_seed + count):
        text, stated = caption_with_labels(scene_of(seed), np.random.default_rng([seed, 1]))
        requests.append(Request(seed, text, stated))
    return requests


@torch.no_grad()
def generate(package: Path, texts: list[str], seeds: list[int], size: int, steps: int, guidance: float) -> Tensor:
    """Pictures [n, 3, size, size] in -1..1 from the exported file."""
    device, _ = choose_device()
    nets = {name: net.to(device) for name, net in load_nets(package).items()}
    tokenizer = Tokenizer(package.parent / "tokenizer")
    unconditional = nets["text"](torch.tensor([tokenizer.encode("")], device=device))
    pictures = []
    for first in range(0, len(texts), 16):
        ids = torch.tensor([tokenizer.encode(text) for text in texts[first : first + 16]], device=device)
        denoiser = GuidedDenoiser(nets["unet"], nets["text"](ids), unconditional, guidance)
        latents = sample(denoiser, seeded_noise(seeds[first : first + 16], size).to(device), steps)
        pictures += [nets["vae"].decode(latent[None]).clamp(-1, 1).cpu() for latent in latents]
    return torch.cat(pictures)


@torch.no_grad()
def judge(classifier: Classifier, pictures: Tensor, stated: list[dict[str, str]]) -> dict[str, tuple[int, int]]:
    """Right answers and questions of each attribute."""
    device = next(classifier.parameters()).device
    logits = [classifier(reduce(part).to(device)) for part in pictures.split(64)]
    scores = {}
    for name, values in ATTRIBUTES.items():
        answers = torch.cat([part[name] for part in logits]).argmax(dim=1).tolist()
        asked = [(answers[row], values.index(facts[name])) for row, facts in enumerate(stated) if name in facts]
        scores[name] = (sum(answer == truth for answer, truth in asked), len(asked))
    return scores


def table(model: dict[str, tuple[int, int]], ceiling: dict[str, tuple[int, int]]) -> str:
    lines = ["| attribute | asked | generated | renders (ceiling) | share of the ceiling |", "|---|---|---|---|---|"]
    for name, (right, asked) in model.items():
        if asked == 0:
            continue
        accuracy, top = right / asked, ceiling[name][0] / max(1, ceiling[name][1])
        lines.append(f"| {name} | {asked} | {accuracy:.1%} | {top:.1%} | {accuracy / top:.0%} |")
    right, asked = (sum(column) for column in zip(*model.values()))
    top = sum(r for r, _ in ceiling.values()) / sum(n for _, n in ceiling.values())
    lines.append(f"| **all** | {asked} | {right / asked:.1%} | {top:.1%} | {right / asked / top:.0%} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", type=Path, default=package_dir() / "kiln-small.safetensors")
    parser.add_argument("--count", type=int, default=240, help="held-out captions")
    parser.add_argument("--size", type=int, default=NATIVE_SIZE)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--guidance", type=float, default=5.0)
    parser.add_argument("--renders", type=int, default=12288, help="renders the classifier is trained on")
    parser.add_argument("--classifier-steps", type=int, default=1000, help="training steps of 64 renders")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--ceiling-only", action="store_true", help="train and judge the classifier, generate nothing")
    parser.add_argument("--retrain", action="store_true", help="train the classifier even if one is stored")
    parser.add_argument("--out", type=Path, default=state_dir() / "evaluation.json")
    arguments = parser.parse_args()

    stored = None if arguments.retrain else load_state(state_dir() / "classifier.pt")
    if stored is None:
        classifier = train_classifier(arguments.renders, arguments.classifier_steps, arguments.workers)
    else:
        classifier = Classifier()
        classifier.load_state_dict(stored)
        classifier.to(choose_device()[0]).eval()

    # The ceiling asks the same kind of questions of fresh renders: what their captions state.
    fresh = held_out_requests(4 * arguments.count, CEILING_SEED)
    renders = torch.cat(
        [
            to_pictures(render_seeds([r.seed for r in fresh[first : first + 64]], 2 * CLASSIFIER_SIZE, 1))
            for first in range(0, len(fresh), 64)
        ]
    )
    ceiling = judge(classifier, renders, [r.stated for r in fresh])

    if arguments.ceiling_only:
        print(table(ceiling, ceiling))
        return
    requests = held_out_requests(arguments.count, HELD_OUT_SEED)
    start = time.monotonic()
    pictures = generate(
        arguments.package,
        [r.caption for r in requests],
        [r.seed for r in requests],
        arguments.size,
        arguments.steps,
        arguments.guidance,
    )
    print(f"{len(pictures)} pictures in {time.monotonic() - start:.0f} s", flush=True)
    model = judge(classifier, pictures, [r.stated for r in requests])
    print(table(model, ceiling))
    arguments.out.write_text(
        json.dumps({"model": model, "ceiling": ceiling, "captions": [r.caption for r in requests]}, indent=1)
    )
    write_sheet(pictures[:24], arguments.out.with_suffix(".png"))


if __name__ == "__main__":
    main()
