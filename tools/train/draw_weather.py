"""Weather in front of the scene: rain, falling snow, banks of fog. Clouds and rainbow belong to the sky."""

import numpy as np

from draw_pen import Pen, ellipse
from palette import LIGHTS, multiply
from scenes import Scene


def draw_weather(pen: Pen, scene: Scene, rng: np.random.Generator) -> None:
    if scene.weather == "rain":
        draw_rain(pen, rng)
    elif scene.weather == "snow":
        draw_snowfall(pen, rng)
    elif scene.weather == "fog":
        draw_fog(pen, scene, rng)


def cells(rng: np.random.Generator, columns: int, rows: int):
    """Evenly scattered points: one in each cell of a grid."""
    for i in range(columns):
        for j in range(rows):
            yield (i + rng.uniform(0.1, 0.9)) / columns, (j + rng.uniform(0.1, 0.9)) / rows


def draw_rain(pen: Pen, rng: np.random.Generator) -> None:
    slant = rng.uniform(0.014, 0.026)
    for x, y in cells(rng, 8, 6):
        length = rng.uniform(0.8, 1.2)
        pen.line(
            ((x + slant * length, y - 0.035 * length), (x - slant * length, y + 0.035 * length)),
            (214, 228, 244),
            0.0075,
            lit=False,
            alpha=0.62,
        )


def draw_snowfall(pen: Pen, rng: np.random.Generator) -> None:
    for x, y in cells(rng, 8, 7):
        radius = rng.uniform(0.008, 0.015)
        pen.fill(ellipse(x, y, radius, radius), (255, 255, 255), lit=False, alpha=0.94, detail=True)


def draw_fog(pen: Pen, scene: Scene, rng: np.random.Generator) -> None:
    colour = multiply((236, 240, 242), LIGHTS[scene.time].thing)
    for i in range(4):
        y = 0.50 + 0.12 * i + rng.uniform(-0.02, 0.02)
        x = rng.uniform(0.2, 0.8)
        pen.soft(ellipse(x, y, rng.uniform(0.45, 0.7), 0.040), colour, 0.50, 0.030)
