"""The grammar of scenes: what can be in a picture, and a seeded sampler of plain-data scenes.
Knows nothing of drawing or of words."""

from dataclasses import dataclass

import numpy as np

STYLES = {"flat": 0.55, "watercolour": 0.15, "ink": 0.15, "papercut": 0.15}
HELD_OUT_STYLES = ("blueprint",)
HELD_OUT_KINDS = ("windmill",)
TIMES = {"day": 0.37, "sunset": 0.23, "night": 0.22, "sunrise": 0.18}
TERRAINS = {
    "sea": 0.19, "hills": 0.15, "mountains": 0.15, "lake": 0.12,
    "meadow": 0.12, "forest": 0.10, "snow": 0.09, "desert": 0.08,
}
WEATHERS = {"clear": 0.56, "cloudy": 0.14, "rain": 0.08, "snow": 0.08, "fog": 0.07, "rainbow": 0.07}
POSITIONS = {"center": 0.44, "left": 0.28, "right": 0.28}
WATER = ("sea", "lake")
LAND = ("mountains", "hills", "desert", "snow", "forest", "meadow")
ANYWHERE = (*LAND, *WATER)
BACKDROPS = ("blue", "green", "yellow", "pink", "orange", "purple", "grey")
ALL_COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white", "black")


@dataclass(frozen=True)
class Kind:
    weight: float
    terrains: tuple[str, ...]
    colours: tuple[str, ...]
    max_count: int
    width: float  # of its own height
    heights: tuple[float, float]  # of the picture, small..big
    rests: str  # "ground", "water" or "sky"


KINDS: dict[str, Kind] = {
    "house": Kind(
        1.2, ANYWHERE,
        ("red", "yellow", "white", "blue", "green", "pink", "orange", "brown", "purple"),
        3, 1.05, (0.26, 0.46), "ground",
    ),
    "castle": Kind(
        0.9, ANYWHERE,
        ("grey", "white", "pink", "brown", "blue", "purple", "red", "yellow"),
        1, 1.15, (0.32, 0.54), "ground",
    ),
    "tower": Kind(0.6, ANYWHERE, ("grey", "white", "brown", "red", "blue", "yellow"), 2, 0.42, (0.38, 0.60), "ground"),
    "lighthouse": Kind(
        1.5, ("sea", "sea", "sea", "lake"),
        ("red", "red", "white", "blue", "green", "black", "orange", "yellow"),
        1, 0.4, (0.40, 0.62), "ground",
    ),
    "boat": Kind(1.3, WATER, ALL_COLOURS, 3, 0.95, (0.26, 0.50), "water"),
    "pine": Kind(
        0.8, ("mountains", "hills", "snow", "meadow", "lake"),
        ("green", "green", "green", "white", "blue"),
        3, 0.62, (0.30, 0.58), "ground",
    ),
    "tree": Kind(
        1.0, ("hills", "meadow", "lake", "mountains"),
        ("green", "green", "orange", "red", "yellow", "pink", "purple"),
        3, 0.88, (0.30, 0.56), "ground",
    ),
    "palm": Kind(0.7, ("sea", "desert", "lake"), ("green",), 3, 0.8, (0.34, 0.58), "ground"),
    "flower": Kind(
        1.0, ("meadow", "hills", "mountains", "desert", "lake"),
        ("red", "orange", "yellow", "blue", "purple", "pink", "white"),
        3, 0.62, (0.30, 0.54), "ground",
    ),
    "cat": Kind(1.0, LAND, ("black", "white", "orange", "grey", "brown"), 3, 0.78, (0.28, 0.50), "ground"),
    "dog": Kind(1.0, LAND, ("brown", "white", "black", "grey", "orange", "yellow"), 3, 1.2, (0.26, 0.42), "ground"),
    "rabbit": Kind(0.8, LAND, ("white", "brown", "grey", "black", "pink"), 3, 0.72, (0.28, 0.48), "ground"),
    "horse": Kind(
        0.8, ("mountains", "hills", "desert", "snow", "meadow", "forest"),
        ("brown", "white", "black", "grey"),
        2, 1.12, (0.32, 0.50), "ground",
    ),
    "sheep": Kind(
        0.8, ("mountains", "hills", "meadow", "snow"),
        ("white", "black", "grey", "brown", "pink"),
        3, 1.22, (0.24, 0.40), "ground",
    ),
    "bird": Kind(
        1.0, ANYWHERE,
        ("red", "blue", "yellow", "white", "black", "green", "orange", "pink", "purple"),
        3, 1.3, (0.22, 0.36), "sky",
    ),
    "fish": Kind(
        0.8, WATER,
        ("orange", "red", "blue", "yellow", "green", "purple", "pink"),
        3, 1.55, (0.22, 0.34), "water",
    ),
    "balloon": Kind(
        1.1, ANYWHERE,
        ("red", "orange", "yellow", "green", "blue", "purple", "pink", "white"),
        3, 0.74, (0.30, 0.54), "sky",
    ),
    "portrait": Kind(1.3, ("none",), ALL_COLOURS, 1, 0.9, (0.74, 0.86), "ground"),
    "none": Kind(1.7, ANYWHERE, ("none",), 0, 0.0, (0.00, 0.00), "ground"),
    "windmill": Kind(
        0.0, ("hills", "meadow", "sea", "lake"),
        ("white", "red", "blue", "brown", "yellow"),
        1, 0.8, (0.42, 0.62), "ground",
    ),
}


