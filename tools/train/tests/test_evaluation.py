"""The judge itself: it must count only what was asked, and tell a right picture from a wrong one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from cache_latents import MAX_SIZE, first_scene_seed
from config import CEILING_SEED, CLASSIFIER_SEED, HELD_OUT_SEED, VAE_SEED
from data import render_seeds, to_pictures
from evaluate import Classifier, held_out_requests, judge, reduce, table, targets_of
from labels import ATTRIBUTES


class FirstValue(nn.Module):
    """Answers every question with the attribute's first value."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, pictures: Tensor) -> dict[str, Tensor]:
        return {
            name: torch.eye(len(values))[0].repeat(len(pictures), 1) * self.scale for name, values in ATTRIBUTES.items()
        }


def test_only_stated_attributes_are_judged() -> None:
    style = ATTRIBUTES["style"]
    stated = [{"style": style[0]}, {"style": style[1]}, {}]
    scores = judge(FirstValue(), torch.zeros(3, 3, 64, 64), stated)
    assert scores["style"] == (1, 2)
    assert scores["object"] == (0, 0)


def test_table_relates_accuracy_to_the_ceiling() -> None:
    text = table({"style": (30, 60), "time": (0, 0)}, {"style": (80, 100), "time": (1, 1)})
    assert "| style | 60 | 50.0% | 80.0% | 62% |" in text
    assert "| time" not in text


def test_seed_ranges_never_meet() -> None:
    furthest_training_seed = first_scene_seed(MAX_SIZE) + 1_000_000
    assert furthest_training_seed < CLASSIFIER_SEED < CEILING_SEED < HELD_OUT_SEED < VAE_SEED


def test_requests_are_reproducible() -> None:
    assert held_out_requests(5, HELD_OUT_SEED) == held_out_requests(5, HELD_OUT_SEED)


def test_classifier_learns_from_a_few_renders() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    seeds = range(CLASSIFIER_SEED, CLASSIFIER_SEED + 24)
    pictures, targets = reduce(to_pictures(render_seeds(seeds, 64, 1))), targets_of(seeds)
    classifier = Classifier()
    optimizer = torch.optim.AdamW(classifier.parameters(), lr=2e-3)
    for _ in range(25):
        loss = nn.functional.cross_entropy(classifier(pictures)["style"], targets["style"])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3
