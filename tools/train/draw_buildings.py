"""Buildings: house, castle, tower, lighthouse, windmill.
Each is drawn one unit high with its foot at the origin."""

import skia

from draw_pen import Pen, box, curve, ellipse, polygon
from palette import Colour, darker, lighter, mix

GLASS: Colour = (120, 168, 196)
LAMP: Colour = (255, 222, 120)
DOOR: Colour = (104, 66, 44)
SLATE: Colour = (86, 92, 110)
CREAM: Colour = (250, 244, 230)


def window(pen: Pen, x: float, y: float, width: float, height: float, lamps: bool) -> None:
    pane = box(x - width / 2, y - height / 2, x + width / 2, y + height / 2, width * 0.15)
    if lamps:
        pen.glow(x, y, width * 2.0, LAMP, 0.5)
    pen.fill(pane, LAMP if lamps else GLASS, lit=not lamps, detail=True)


def arch(x: float, bottom: float, width: float, height: float) -> skia.Path:
    h = width / 2
    return curve([
        (x - h, bottom), (x - h, bottom - height * 0.6), (x - h * 0.6, bottom - height * 0.92), (x, bottom - height),
        (x + h * 0.6, bottom - height * 0.92), (x + h, bottom - height * 0.6), (x + h, bottom), (x, bottom + 0.002),
    ])


def roof_for(colour: Colour) -> Colour:
    """Dark enough to read as a roof and never a second strong colour."""
    return SLATE if min(colour) > 120 else mix(darker(colour, 0.52), (60, 48, 50), 0.4)


def draw_house(pen: Pen, colour: Colour, lamps: bool) -> None:
    roof = roof_for(colour)
    pen.fill(box(0.16, -1.0, 0.28, -0.62), (150, 96, 80), (126, 80, 68))
    pen.fill(box(-0.42, -0.60, 0.42, 0.0), lighter(colour, 0.06), darker(colour, 0.10))
    pen.fill(polygon((-0.52, -0.56), (0, -0.98), (0.52, -0.56)), lighter(roof, 0.12), roof)
    pen.fill(box(-0.09, -0.34, 0.09, 0.0, 0.02), DOOR, detail=True)
    for x in (-0.26, 0.26):
        window(pen, x, -0.32, 0.17, 0.19, lamps)
    window(pen, 0, -0.71, 0.13, 0.13, lamps)


def crenels(pen: Pen, left: float, right: float, top: float, count: int, colour: Colour) -> None:
    step = (right - left) / (2 * count - 1)
    for i in range(count):
        pen.fill(box(left + 2 * i * step, top - step, left + (2 * i + 1) * step, top + 0.01), colour)


def draw_castle(pen: Pen, colour: Colour, lamps: bool) -> None:
    roof = roof_for(colour)
    flag = (220, 60, 60) if colour[0] < 200 else (60, 110, 200)
    back = darker(colour, 0.12)
    pen.fill(box(-0.13, -0.74, 0.13, -0.3), back)
    pen.fill(polygon((-0.18, -0.72), (0, -0.95), (0.18, -0.72)), lighter(roof, 0.1), roof)
    pen.line(((0, -0.95), (0, -1.0)), DOOR, 0.014)
    pen.fill(polygon((0, -1.01), (0.12, -0.985), (0, -0.95)), flag, detail=True)
    crenels(pen, -0.34, 0.34, -0.42, 5, colour)
    pen.fill(box(-0.36, -0.42, 0.36, 0.0), lighter(colour, 0.05), darker(colour, 0.10))
    for side in (-1, 1):
        x = 0.43 * side
        pen.fill(box(x - 0.125, -0.60, x + 0.125, 0.0), lighter(colour, 0.10), darker(colour, 0.06))
        pen.fill(polygon((x - 0.17, -0.58), (x, -0.84), (x + 0.17, -0.58)), lighter(roof, 0.1), roof)
        window(pen, x, -0.40, 0.075, 0.13, lamps)
    window(pen, 0, -0.60, 0.085, 0.12, lamps)
    pen.fill(arch(0, 0.0, 0.22, 0.28), DOOR, detail=True)