@dataclass(frozen=True)
class Scene:
    """One picture as plain data. Positions and sizes are fractions of the picture's side."""

    style: str
    time: str  # "none" for portraits, as terrain and weather are
    terrain: str
    weather: str
    sky_body: str  # "sun", "moon" or "none"
    stars: bool
    body_x: float
    body_y: float
    kind: str
    colour: str
    count: int
    size: str  # "small" or "big"; "none" without an object
    height: float
    position: str  # "left", "center" or "right" for one object, else "none"
    xs: tuple[float, ...]  # centre of each object
    mirrored: tuple[bool, ...]
    person: str  # "woman" or "man" in portraits, else "none"
    hair: str
    skin: str
    mood: str  # "happy" or "sad"
    backdrop: str  # colour behind a portrait
    detail_seed: int  # shapes of hills, clouds and other unnamed detail


def choose(rng: np.random.Generator, weights: dict[str, float]) -> str:
    names = list(weights)
    chances = np.array([weights[name] for name in names], dtype=np.float64)
    return names[int(rng.choice(len(names), p=chances / chances.sum()))]


def pick(rng: np.random.Generator, options: tuple[str, ...]) -> str:
    return options[int(rng.integers(len(options)))]


def sample_scene(rng: np.random.Generator, include: str | None = None) -> Scene:
    """A random scene. `include` ("style:blueprint", "object:windmill") asks for one style or kind;
    held-out ones are reachable in no other way."""
    style, kind = choose(rng, STYLES), choose(rng, {name: kind.weight for name, kind in KINDS.items()})
    if include is not None:
        what, _, name = include.partition(":")
        if what == "style" and name in (*STYLES, *HELD_OUT_STYLES):
            style = name
        elif what == "object" and name in KINDS:
            kind = name
        else:
            raise ValueError(f'sample_scene: include: expected "style:<style>" or "object:<kind>", got {include!r}')
    if kind == "portrait":
        return sample_portrait(rng, style)
    facts = KINDS[kind]
    terrain = choose(rng, {t: TERRAINS[t] * facts.terrains.count(t) for t in facts.terrains})
    time, weather = sample_sky(rng, terrain)
    body, stars = sample_body(rng, time, weather)
    count, size, height, position, xs = sample_layout(rng, facts)
    return Scene(
        style=style, time=time, terrain=terrain, weather=weather, sky_body=body, stars=stars,
        body_x=sample_body_x(rng, xs, count), body_y=sample_body_y(rng, time, terrain),
        kind=kind, colour=pick(rng, facts.colours),
        count=count, size=size, height=height, position=position, xs=xs,
        mirrored=tuple(bool(rng.integers(2)) for _ in xs),
        person="none", hair="none", skin="none", mood="none", backdrop="none",
        detail_seed=int(rng.integers(2**31)),
    )


