"""The sky: gradient or paper bands, stars, sun and moon with their glow, clouds, rainbow.
Draws nothing below the horizon."""

import math

import numpy as np
import skia

from draw_pen import Pen, box, curve, ellipse, to_int, union
from palette import LIGHTS, Colour, lighter, mix, overcast
from scenes import Scene


def sky_colours(scene: Scene) -> tuple[Colour, Colour, Colour]:
    light = LIGHTS[scene.time]
    top, middle, low = light.sky
    return (
        overcast(top, scene.weather, light),
        overcast(middle, scene.weather, light, 0.9),
        overcast(low, scene.weather, light, 0.72),
    )


def draw_sky(pen: Pen, scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    top, middle, low = sky_colours(scene)
    if pen.style.shadow:
        draw_sky_bands(pen, rng, horizon, (top, mix(top, middle, 0.55), middle, mix(middle, low, 0.55), low))
    else:
        colours = [to_int(pen.tone(colour, False)) for colour in (top, middle, low)]
        pen.canvas.drawPaint(skia.Paint(Shader=skia.GradientShader.MakeLinear(
            [skia.Point(0, 0), skia.Point(0, horizon)], colours, [0.0, 0.58, 1.0])))
    if scene.stars:
        draw_stars(pen, rng, horizon)
    if scene.sky_body != "none":
        draw_body(pen, scene)
    if scene.weather == "rainbow":
        draw_rainbow(pen, rng, horizon)


def draw_sky_bands(pen: Pen, rng: np.random.Generator, horizon: float, colours: tuple[Colour, ...]) -> None:
    pen.fill(box(-0.1, -0.1, 1.1, 1.1), colours[0], lit=False, detail=True)
    phase = rng.uniform(0, math.tau)
    for i, colour in enumerate(colours[1:], start=1):
        y = horizon * i / len(colours)
        points = [(x, y + 0.022 * math.sin(7.0 * x + phase + 1.9 * i)) for x in np.linspace(-0.1, 1.1, 9)]
        path = curve(points, closed=False)
        path.lineTo(1.1, 1.1)
        path.lineTo(-0.1, 1.1)
        path.close()
        pen.fill(path, colour, lit=False)


def draw_stars(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    """Few and large: a small autoencoder keeps them."""
    for i in range(13):
        x = (i + rng.uniform(0.15, 0.85)) / 13
        y = rng.uniform(0.03, horizon * 0.62)
        radius = rng.uniform(0.007, 0.013)
        pen.glow(x, y, radius * 3, (200, 214, 255), 0.35)
        star = [
            (
                x + (radius if k % 2 == 0 else radius * 0.42) * math.sin(k * math.pi / 4),
                y - (radius if k % 2 == 0 else radius * 0.42) * math.cos(k * math.pi / 4),
            )
            for k in range(8)
        ]
        path = skia.Path()
        path.addPoly([skia.Point(*p) for p in star], True)
        pen.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=to_int((255, 250, 226))))


def draw_body(pen: Pen, scene: Scene) -> None:
    light = LIGHTS[scene.time]
    x, y = scene.body_x, scene.body_y
    radius = {"day": 0.066, "night": 0.062}.get(scene.time, 0.085)
    pen.glow(x, y, radius * (5.5 if scene.time != "day" else 4.2), light.glow, 0.80)
    if scene.sky_body == "moon" and scene.detail_seed % 2:
        whole, bite = ellipse(x, y, radius, radius), ellipse(
            x + radius * 0.52, y - radius * 0.26, radius * 0.86, radius * 0.86,
        )
        pen.fill(skia.Op(whole, bite, skia.PathOp.kDifference_PathOp), light.body, lit=False)
        return
    pen.fill(ellipse(x, y, radius, radius), lighter(light.body, 0.25), light.body, lit=False)
    if scene.sky_body == "moon":
        for dx, dy, size in ((-0.3, -0.2, 0.24), (0.3, 0.25, 0.18), (0.15, -0.45, 0.12)):
            pen.fill(
                ellipse(x + dx * radius, y + dy * radius, size * radius, size * radius),
                (224, 216, 190),
                lit=False,
                detail=True,
                outline=False,
            )


def draw_rainbow(pen: Pen, rng: np.random.Generator, horizon: float) -> None:
    x, radius, width = rng.uniform(0.35, 0.65), rng.uniform(0.46, 0.52), 0.020
    bands = ((232, 70, 70), (250, 150, 50), (252, 226, 80), (90, 190, 100), (70, 140, 226), (140, 90, 190))
    for i, colour in enumerate(bands):
        pen.stroke(
            ellipse(x, horizon + 0.06, radius - i * width, radius - i * width),
            pen.tone(colour, False),
            width * 1.25,
            0.72,
        )
    if pen.style.outline is not None:
        for edge in (0.6, -len(bands) + 0.4):
            pen.stroke(
                ellipse(x, horizon + 0.06, radius + edge * width, radius + edge * width),
                pen.style.outline,
                pen.style.outline_width * 0.7,
            )


def cloud_path(x: float, y: float, width: float, rng: np.random.Generator) -> skia.Path:
    parts = [box(x - width * 0.5, y - width * 0.13, x + width * 0.5, y, width * 0.065)]
    for t, size in ((-0.27, 0.15), (-0.06, 0.22), (0.18, 0.18), (0.32, 0.11)):
        r = width * size * rng.uniform(0.9, 1.12)
        parts.append(ellipse(x + t * width, y - width * 0.09 - r * 0.45, r, r))
    return union(*parts)


def draw_clouds(pen: Pen, scene: Scene, rng: np.random.Generator, horizon: float) -> None:
    light = LIGHTS[scene.time]
    count = {"clear": int(rng.integers(0, 3)), "rainbow": 2, "cloudy": 5, "rain": 5, "snow": 3, "fog": 1}[scene.weather]
    top = overcast(light.cloud, scene.weather, light, 0.75)
    low = mix(top, overcast(light.sky[1], scene.weather, light), 0.45)
    heavy = scene.weather in ("cloudy", "rain")
    for i in range(count):
        x = (i + rng.uniform(0.2, 0.8)) / count
        if scene.sky_body != "none" and abs(x - scene.body_x) < (0.15 if heavy else 0.22):
            continue  # a sun that is said to be there is seen
        y = rng.uniform(0.12, 0.30) if not heavy else rng.uniform(0.10, 0.16) + 0.16 * (i % 2)
        path = cloud_path(x, y, rng.uniform(0.22, 0.32) * (1.35 if heavy else 1.0), rng)
        pen.fill(path, top, low, lit=False)
