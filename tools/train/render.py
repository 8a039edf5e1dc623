"""Renders a scene to pixels: composition of sky, terrain, objects and weather, and the finish of a style.
All geometry is in fractions of the side, so every size shows the same picture."""

import math
from collections.abc import Callable

import numpy as np
import skia

from draw_animals import draw_bird, draw_cat, draw_dog, draw_fish, draw_horse, draw_rabbit, draw_sheep
from draw_buildings import draw_castle, draw_house, draw_lighthouse, draw_tower, draw_windmill
from draw_crafts import draw_balloon, draw_boat
from draw_pen import STYLES, Pen, curve, ellipse, to_int
from draw_people import draw_portrait
from draw_plants import draw_flower, draw_palm, draw_pine, draw_tree
from draw_sky import draw_clouds, draw_sky
from draw_terrain import HORIZON, draw_terrain
from draw_weather import draw_weather
from palette import LIGHTS, OBJECT_COLOURS, Colour, overcast
from scenes import KINDS, Scene

DRAW_THING: dict[str, Callable[[Pen, Colour], None]] = {
    "boat": draw_boat, "pine": draw_pine, "tree": draw_tree, "palm": draw_palm, "flower": draw_flower,
    "cat": draw_cat, "dog": draw_dog, "rabbit": draw_rabbit, "horse": draw_horse, "sheep": draw_sheep,
    "bird": draw_bird, "fish": draw_fish, "balloon": draw_balloon,
}
DRAW_BUILDING: dict[str, Callable[[Pen, Colour, bool], None]] = {
    "house": draw_house,
    "castle": draw_castle,
    "tower": draw_tower,
    "lighthouse": draw_lighthouse,
    "windmill": draw_windmill,
}
GROUND_LINE, WATER_LINE = 0.88, {"sea": 0.82, "lake": 0.80}


def render(scene: Scene, size: int = 256) -> np.ndarray:
    """uint8 [size, size, 3]."""
    pixels = np.zeros((size, size, 4), np.uint8)
    surface = skia.Surface(pixels, colorType=skia.kRGBA_8888_ColorType)
    canvas = surface.getCanvas()
    canvas.scale(size, size)
    pen = Pen(canvas, STYLES[scene.style])
    rng = np.random.default_rng(scene.detail_seed)
    canvas.drawPaint(skia.Paint(Color=to_int(pen.style.paper)))
    if scene.kind == "portrait":
        draw_portrait(pen, scene)
    else:
        draw_landscape(pen, scene, rng)
    if pen.style.one_fill is not None:
        draw_grid(pen)
    if pen.style.wash:
        finish_watercolour(pen, surface, rng)
    surface.flushAndSubmit()
    return np.ascontiguousarray(pixels[:, :, :3])


def draw_landscape(pen: Pen, scene: Scene, rng: np.random.Generator) -> None:
    # Independent streams, so that one more cloud does not move the hills.
    sky_rng, cloud_rng, land_rng, thing_rng, weather_rng = rng.spawn(5)
    horizon = HORIZON[scene.terrain]
    draw_sky(pen, scene, sky_rng, horizon)
    draw_clouds(pen, scene, cloud_rng, horizon)
    draw_terrain(pen, scene, land_rng)
    light = LIGHTS[scene.time]
    with pen.lit(overcast(light.thing, scene.weather, light, 0.18)):
        for i in range(scene.count):
            draw_object(pen, scene, i, thing_rng)
    draw_weather(pen, scene, weather_rng)