def sample_sky(rng: np.random.Generator, terrain: str) -> tuple[str, str]:
    time = choose(rng, TIMES)
    allowed = dict(WEATHERS)
    if time in ("night", "sunset"):
        del allowed["rainbow"]
    if terrain == "desert":
        for wet in ("snow", "rain", "fog"):
            del allowed[wet]
    if terrain == "snow":
        del allowed["rain"]
        allowed["snow"] = 0.20
    return time, choose(rng, allowed)


def sample_body(rng: np.random.Generator, time: str, weather: str) -> tuple[str, bool]:
    chance = {"clear": 0.80, "cloudy": 0.25}.get(weather, 0.0)
    seen = bool(rng.random() < chance)
    stars = time == "night" and weather == "clear" and bool(rng.random() < 0.80)
    return (("moon" if time == "night" else "sun") if seen else "none"), stars


def sample_body_x(rng: np.random.Generator, xs: tuple[float, ...], count: int) -> float:
    """Beside a single object rather than behind it."""
    if count != 1:
        return float(rng.uniform(0.2, 0.8))
    side = 1 if xs[0] < 0.5 else -1
    return float(np.clip(xs[0] + side * rng.uniform(0.28, 0.45), 0.12, 0.88))


def sample_body_y(rng: np.random.Generator, time: str, terrain: str) -> float:
    """Low at sunrise and sunset, but never behind trees or peaks."""
    low, high = {"day": (0.13, 0.24), "night": (0.14, 0.26)}.get(time, (0.36, 0.47))
    if terrain in ("forest", "mountains"):
        low, high = min(low, 0.17), min(high, 0.25)
    return float(rng.uniform(low, high))


def sample_layout(rng: np.random.Generator, facts: Kind) -> tuple[int, str, float, str, tuple[float, ...]]:
    if facts.max_count == 0:
        return 0, "none", 0.0, "none", ()
    count = min(facts.max_count, int(rng.choice([1, 2, 3], p=[0.72, 0.15, 0.13])))
    low, high = facts.heights
    size = "big" if rng.random() < 0.5 else "small"
    third = (high - low) * 0.36
    height = float(rng.uniform(low, low + third) if size == "small" else rng.uniform(high - third, high))
    if count > 1:
        room = {2: 0.43, 3: 0.305}[count]
        height = min(height, max(0.20, room / facts.width))
        size = "none"
        xs = tuple(float((i + 0.5) / count + rng.uniform(-0.02, 0.02)) for i in range(count))
        return count, size, height, "none", xs
    position = choose(rng, POSITIONS)
    half = height * facts.width / 2
    x = {"left": rng.uniform(0.20, 0.29), "center": rng.uniform(0.46, 0.54), "right": rng.uniform(0.71, 0.80)}[position]
    return 1, size, height, position, (float(np.clip(x, min(half + 0.02, 0.5), max(0.98 - half, 0.5))),)


def sample_portrait(rng: np.random.Generator, style: str) -> Scene:
    facts = KINDS["portrait"]
    skin = pick(rng, ("light", "tan", "dark"))
    hair = pick(
        rng,
        ("black", "brown", "blond", "red", "grey") if skin == "light" else ("black", "black", "brown", "grey"),
    )
    colour = pick(rng, facts.colours)
    backdrops = tuple(c for c in BACKDROPS if c != colour)
    return Scene(
        style=style, time="none", terrain="none", weather="none", sky_body="none", stars=False, body_x=0.5, body_y=0.2,
        kind="portrait", colour=colour, count=1, size="none",
        height=float(rng.uniform(*facts.heights)),
        position="none",
        xs=(float(rng.uniform(0.47, 0.53)),),
        mirrored=(bool(rng.integers(2)),),
        person=pick(rng, ("woman", "man")), hair=hair, skin=skin, mood=pick(rng, ("happy", "happy", "sad")),
        backdrop=pick(rng, backdrops), detail_seed=int(rng.integers(2**31)),
    )
