"""Plants: pine, round tree, palm, flower. Each is drawn one unit high with its foot at the origin."""

import math

import skia

from draw_pen import Pen, box, curve, ellipse, polygon, union
from palette import Colour, darker, lighter

TRUNK: Colour = (118, 80, 54)


def draw_plain_pine(pen: Pen, colour: Colour) -> None:
    """The one-shape pine of a forest; its colour is already in the light of the scene."""
    outline = polygon(
        (0, -1), (0.15, -0.66), (0.09, -0.67), (0.22, -0.36), (0.14, -0.37), (0.29, 0.02), (-0.29, 0.02),
        (-0.14, -0.37), (-0.22, -0.36), (-0.09, -0.67), (-0.15, -0.66),
    )
    pen.fill(outline, lighter(colour, 0.08), darker(colour, 0.10), lit=False)


def draw_pine(pen: Pen, colour: Colour) -> None:
    snowy = min(colour) > 200
    leaf = (92, 140, 122) if snowy else colour
    pen.fill(box(-0.05, -0.16, 0.05, 0.0), TRUNK, darker(TRUNK, 0.3))
    for top, bottom, half in ((-0.58, -0.10, 0.31), (-0.80, -0.36, 0.245), (-1.0, -0.62, 0.175)):
        skirt = curve([
            (0, top), (half * 0.42, (top + bottom) / 2), (half, bottom), (half * 0.45, bottom + 0.025),
            (0, bottom + 0.04), (-half * 0.45, bottom + 0.025), (-half, bottom), (-half * 0.42, (top + bottom) / 2),
        ])
        pen.fill(skirt, lighter(leaf, 0.16), darker(leaf, 0.22))
        if snowy:
            cap = bottom - (bottom - top) * 0.38
            pen.fill(
                curve([
                    (0, top), (half * 0.40, (top + cap) / 2 + 0.02), (half * 0.66, cap + 0.02),
                    (half * 0.2, cap - 0.03), (-half * 0.25, cap + 0.05), (-half * 0.66, cap + 0.02),
                    (-half * 0.40, (top + cap) / 2 + 0.02),
                ]),
                colour,
                detail=True,
            )


def tree_crown() -> skia.Path:
    blobs = (
        (-0.22, -0.50, 0.22), (0.22, -0.50, 0.22), (0.0, -0.44, 0.22), (-0.13, -0.73, 0.21), (0.14, -0.72, 0.20),
        (0.0, -0.80, 0.20),
    )
    return union(*(ellipse(x, y, r, r) for x, y, r in blobs))


def draw_plain_tree(pen: Pen, colour: Colour) -> None:
    """The one-shape tree of a far row; its colour is already in the light of the scene."""
    with pen.at(0, 0.25, 1.25):
        pen.fill(tree_crown(), lighter(colour, 0.08), darker(colour, 0.10), lit=False)


def draw_tree(pen: Pen, colour: Colour) -> None:
    trunk = curve([
        (-0.045, -0.45), (-0.055, -0.15), (-0.10, 0.0), (0.0, 0.01), (0.10, 0.0), (0.055, -0.15), (0.045, -0.45),
    ])
    pen.fill(trunk, TRUNK, darker(TRUNK, 0.25))
    pen.fill(tree_crown(), lighter(colour, 0.12), darker(colour, 0.16))
    for x, y, r in ((-0.15, -0.76, 0.13), (0.14, -0.60, 0.12), (-0.20, -0.50, 0.11)):
        pen.fill(ellipse(x, y, r, r * 0.86), lighter(colour, 0.24), alpha=0.65, detail=True)


def draw_palm(pen: Pen, colour: Colour) -> None:
    trunk = curve([
        (-0.055, 0.0), (-0.02, -0.3), (0.05, -0.58), (0.12, -0.74), (0.165, -0.72), (0.11, -0.54), (0.055, -0.3),
        (0.055, 0.0),
    ])
    bark = (150, 108, 70)
    pen.fill(trunk, bark, darker(bark, 0.2))
    cx, cy = 0.14, -0.74
    for angle, length in ((-200, 0.40), (20, 0.40), (-162, 0.46), (-18, 0.46), (-130, 0.36), (-52, 0.36)):
        a = math.radians(angle)
        tip = (cx + length * math.cos(a), cy + length * math.sin(a) * 0.75 + 0.09)
        middle = ((cx + tip[0]) / 2, (cy + tip[1]) / 2 - 0.07)
        frond = curve([(cx, cy), (middle[0] - 0.01, middle[1] - 0.06), tip, (middle[0] + 0.01, middle[1] + 0.055)])
        pen.fill(frond, lighter(colour, 0.14), darker(colour, 0.14))
    for dx in (-0.045, 0.045):
        pen.fill(ellipse(cx + dx, cy + 0.045, 0.04, 0.04), (110, 70, 44), detail=True)


def draw_flower(pen: Pen, colour: Colour) -> None:
    leaf = (74, 152, 72)
    pen.line(((0, 0), (0.02, -0.3), (0, -0.62)), leaf, 0.05)
    for side in (-1, 1):
        pen.fill(
            curve([(0.01, -0.12), (side * 0.13, -0.31), (side * 0.30, -0.36), (side * 0.20, -0.17)]),
            lighter(leaf, 0.1),
            darker(leaf, 0.14),
        )
    cx, cy = 0.0, -0.70
    for i in range(6):
        a = math.tau * i / 6 + 0.26
        with pen.at(cx + 0.165 * math.cos(a), cy + 0.165 * math.sin(a), 1.0, turn=math.degrees(a)):
            pen.fill(ellipse(0, 0, 0.135, 0.105), lighter(colour, 0.08))
    heart = (150, 92, 40) if colour[0] > 240 and colour[1] > 190 and colour[2] < 120 else (250, 200, 60)
    pen.fill(ellipse(cx, cy, 0.10, 0.10), lighter(heart, 0.15), darker(heart, 0.10), detail=True)
