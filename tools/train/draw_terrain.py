"""The terrains: layered land with atmospheric perspective, one function a terrain in a table.
Water is in draw_water.py; draws no objects."""

from collections.abc import Callable

import numpy as np

from draw_land import BOTTOM, Land, below, hill_layers, ridge
from draw_pen import Pen, curve, ellipse, polygon
from draw_plants import draw_plain_pine, draw_plain_tree
from draw_sky import sky_colours
from draw_water import draw_lake, draw_sea
from palette import TERRAINS, Colour, darker, lighter, mix
from scenes import Scene


def draw_hills(land: Land) -> None:
    hill_layers(
        land,
        ((0.56, 0.045, 0.9, 0.95), (0.64, 0.055, 0.8, 0.55), (0.73, 0.045, 0.7, 0.2)),
        land.far,
        land.near,
    )
    hill_layers(land, ((0.82, 0.018, 0.6, 0.0),), land.near, land.near)


def mountain_range(land: Land, base: float, peak: float, count: int, distance: float) -> None:
    rng, pen = land.rng, land.pen
    rock = land.tint(land.far, distance)
    snow = land.tint((246, 250, 255), distance * 0.7)
    for i in rng.permutation(count):
        x = (int(i) + 0.5) / count + rng.uniform(-0.05, 0.05)
        top = base - peak * rng.uniform(0.72, 1.0)
        half = (base - top) * rng.uniform(0.78, 0.95)
        foot = base + 0.12
        spread = half * (foot - top) / (base - top)
        lean = rng.uniform(-0.03, 0.03)
        pen.fill(polygon((x - spread, foot), (x, top), (x + spread, foot)), lighter(rock, 0.10), rock, lit=False)
        pen.fill(
            polygon((x, top), (x + spread, foot), (x + lean + 0.02, foot)),
            darker(rock, 0.14),
            darker(rock, 0.08),
            lit=False,
            detail=True,
            outline=False,
        )
        cap = (base - top) * 0.36
        run = spread * cap / (foot - top)
        pen.fill(
            polygon(
                (x - run, top + cap), (x, top), (x + run, top + cap), (x + run * 0.45, top + cap * 0.74),
                (x + run * 0.05, top + cap * 1.08), (x - run * 0.42, top + cap * 0.72),
            ),
            snow, lit=False, detail=True,
        )


def draw_mountains(land: Land) -> None:
    mountain_range(land, 0.64, 0.34, 3, 0.75)
    mountain_range(land, 0.68, 0.25, 4, 0.35)
    hill_layers(land, ((0.70, 0.030, 0.8, 0.35), (0.79, 0.022, 0.6, 0.0)), land.far, land.near)


def draw_desert(land: Land) -> None:
    pen, rng = land.pen, land.rng
    for y, rise, distance in ((0.59, 0.05, 0.9), (0.67, 0.06, 0.45), (0.78, 0.04, 0.0)):
        x, sand = rng.uniform(0.2, 0.8), land.tint(mix(land.near, land.far, distance), distance * 0.8)
        line = [
            (-0.08, y + rise * 0.5), (x - 0.34, y + rise * 0.1), (x, y - rise), (x + 0.30, y + rise * 0.3),
            (1.08, y + rise * rng.uniform(0.0, 0.6)),
        ]
        pen.fill(below(line), lighter(sand, 0.16), sand, lit=False)
        shade = [
            (x, y - rise), (x + 0.30, y + rise * 0.3), (x + 0.55, BOTTOM), (x + 0.06, BOTTOM),
            (x + 0.10, y + rise * 1.6),
        ]
        pen.fill(curve(shade), darker(sand, 0.13), darker(sand, 0.04), lit=False, detail=True, outline=False)


def row_of(
    land: Land, draw: Callable[[Pen, Colour], None], y: float, height: float, count: int, colour: Colour,
) -> None:
    for i in range(count):
        x = (i + land.rng.uniform(0.2, 0.8)) / count
        with land.pen.at(x, y + land.rng.uniform(-0.008, 0.012), height * land.rng.uniform(0.82, 1.15)):
            draw(land.pen, colour)


def draw_snow(land: Land) -> None:
    hill_layers(land, ((0.57, 0.045, 0.8, 0.9),), land.far, land.near)
    row_of(land, draw_plain_pine, 0.645, 0.13, 8, land.tint((96, 136, 146), 0.6))
    hill_layers(land, ((0.66, 0.045, 0.7, 0.6), (0.79, 0.03, 0.6, 0.0)), land.far, land.near)


def draw_forest(land: Land) -> None:
    for foot, height, count, distance in ((0.67, 0.38, 8, 0.95), (0.73, 0.35, 6, 0.5), (0.79, 0.28, 5, 0.1)):
        colour = land.tint(mix(land.near, land.far, distance), distance * 0.8)
        row_of(land, draw_plain_pine, foot, height, count, colour)
        land.pen.fill(
            below(ridge(land.rng, foot - 0.045, 0.008, 1.2)), darker(colour, 0.10), lit=False, detail=True,
            outline=False,
        )
    hill_layers(land, ((0.775, 0.014, 0.6, 0.0),), (104, 160, 78), (104, 160, 78))


def draw_meadow(land: Land) -> None:
    hill_layers(land, ((0.60, 0.022, 0.9, 0.9),), land.far, land.near)
    row_of(land, draw_plain_tree, 0.645, 0.10, 6, land.tint((86, 146, 84), 0.6))
    hill_layers(land, ((0.65, 0.014, 0.7, 0.5), (0.77, 0.016, 0.6, 0.0)), land.far, land.near)
    if land.scene.kind == "flower":
        return
    petals = ((250, 226, 90), (248, 130, 150), (255, 255, 255), (190, 130, 220))
    petal = land.tint(petals[int(land.rng.integers(4))])
    for i in range(14):
        x, y = (i + land.rng.uniform(0.1, 0.9)) / 14, land.rng.uniform(0.80, 0.985)
        radius = 0.012 + 0.05 * (y - 0.78)
        land.pen.fill(ellipse(x, y, radius, radius * 0.85), petal, lit=False, detail=True)
        land.pen.fill(
            ellipse(x, y, radius * 0.4, radius * 0.34), land.tint((250, 190, 60)), lit=False, detail=True,
            outline=False,
        )


DRAW_TERRAIN: dict[str, Callable[[Land], None]] = {
    "mountains": draw_mountains, "hills": draw_hills, "sea": draw_sea, "lake": draw_lake,
    "desert": draw_desert, "snow": draw_snow, "forest": draw_forest, "meadow": draw_meadow,
}
# Where the sky meets the land.
HORIZON = {
    "mountains": 0.64, "hills": 0.58, "sea": 0.62, "lake": 0.56, "desert": 0.60, "snow": 0.58, "forest": 0.60,
    "meadow": 0.60,
}


def draw_terrain(pen: Pen, scene: Scene, rng: np.random.Generator) -> None:
    far, near = TERRAINS[scene.terrain]
    DRAW_TERRAIN[scene.terrain](Land(pen, scene, rng, far, near, sky_colours(scene)[2]))
