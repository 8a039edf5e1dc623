"""The land and the water: layered terrain with atmospheric perspective, one function a terrain in a table.
Returns where things stand; draws no objects."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import skia

from draw_pen import Pen, Point, box, curve, ellipse, polygon
from draw_plants import draw_pine, draw_tree
from draw_sky import sky_colours
from palette import LIGHTS, TERRAINS, Colour, darker, lighter, mix, multiply, overcast
from scenes import Scene

BOTTOM = 1.06


@dataclass(frozen=True)
class Land:
    """The drawing context of one terrain: colours already in the light and haze of the hour."""

    pen: Pen
    scene: Scene
    rng: np.random.Generator
    far: Colour
    near: Colour
    haze: Colour

    def tint(self, colour: Colour, distance: float = 0.0) -> Colour:
        light = LIGHTS[self.scene.time]
        colour = overcast(multiply(colour, light.ground), self.scene.weather, light, 0.42)
        thick = 0.85 if self.scene.weather == "fog" else 0.55
        return mix(colour, self.haze, distance * thick)


def ridge(rng: np.random.Generator, y: float, rise: float, waves: float) -> list[Point]:
    phases = rng.uniform(0, math.tau, 2)
    return [
        (x, y + rise * (0.7 * math.sin(waves * math.tau * x + phases[0]) + 0.3 * math.sin(2.3 * waves * math.tau * x + phases[1])))
        for x in np.linspace(-0.06, 1.06, 13)
    ]


def below(points: Sequence[Point], smooth: bool = True) -> skia.Path:
    """Everything under a skyline."""
    if smooth:
        path = curve(points, closed=False)
    else:
        path = skia.Path()
        path.addPoly([skia.Point(*p) for p in points], False)
    path.lineTo(points[-1][0], BOTTOM)
    path.lineTo(points[0][0], BOTTOM)
    path.close()
    return path


def hill_layers(land: Land, layers: Sequence[tuple[float, float, float, float]], far: Colour, near: Colour) -> None:
    """Rows of (height, rise, waves, distance), far to near."""
    for y, rise, waves, distance in layers:
        colour = land.tint(mix(near, far, distance), distance)
        land.pen.fill(below(ridge(land.rng, y, rise, waves)), lighter(colour, 0.10), darker(colour, 0.10), lit=False)


def draw_hills(land: Land) -> None:
    hill_layers(land, ((0.56, 0.045, 0.9, 0.95), (0.64, 0.055, 0.8, 0.55), (0.73, 0.045, 0.7, 0.2)), land.far, land.near)
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
        pen.fill(polygon((x, top), (x + spread, foot), (x + lean + 0.02, foot)), darker(rock, 0.14), darker(rock, 0.08), lit=False, detail=True, outline=False)
        cap = (base - top) * 0.36
        run = spread * cap / (foot - top)
        pen.fill(
            polygon((x - run, top + cap), (x, top), (x + run, top + cap), (x + run * 0.45, top + cap * 0.74), (x + run * 0.05, top + cap * 1.08), (x - run * 0.42, top + cap * 0.72)),
            snow, lit=False, detail=True,
        )


def draw_mountains(land: Land) -> None:
    mountain_range(land, 0.64, 0.34, 3, 0.75)
    mountain_range(land, 0.68, 0.25, 4, 0.35)
    hill_layers(land, ((0.70, 0.030, 0.8, 0.35), (0.79, 0.022, 0.6, 0.0)), land.far, land.near)


def draw_water(land: Land, top: float, bottom: float) -> None:
    pen, scene, rng = land.pen, land.scene, land.rng
    sky = sky_colours(scene)
    reflection = LIGHTS[scene.time].reflection
    far = mix(land.tint(land.far, 0.25), mix(sky[1], sky[2], 0.5), reflection)
    near = mix(land.tint(land.near), mix(sky[0], sky[1], 0.25), reflection * 0.85)
    pen.fill(box(-0.1, top, 1.1, bottom), far, near, lit=False)
    if scene.sky_body != "none":
        draw_glitter(land, top, bottom)
    for i in range(5):
        y = top + (bottom - top) * ((i + rng.uniform(0.3, 0.7)) / 5.3 + 0.06)
        width = (0.05 + 0.10 * (y - top) / (bottom - top)) * rng.uniform(0.8, 1.5)
        for _ in range(2):
            x = rng.uniform(0.02, 0.98)
            pen.fill(ellipse(x, y, width, 0.0055 + 0.004 * (y - top) / 0.4), lighter(mix(far, near, 0.5), 0.34), lit=False, alpha=0.5, detail=True)


def draw_glitter(land: Land, top: float, bottom: float) -> None:
    """The sun's or moon's path on the water."""
    pen, x = land.pen, land.scene.body_x
    light = LIGHTS[land.scene.time]
    for i in range(7):
        t = (i + 0.35) / 7
        y = top + (bottom - top) * t
        half = (0.035 + 0.055 * t) * land.rng.uniform(0.65, 1.15)
        pen.fill(ellipse(x + land.rng.uniform(-0.012, 0.012), y, half, 0.009 + 0.004 * t), light.body, lit=False, alpha=0.72 - 0.35 * t, detail=True)


def draw_sea(land: Land) -> None:
    if land.rng.random() < 0.45:
        x, half = land.rng.uniform(0.1, 0.9), land.rng.uniform(0.14, 0.26)
        colour = land.tint((120, 150, 150), 0.8)
        points = [(x - half, 0.635), (x - half * 0.55, 0.585), (x - half * 0.1, 0.565), (x + half * 0.5, 0.595), (x + half, 0.635), (x, 0.66)]
        land.pen.fill(curve(points), colour, lit=False)
    draw_water(land, 0.62, BOTTOM)
    if land.scene.kind not in ("none", "boat", "fish", "bird", "balloon"):
        draw_headland(land)
    elif land.scene.kind not in ("boat", "fish") and land.rng.random() < 0.5:
        draw_beach(land)


def draw_beach(land: Land) -> None:
    """The near shore: sand and a line of foam."""
    sand = land.tint((242, 218, 160))
    line = ridge(land.rng, 0.90, 0.022, 0.7)
    land.pen.fill(below([(x, y - 0.016) for x, y in line]), (250, 252, 255), lit=False, alpha=0.7, detail=True)
    land.pen.fill(below(line), lighter(sand, 0.12), darker(sand, 0.06), lit=False)


def draw_headland(land: Land) -> None:
    """Solid ground for things that stand by the sea: grass over rock, beach under palms."""
    scene, pen = land.scene, land.pen
    left, right = min(scene.xs), max(scene.xs)
    reach = 0.24 + 0.2 * scene.height
    beach = scene.kind == "palm"
    top_colour = land.tint((240, 214, 150) if beach else (112, 170, 84))
    side_colour = land.tint((222, 186, 120) if beach else (128, 106, 92))
    a, b = left - reach, right + reach
    a, b = (-0.2 if left < 0.36 else a), (1.2 if right > 0.64 else b)
    top = 0.845
    rock = [(a - 0.05, 1.0), (a + 0.02, top + 0.05), (a + 0.10, top), ((a + b) / 2, top - 0.022), (b - 0.10, top), (b - 0.02, top + 0.05), (b + 0.05, 1.0), ((a + b) / 2, 1.06)]
    pen.fill(ellipse((a + b) / 2, 0.985, (b - a) / 2 + 0.09, 0.03), (255, 255, 255), lit=False, alpha=0.55, detail=True)
    pen.fill(curve(rock), side_colour, darker(side_colour, 0.25), lit=False)
    turf = [(a + 0.03, top + 0.035), (a + 0.10, top - 0.002), ((a + b) / 2, top - 0.025), (b - 0.10, top - 0.002), (b - 0.03, top + 0.035), (b - 0.16, top + 0.055), ((a + b) / 2 + 0.04, top + 0.042), (a + 0.16, top + 0.06)]
    pen.fill(curve(turf), top_colour, darker(top_colour, 0.08), lit=False, detail=True)


def draw_lake(land: Land) -> None:
    green = TERRAINS["hills"]
    shore = 0.60
    layers = ((0.50, 0.035, 0.8, 0.9), (0.55, 0.030, 1.0, 0.5))
    state = land.rng.bit_generator.state
    hill_layers(land, layers, green[0], green[1])
    draw_water(land, shore, BOTTOM)
    # The same hills again, upside down and faint: their reflection.
    land.rng.bit_generator.state = state
    canvas = land.pen.canvas
    canvas.save()
    canvas.clipRect(skia.Rect.MakeLTRB(-0.1, shore, 1.1, 0.72))
    canvas.translate(0, 2 * shore)
    canvas.scale(1, -1)
    for y, rise, waves, distance in layers:
        colour = land.tint(mix(green[1], green[0], distance), distance)
        path = below(ridge(land.rng, y, rise, waves))
        land.pen.fill(path, colour, lit=False, alpha=0.30, detail=True)
    canvas.restore()
    x = 0.5 if not land.scene.xs else sum(land.scene.xs) / len(land.scene.xs)
    if land.scene.kind in ("boat", "fish"):
        x = 0.0 if x > 0.5 else 1.0
        bank = land.tint(green[1])
        land.pen.fill(ellipse(x, 1.03, 0.42, 0.13), lighter(bank, 0.06), darker(bank, 0.10), lit=False)
        return
    bank = land.tint(green[1])
    land.pen.fill(below(ridge(land.rng, 0.825, 0.014, 0.6)), lighter(bank, 0.08), darker(bank, 0.12), lit=False)


def draw_desert(land: Land) -> None:
    pen, rng = land.pen, land.rng
    for y, rise, distance in ((0.59, 0.05, 0.9), (0.67, 0.06, 0.45), (0.78, 0.04, 0.0)):
        x, sand = rng.uniform(0.2, 0.8), land.tint(mix(land.near, land.far, distance), distance * 0.8)
        line = [(-0.08, y + rise * 0.5), (x - 0.34, y + rise * 0.1), (x, y - rise), (x + 0.30, y + rise * 0.3), (1.08, y + rise * rng.uniform(0.0, 0.6))]
        pen.fill(below(line), lighter(sand, 0.16), sand, lit=False)
        shade = [(x, y - rise), (x + 0.30, y + rise * 0.3), (x + 0.55, BOTTOM), (x + 0.06, BOTTOM), (x + 0.10, y + rise * 1.6)]
        pen.fill(curve(shade), darker(sand, 0.13), darker(sand, 0.04), lit=False, detail=True, outline=False)


def row_of(land: Land, draw: Callable[[Pen, Colour], None], y: float, height: float, count: int, colour: Colour) -> None:
    for i in range(count):
        x = (i + land.rng.uniform(0.2, 0.8)) / count
        with land.pen.at(x, y + land.rng.uniform(-0.008, 0.012), height * land.rng.uniform(0.82, 1.15)):
            draw(land.pen, colour)


def draw_snow(land: Land) -> None:
    hill_layers(land, ((0.57, 0.045, 0.8, 0.9),), land.far, land.near)
    pine = lambda pen, colour: draw_pine(pen, colour, plain=True)  # noqa: E731
    row_of(land, pine, 0.645, 0.13, 8, land.tint((96, 136, 146), 0.6))
    hill_layers(land, ((0.66, 0.045, 0.7, 0.6), (0.79, 0.03, 0.6, 0.0)), land.far, land.near)


def draw_forest(land: Land) -> None:
    pine = lambda pen, colour: draw_pine(pen, colour, plain=True)  # noqa: E731
    for foot, height, count, distance in ((0.67, 0.38, 8, 0.95), (0.73, 0.35, 6, 0.5), (0.79, 0.28, 5, 0.1)):
        colour = land.tint(mix(land.near, land.far, distance), distance * 0.8)
        row_of(land, pine, foot, height, count, colour)
        land.pen.fill(below(ridge(land.rng, foot - 0.045, 0.008, 1.2)), darker(colour, 0.10), lit=False, detail=True, outline=False)
    hill_layers(land, ((0.775, 0.014, 0.6, 0.0),), (104, 160, 78), (104, 160, 78))


def draw_meadow(land: Land) -> None:
    hill_layers(land, ((0.60, 0.022, 0.9, 0.9),), land.far, land.near)
    crown = lambda pen, colour: draw_tree(pen, colour, plain=True)  # noqa: E731
    row_of(land, crown, 0.645, 0.10, 6, land.tint((86, 146, 84), 0.6))
    hill_layers(land, ((0.65, 0.014, 0.7, 0.5), (0.77, 0.016, 0.6, 0.0)), land.far, land.near)
    if land.scene.kind == "flower":
        return
    petals = ((250, 226, 90), (248, 130, 150), (255, 255, 255), (190, 130, 220))
    petal = land.tint(petals[int(land.rng.integers(4))])
    for i in range(14):
        x, y = (i + land.rng.uniform(0.1, 0.9)) / 14, land.rng.uniform(0.80, 0.985)
        radius = 0.012 + 0.05 * (y - 0.78)
        land.pen.fill(ellipse(x, y, radius, radius * 0.85), petal, lit=False, detail=True)
        land.pen.fill(ellipse(x, y, radius * 0.4, radius * 0.34), land.tint((250, 190, 60)), lit=False, detail=True, outline=False)


DRAW_TERRAIN: dict[str, Callable[[Land], None]] = {
    "mountains": draw_mountains, "hills": draw_hills, "sea": draw_sea, "lake": draw_lake,
    "desert": draw_desert, "snow": draw_snow, "forest": draw_forest, "meadow": draw_meadow,
}
# Where the sky meets the land, and where things stand or float.
HORIZON = {"mountains": 0.64, "hills": 0.58, "sea": 0.62, "lake": 0.56, "desert": 0.60, "snow": 0.58, "forest": 0.60, "meadow": 0.60}


def draw_terrain(pen: Pen, scene: Scene, rng: np.random.Generator) -> None:
    far, near = TERRAINS[scene.terrain]
    DRAW_TERRAIN[scene.terrain](Land(pen, scene, rng, far, near, sky_colours(scene)[2]))
