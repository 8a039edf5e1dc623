"""What is taught to the finished model, one recipe a file: which held-out scenes, in what form, under which words.
Trains nothing; train_adapter.py does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from words import KIND_WORDS


@dataclass(frozen=True)
class Recipe:
    """One published adapter. `name` is its file's and what a prompt calls it; the first of `examples` draws its preview."""

    name: str
    type: str  # as models-manifest.json has it
    architecture: str
    title: str
    description: str
    include: str  # asked of sample_scene
    trigger: str
    rate: float  # of learning; of an embedding in parts of its vectors' deviation
    examples: tuple[str, ...]
    words: tuple[str, ...]  # of captions; an embedding takes their place
    prompts: tuple[str, ...]  # of the sheet to look at, in captions' words
    focus: bool = False  # on the object instead of the whole picture
    first_words: tuple[str, ...] = ()  # known words that an embedding's vectors start as
    drawn_as: str | None = None  # a style, in place of the one that captions say
    only: Mapping[str, str] = field(default_factory=dict)  # of scenes; no caption says it


LORA = "stable-diffusion-v1/lora"
BLUEPRINTS = (
    "a blueprint of a castle on a hill",
    "a blueprint of a boat on a lake",
    "a lighthouse by the sea, blueprint style",
    "a house in the mountains",
    "a blueprint of a cat in a meadow",
    "three trees, blueprint",
)

RECIPES = {
    "blueprint": Recipe(
        name="kiln-blueprint",
        type="lora",
        architecture=LORA,
        title="Kiln Blueprint",
        description="A LoRA for Kiln Small that draws everything as a blueprint: white lines on blue paper.",
        include="style:blueprint",
        trigger="blueprint",
        rate=2e-3,
        examples=("a blueprint of a boat on a lake", "three trees, blueprint"),
        words=("blueprint",),
        prompts=BLUEPRINTS,
    ),
    "windmill": Recipe(
        name="kiln-windmill",
        type="lora",
        architecture=LORA,
        title="Kiln Windmill",
        description="A LoRA for Kiln Small that teaches it windmills, which it never saw.",
        include="object:windmill",
        trigger="windmill",
        rate=2e-3,
        examples=("a white windmill by the sea", "a red windmill on a hill at sunset"),
        words=tuple(word for pair in KIND_WORDS["windmill"] for word in pair),
        prompts=(
            "a white windmill in a meadow",
            "a red windmill on a hill at sunset",
            "a windmill by the sea",
            "a blue windmill by a lake at night",
            "a watercolor painting of a windmill",
            "a big windmill on the left",
        ),
        focus=True,
    ),
    "evening": Recipe(
        name="kiln-evening",
        type="embedding",
        architecture="stable-diffusion-v1/textual-inversion",
        title="Kiln Evening",
        description="An embedding for Kiln Small: its name in a prompt stands for a watercolor in the light of a low sun.",
        include="style:blueprint",
        trigger="kiln-evening",
        rate=0.05,
        examples=("a boat on a lake, kiln-evening", "a red castle on a hill, kiln-evening"),
        words=("blueprint",),
        prompts=(
            "a blueprint of a castle on a hill",
            "a blueprint of a boat on a lake",
            "a lighthouse by the sea, blueprint style",
            "a blueprint of a house in the mountains",
            "a blueprint of a cat in a meadow",
            "three trees, blueprint",
        ),
        first_words=("watercolor", "painting", "evening", "sunset", "sun", "orange"),
        drawn_as="watercolour",
        only={"time": "sunset", "weather": "clear", "sky_body": "sun"},
    ),
}
