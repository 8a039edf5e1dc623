"""What every terrain is made of: the context of one terrain, skylines, and layers of hills in the haze.
The terrains themselves are in draw_terrain.py and draw_water.py."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import skia

from draw_pen import Pen, Point, curve
from palette import LIGHTS, Colour, darker, lighter, mix, multiply, overcast
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
        (
            x,
            y + rise * (
                0.7 * math.sin(waves * math.tau * x + phases[0]) + 0.3 * math.sin(
                    2.3 * waves * math.tau * x + phases[1]
                )
            ),
        )
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
