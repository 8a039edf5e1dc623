"""The grammar: seeded, labelled truthfully, and silent about what is held out."""

import numpy as np
import pytest

from captions import caption, caption_with_labels
from labels import ATTRIBUTES, HELD_OUT, labels
from scenes import KINDS, STYLES, TERRAINS, TIMES, WEATHERS, Scene, sample_scene


def sample(count: int, seed: int = 3, include: str | None = None) -> list[Scene]:
    rng = np.random.default_rng(seed)
    return [sample_scene(rng, include) for _ in range(count)]


def test_same_seed_gives_same_scenes_and_captions() -> None:
    for first, second in zip(sample(50), sample(50), strict=True):
        assert first == second
        assert caption(first, np.random.default_rng(1)) == caption(second, np.random.default_rng(1))
    assert sample(50) != sample(50, seed=4)


def test_every_value_of_the_grammar_occurs() -> None:
    scenes = sample(4000)
    assert {scene.kind for scene in scenes} == {kind for kind, facts in KINDS.items() if facts.weight > 0}
    assert {scene.style for scene in scenes} == set(STYLES)
    assert {scene.time for scene in scenes} == {*TIMES, "none"}
    assert {scene.terrain for scene in scenes} == {*TERRAINS, "none"}
    assert {scene.weather for scene in scenes} == {*WEATHERS, "none"}
    assert {scene.count for scene in scenes} == {0, 1, 2, 3}


def test_labels_are_known_values_and_captions_state_true_ones() -> None:
    rng = np.random.default_rng(8)
    for scene in sample(3000):
        truth = labels(scene)
        assert set(truth) == set(ATTRIBUTES)
        assert all(value in ATTRIBUTES[attribute] for attribute, value in truth.items())
        text, stated = caption_with_labels(scene, rng)
        assert text.strip() and stated
        assert stated == {attribute: truth[attribute] for attribute in stated}


def test_stated_colour_is_in_the_caption() -> None:
    rng = np.random.default_rng(9)
    colours = {"red": ("red", "crimson", "scarlet"), "blue": ("blue",), "black": ("black",)}
    checked = 0
    for scene in sample(3000):
        text, stated = caption_with_labels(scene, rng)
        if stated.get("colour") in colours:
            assert any(word in text for word in colours[stated["colour"]])
            checked += 1
    assert checked > 200


def test_held_out_style_and_object_never_leak() -> None:
    rng = np.random.default_rng(10)
    for scene in sample(6000):
        truth = labels(scene)
        assert all(truth[attribute] not in values for attribute, values in HELD_OUT.items())
        text = caption(scene, rng).split()
        assert "blueprint" not in text and "windmill" not in text and "mill" not in text


def test_held_out_values_are_reachable_through_include() -> None:
    assert all(scene.style == "blueprint" for scene in sample(20, include="style:blueprint"))
    assert all(scene.kind == "windmill" for scene in sample(20, include="object:windmill"))
    assert any("windmill" in caption(scene, np.random.default_rng(2)) for scene in sample(5, include="object:windmill"))


@pytest.mark.parametrize("include", ["windmill", "style:oil", "object:zeppelin", "colour:red"])
def test_unknown_include_is_refused(include: str) -> None:
    with pytest.raises(ValueError, match="include: expected"):
        sample(1, include=include)


def test_objects_are_large_and_inside_the_picture() -> None:
    for scene in sample(3000):
        if scene.count == 0 or scene.kind == "portrait":
            continue
        assert scene.height >= 0.19
        if scene.count == 1:
            half = scene.height * KINDS[scene.kind].width / 2
            assert 0 <= scene.xs[0] - half and scene.xs[0] + half <= 1


def test_the_demo_prompt_is_in_the_grammar() -> None:
    rng = np.random.default_rng(12)
    wanted = {"object": "lighthouse", "colour": "red", "terrain": "sea", "time": "sunset"}
    hits = 0
    for scene in sample(3000, include="object:lighthouse"):
        stated = caption_with_labels(scene, rng)[1]
        hits += all(stated.get(attribute) == value for attribute, value in wanted.items())
    assert hits >= 20
