"""Crafts: sailing boat (waterline at the origin) and hot-air balloon (centred on the origin), one unit high."""

from draw_pen import Pen, box, curve, polygon
from palette import Colour, darker, lighter

SAIL: Colour = (252, 248, 236)
WOOD: Colour = (120, 80, 52)


def draw_boat(pen: Pen, colour: Colour) -> None:
    white = min(colour) > 200
    pen.line(((0.0, -0.15), (0.0, -1.0)), WOOD, 0.028)
    pen.fill(
        curve([(0.03, -0.27), (0.03, -0.96), (0.20, -0.66), (0.40, -0.27)]),
        lighter(colour, 0.10),
        darker(colour, 0.04),
    )
    pen.fill(
        curve([(-0.03, -0.27), (-0.03, -0.86), (-0.16, -0.56), (-0.33, -0.27)]),
        SAIL,
        (228, 222, 208) if not white else (190, 206, 222),
    )
    hull = curve([
        (-0.46, -0.21), (0.0, -0.19), (0.48, -0.23), (0.42, -0.08), (0.30, 0.03), (0.0, 0.05), (-0.28, 0.03),
        (-0.40, -0.08),
    ])
    pen.fill(hull, colour, darker(colour, 0.20))
    stripe = SAIL if not white else (90, 120, 160)
    pen.fill(
        curve([(-0.46, -0.215), (0.0, -0.195), (0.48, -0.235), (0.455, -0.175), (0.0, -0.145), (-0.44, -0.165)]),
        stripe,
        detail=True,
    )


def draw_balloon(pen: Pen, colour: Colour) -> None:
    pale = lighter(colour, 0.52) if min(colour) < 200 else (206, 214, 226)
    for x in (-0.085, 0.085):
        pen.line(((x * 1.5, 0.18), (x, 0.40)), WOOD, 0.014)
    envelope = ((0.0, -0.50), (0.22, -0.45), (0.36, -0.26), (0.35, -0.06), (0.22, 0.12), (0.11, 0.24))
    for squeeze, shade in ((1.0, colour), (0.66, pale), (0.30, lighter(colour, 0.06))):
        right = [(x * squeeze, y) for x, y in envelope]
        left = [(-x, y) for x, y in reversed(right)]
        path = curve([*right, *left[:-1]])
        pen.fill(path, lighter(shade, 0.06), darker(shade, 0.14), detail=squeeze < 1)
    pen.fill(box(-0.115, 0.21, 0.115, 0.255, 0.01), darker(colour, 0.3), detail=True)
    pen.fill(box(-0.10, 0.37, 0.10, 0.50, 0.025), (170, 116, 66), (132, 86, 50))
    pen.fill(
        polygon((-0.115, 0.365), (0.115, 0.365), (0.115, 0.395), (-0.115, 0.395)),
        (110, 70, 42),
        detail=True,
        outline=False,
    )