def draw_object(pen: Pen, scene: Scene, index: int, rng: np.random.Generator) -> None:
    colour, x, height, mirrored = OBJECT_COLOURS[scene.colour], scene.xs[index], scene.height, scene.mirrored[index]
    if scene.kind in DRAW_BUILDING:
        y = GROUND_LINE + rng.uniform(-0.008, 0.008)
        contact_shadow(pen, x, y, height * KINDS[scene.kind].width * 0.48)
        with pen.at(x, y, height, mirrored):
            DRAW_BUILDING[scene.kind](pen, colour, LIGHTS[scene.time].lit_windows)
        return
    draw = DRAW_THING[scene.kind]
    if KINDS[scene.kind].rests == "sky":
        y = 0.36 + rng.uniform(-0.03, 0.03)
        if scene.kind == "balloon":
            y = 0.07 + height / 2 + rng.uniform(0.02, 0.10)
        with pen.at(x, y, height, mirrored):
            draw(pen, colour)
    elif scene.kind == "boat":
        y = WATER_LINE[scene.terrain] + rng.uniform(-0.01, 0.02)
        draw_reflection(pen, x, y + 0.03 * height, height, mirrored, draw, colour)
        with pen.at(x, y, height, mirrored):
            draw(pen, colour)
        pen.fill(
            ellipse(x, y + 0.05 * height, height * 0.42, 0.008),
            (255, 255, 255),
            lit=False,
            alpha=0.55,
            detail=True,
        )
    elif scene.kind == "fish":
        y = 0.60 + rng.uniform(-0.02, 0.02)
        splash(pen, x, 0.60 + height * 0.85, height)
        with pen.at(x, y, height, mirrored, turn=(1 if mirrored else -1) * 22.0):
            draw(pen, colour)
    else:
        y = GROUND_LINE + rng.uniform(-0.01, 0.03)
        contact_shadow(pen, x, y, height * KINDS[scene.kind].width * 0.44)
        with pen.at(x, y, height, mirrored):
            draw(pen, colour)


def contact_shadow(pen: Pen, x: float, y: float, half: float) -> None:
    pen.soft(ellipse(x, y, half, 0.016), (20, 24, 50), 0.34, 0.010)


def draw_reflection(
    pen: Pen, x: float, y: float, height: float, mirrored: bool, draw: Callable[[Pen, Colour], None], colour: Colour,
) -> None:
    if pen.style.outline is not None:
        return  # outlines of a reflection would read as a second object
    with pen.faded(0.30):
        pen.canvas.translate(0, 2 * y)
        pen.canvas.scale(1, -1)
        pen.canvas.translate(0, y * 0.45)
        pen.canvas.scale(1, 0.55)
        with pen.at(x, y, height, mirrored):
            draw(pen, colour)


def splash(pen: Pen, x: float, y: float, height: float) -> None:
    for half, alpha in ((0.62, 0.35), (0.40, 0.6)):
        pen.fill(ellipse(x, y, half * height, 0.07 * height), (255, 255, 255), lit=False, alpha=alpha, detail=True)
    for dx, dy, r in ((-0.42, -0.26, 0.055), (-0.26, -0.42, 0.045), (0.30, -0.34, 0.05), (0.46, -0.20, 0.055)):
        pen.fill(ellipse(x + dx * height, y + dy * height, r * height, r * height * 1.2), (236, 248, 255), detail=True)


def draw_grid(pen: Pen) -> None:
    for i in range(1, 8):
        for ends in (((i / 8, 0), (i / 8, 1)), ((0, i / 8), (1, i / 8))):
            pen.stroke(curve(ends, closed=False), (200, 222, 255), 0.0045, 0.22)


def finish_watercolour(pen: Pen, surface: skia.Surface, rng: np.random.Generator) -> None:
    """Softens every edge, lays broad blooms of pigment and leaves a margin of bare paper."""
    canvas, paper = pen.canvas, pen.style.paper
    size = surface.width()
    image = surface.makeImageSnapshot()
    canvas.save()
    canvas.resetMatrix()
    sigma = 0.0042 * size
    canvas.drawImage(
        image,
        0,
        0,
        skia.SamplingOptions(),
        skia.Paint(ImageFilter=skia.ImageFilters.Blur(sigma, sigma, skia.TileMode.kClamp)),
    )
    canvas.restore()
    for i in range(7):
        x, y, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.14, 0.30)
        pen.glow(x, y, radius, paper if i % 3 else (90, 100, 130), 0.22 if i % 3 else 0.10)
    phase = rng.uniform(0, math.tau, 2)
    rim = []
    for k in range(28):
        a = math.tau * k / 28
        r = 0.5 - 0.030 + 0.012 * math.sin(5 * a + phase[0]) + 0.009 * math.sin(9 * a + phase[1])
        c, s = math.cos(a), math.sin(a)
        stretch = 1 / (abs(c) ** 8 + abs(s) ** 8) ** (1 / 8)
        rim.append((0.5 + r * stretch * c, 0.5 + r * stretch * s))
    margin = curve(rim)
    margin.setFillType(skia.PathFillType.kInverseWinding)
    pen.soft(margin, paper, 0.96, 0.012)