def draw_tower(pen: Pen, colour: Colour, lamps: bool) -> None:
    pen.fill(
        polygon((-0.17, 0), (-0.145, -0.82), (0.145, -0.82), (0.17, 0)),
        lighter(colour, 0.08),
        darker(colour, 0.12),
    )
    crenels(pen, -0.205, 0.205, -0.93, 3, colour)
    pen.fill(box(-0.205, -0.93, 0.205, -0.80), lighter(colour, 0.05), darker(colour, 0.08))
    for y in (-0.62, -0.38):
        window(pen, 0, y, 0.085, 0.12, lamps)
    pen.fill(arch(0, 0.0, 0.14, 0.19), DOOR, detail=True)


def draw_lighthouse(pen: Pen, colour: Colour, lamps: bool) -> None:
    """Bands of its colour and white; a white one is white with slate trim."""
    plain = min(colour) > 200

    def half(t: float) -> float:
        """Half the width at a share of the shaft's height."""
        return 0.165 - 0.065 * t

    bottom, top = 0.0, -0.74
    bands = 5
    for i in range(bands):
        a, b = i / bands, (i + 1) / bands
        ya, yb = bottom + (top - bottom) * a, bottom + (top - bottom) * b
        band = CREAM if i % 2 else colour
        if plain:
            band = colour if i != 2 else (206, 208, 212)
        pen.fill(polygon((-half(a), ya), (-half(b), yb), (half(b), yb), (half(a), ya)), band)
        pen.fill(
            polygon((half(a) * 0.35, ya), (half(b) * 0.35, yb), (half(b), yb), (half(a), ya)),
            darker(band, 0.2),
            alpha=0.6,
            detail=True,
            outline=False,
        )
    trim = SLATE if plain else darker(colour, 0.35)
    pen.fill(box(-0.145, -0.775, 0.145, -0.735, 0.01), trim)
    pen.fill(box(-0.078, -0.88, 0.078, -0.775), LAMP, lit=False, detail=True)
    pen.fill(
        curve([(-0.11, -0.875), (-0.07, -0.95), (0, -0.995), (0.07, -0.95), (0.11, -0.875), (0, -0.865)]),
        SLATE if plain else colour,
    )
    if lamps:
        pen.glow(0, -0.83, 0.38, LAMP, 0.85)
        for side in (-1, 1):
            pen.ray(
                polygon((0.06 * side, -0.845), (1.5 * side, -1.02), (1.5 * side, -0.66), (0.06 * side, -0.815)),
                0.06 * side,
                1.45 * side,
                (255, 240, 180),
                0.55,
            )
    window(pen, 0, -0.52, 0.055, 0.075, lamps)
    pen.fill(arch(0, 0.0, 0.10, 0.14), DOOR, detail=True)


def draw_windmill(pen: Pen, colour: Colour, lamps: bool) -> None:
    pen.fill(
        polygon((-0.20, 0), (-0.125, -0.64), (0.125, -0.64), (0.20, 0)),
        lighter(colour, 0.08),
        darker(colour, 0.12),
    )
    pen.fill(
        curve([(-0.15, -0.63), (-0.10, -0.73), (0, -0.78), (0.10, -0.73), (0.15, -0.63), (0, -0.62)]),
        roof_for(colour),
    )
    window(pen, 0, -0.38, 0.08, 0.11, lamps)
    pen.fill(arch(0, 0.0, 0.12, 0.17), DOOR, detail=True)
    for i in range(4):
        with pen.at(0, -0.64, 1.0, turn=45 + 90 * i + 12):
            pen.line(((0, 0), (0, -0.40)), DOOR, 0.022)
            pen.fill(box(0.0, -0.40, 0.105, -0.10), CREAM, (222, 212, 190))
    pen.fill(ellipse(0, -0.64, 0.032, 0.032), DOOR, detail=True)
