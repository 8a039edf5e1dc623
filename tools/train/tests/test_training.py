"""The parts of training that can go wrong silently: schedule, sampler, optimizer, plans, state on disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from checkpoints import Average, load_state, save_state, scheduled_rate
from config import TRAIN_STEPS
from data import FAVOUR, LatentSet
from diffusion import GuidedDenoiser, alphas_cumprod, karras_sigmas, loss_weights, sample
from hints import AttributeHeads
from labels import ATTRIBUTES
from optimizer import MuonAdamW, orthogonalise
from state_parts import PART_BYTES, join, split
from train_unet import TIMESTEP_POWER, parse_plan, stratified_timesteps, training_noise


def test_schedule_is_that_of_sd1() -> None:
    alphas = alphas_cumprod()
    sigmas = ((1 - alphas) / alphas).sqrt()
    assert sigmas[0] == pytest.approx(0.0292, abs=1e-4)
    assert sigmas[-1] == pytest.approx(14.6146, abs=1e-4)
    assert karras_sigmas(12)[0] == pytest.approx(float(sigmas[-1]))
    weights = loss_weights()
    assert bool((weights.diff() > 0).all()), "the lower the SNR, the heavier"
    assert weights[-1] == pytest.approx((0.03 + float(1 / sigmas[-1] ** 2)) ** -0.8, rel=1e-4)
    milder = loss_weights(0.5)
    assert weights[-1] / weights[0] > milder[-1] / milder[0], "the power decides how much heavier"


class PointDenoiser(nn.Module):
    """The exact noise prediction for data that is one point: every sampler must end there."""

    def __init__(self, point: torch.Tensor) -> None:
        super().__init__()
        self.point = point
        alphas = alphas_cumprod()
        self.sigmas = ((1 - alphas) / alphas).sqrt()

    def forward(self, scaled: torch.Tensor, timesteps: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        low = int(timesteps[0])
        high = min(low + 1, len(self.sigmas) - 1)
        share = float(timesteps[0]) - low
        sigma = float(torch.exp(self.sigmas[low].log() * (1 - share) + self.sigmas[high].log() * share))
        return (scaled * (sigma**2 + 1) ** 0.5 - self.point) / sigma


def test_sampler_reaches_the_only_possible_picture() -> None:
    point = torch.randn(1, 4, 4, 4)
    context = torch.zeros(1, 77, 8)
    denoiser = GuidedDenoiser(PointDenoiser(point), context, context, 5.0)
    torch.testing.assert_close(sample(denoiser, torch.randn(1, 4, 4, 4), 12), point, rtol=1e-3, atol=1e-3)


def test_training_noise_has_unit_variance_and_hides_the_mean() -> None:
    torch.manual_seed(0)
    noise = training_noise(torch.zeros(2048, 4, 16, 16))
    assert float(noise.var()) == pytest.approx(1, abs=0.03)
    # White noise of 256 values has means of 1/16.
    assert float(noise.mean(dim=(2, 3)).std()) > 2 / 16


def test_captions_that_state_a_position_are_drawn_more_often() -> None:
    favoured = np.zeros((1, 6), dtype=bool)
    favoured[0, 2] = True
    ids = np.arange(6, dtype=np.int16).reshape(1, 6, 1)
    latents = LatentSet(np.zeros((1, 4, 2, 2), np.float16), ids, np.zeros((1, 1), np.int64), favoured)
    drawn = latents.batch(np.random.default_rng(0), 4000)[1].flatten().bincount(minlength=6) / 4000
    assert float(drawn[2]) == pytest.approx(FAVOUR / (FAVOUR + 5), abs=0.03)
    assert float(drawn[0]) == pytest.approx(1 / (FAVOUR + 5), abs=0.03)


def test_orthogonalise_levels_the_singular_values() -> None:
    torch.manual_seed(0)
    for shape in ((24, 60), (60, 24)):
        matrix = torch.randn(shape) @ torch.diag(torch.logspace(-1.5, 0, shape[1]))
        values = torch.linalg.svdvals(orthogonalise(matrix))
        assert values.max() < 1.3 and values.min() > 0.3


def test_attribute_heads_learn_what_the_middle_shows() -> None:
    torch.manual_seed(0)
    heads = AttributeHeads(64)
    middle, targets = torch.randn(8, 64, 4, 4), torch.zeros(8, len(ATTRIBUTES), dtype=torch.long)
    optimizer = torch.optim.AdamW(heads.parameters(), lr=1e-2)
    first = heads(middle, targets)
    for _ in range(20):
        optimizer.zero_grad()
        heads(middle, targets).backward()
        optimizer.step()
    assert heads(middle, targets) < 0.2 * first


def test_optimizer_solves_and_resumes() -> None:
    torch.manual_seed(0)
    target = torch.randn(32, 32)

    def loss_of(net: nn.Linear) -> torch.Tensor:
        return (net.weight - target).square().mean() + (net.bias - 1).square().mean()

    def run(net: nn.Linear, optimizer: MuonAdamW, steps: int) -> None:
        for _ in range(steps):
            optimizer.zero_grad()
            loss_of(net).backward()
            optimizer.step()

    net = nn.Linear(32, 32)
    optimizer = MuonAdamW(net, 0.02, 0.0, fused=False)
    start = loss_of(net).item()
    run(net, optimizer, 100)
    assert loss_of(net).item() < 0.3 * start

    again = nn.Linear(32, 32)
    again.load_state_dict(net.state_dict())
    resumed = MuonAdamW(again, 0.02, 0.0, fused=False)
    resumed.load_state_dict(optimizer.state_dict())
    run(net, optimizer, 5)
    run(again, resumed, 5)
    torch.testing.assert_close(again.weight, net.weight)


def test_rate_warms_up_and_ends_low() -> None:
    assert scheduled_rate(1.0, 0, 0.0, 100) == pytest.approx(0.01)
    assert scheduled_rate(1.0, 100, 0.0, 100) == pytest.approx(1.0)
    assert scheduled_rate(1.0, 100, 1.0, 100) == pytest.approx(0.02)


def test_average_follows_the_weights() -> None:
    net = nn.Linear(2, 2)
    average = Average(net, 0.9)
    with torch.no_grad():
        net.weight.fill_(3.0)
    for _ in range(200):
        average.update(net)
    average.copy_to(net)
    torch.testing.assert_close(net.weight, torch.full((2, 2), 3.0))


def test_plan() -> None:
    assert parse_plan("128:0.25:16,256:0.75:8") == [(0.25, 128, 16), (1.0, 256, 8)]
    with pytest.raises(ValueError, match="shares that add up to 1, got 0.5"):
        parse_plan("128:0.5:16")
    with pytest.raises(ValueError, match="expected size:share:scenes, got '128:1'"):
        parse_plan("128:1")


def test_timesteps_cover_the_schedule_and_lean_to_strong_noise() -> None:
    timesteps = stratified_timesteps(100, torch.device("cpu")).sort().values
    edges = (torch.arange(101) / 100) ** TIMESTEP_POWER * TRAIN_STEPS
    assert bool((timesteps >= edges[:-1].floor()).all() and (timesteps <= edges[1:].ceil()).all())
    assert timesteps.float().mean() > 0.55 * TRAIN_STEPS


def test_state_survives_disk_and_splitting(tmp_path: Path) -> None:
    path = tmp_path / "state.pt"
    assert load_state(path) is None
    save_state(path, {"values": torch.arange(PART_BYTES // 4), "step": 3})
    parts = split(path, tmp_path / "parts")
    assert len(parts) == 4  # two full parts, the rest of the archive, the digest
    join(tmp_path / "parts", "state.pt", tmp_path / "joined.pt")
    assert (tmp_path / "joined.pt").read_bytes() == path.read_bytes()
    parts[0].write_bytes(b"damaged")
    with pytest.raises(ValueError, match="expected sha256"):
        join(tmp_path / "parts", "state.pt", tmp_path / "damaged.pt")
