"""Animals: cat, dog, rabbit, horse, sheep, bird, fish. Simple silhouettes one unit high with the foot
at the origin, facing right; bird and fish are centred on the origin."""

from draw_pen import Pen, box, curve, ellipse, polygon, union
from palette import Colour, darker, lighter

EYE: Colour = (28, 24, 30)
NOSE: Colour = (236, 140, 146)


def contrast(colour: Colour) -> Colour:
    """For eyes: light on a black animal."""
    return (250, 220, 110) if sum(colour) < 220 else EYE


def draw_cat(pen: Pen, colour: Colour) -> None:
    shade = darker(colour, 0.14)
    pen.line(((0.20, -0.06), (0.40, -0.10), (0.44, -0.30), (0.36, -0.44)), colour, 0.085)
    pen.fill(
        curve([
            (-0.24, 0.0), (-0.25, -0.24), (-0.14, -0.50), (0.0, -0.58), (0.14, -0.50), (0.25, -0.24), (0.24, 0.0),
            (0.0, 0.015),
        ]),
        lighter(colour, 0.06),
        shade,
    )
    for side in (-1, 1):
        pen.fill(ellipse(0.10 * side, -0.035, 0.085, 0.045), lighter(colour, 0.12), detail=True)
        pen.fill(polygon((0.265 * side, -0.72), (0.25 * side, -1.0), (0.06 * side, -0.86)), colour)
        pen.fill(
            polygon((0.225 * side, -0.78), (0.215 * side, -0.92), (0.11 * side, -0.84)),
            NOSE,
            detail=True,
            outline=False,
        )
    pen.fill(ellipse(0, -0.70, 0.275, 0.215), lighter(colour, 0.08), shade)
    for side in (-1, 1):
        pen.fill(ellipse(0.11 * side, -0.72, 0.042, 0.052), contrast(colour), detail=True, outline=False)
    pen.fill(ellipse(0, -0.62, 0.035, 0.026), NOSE, detail=True, outline=False)


def draw_dog(pen: Pen, colour: Colour) -> None:
    shade = darker(colour, 0.20)
    pen.line(((-0.42, -0.52), (-0.54, -0.62), (-0.57, -0.78)), colour, 0.075)
    for x in (-0.32, 0.22):
        pen.fill(box(x, -0.36, x + 0.115, 0.0, 0.04), shade)
    pen.fill(
        curve([
            (-0.47, -0.48), (-0.36, -0.62), (0.0, -0.60), (0.26, -0.66), (0.36, -0.50), (0.28, -0.30), (-0.05, -0.25),
            (-0.40, -0.27),
        ]),
        lighter(colour, 0.06),
        shade,
    )
    for x in (-0.43, 0.11):
        pen.fill(box(x, -0.38, x + 0.115, 0.0, 0.04), colour)
    head = union(ellipse(0.34, -0.76, 0.19, 0.175), box(0.36, -0.78, 0.63, -0.60, 0.08))
    pen.fill(head, lighter(colour, 0.08), colour)
    pen.fill(
        curve([(0.20, -0.90), (0.10, -0.82), (0.11, -0.60), (0.20, -0.52), (0.27, -0.64), (0.27, -0.84)]),
        darker(colour, 0.38),
    )
    pen.fill(ellipse(0.61, -0.74, 0.045, 0.040), EYE, detail=True, outline=False)
    pen.fill(ellipse(0.41, -0.80, 0.032, 0.038), contrast(colour), detail=True, outline=False)
    pen.line(((0.12, -0.52), (0.20, -0.46), (0.31, -0.50)), (210, 50, 54), 0.055)


def draw_rabbit(pen: Pen, colour: Colour) -> None:
    shade = darker(colour, 0.14)
    pen.fill(ellipse(-0.30, -0.13, 0.095, 0.09), lighter(colour, 0.4))
    pen.fill(
        curve([
            (-0.27, -0.02), (-0.30, -0.22), (-0.17, -0.42), (0.04, -0.45), (0.20, -0.30), (0.22, -0.02), (0.0, 0.01),
        ]),
        lighter(colour, 0.05),
        shade,
    )
    for x, turn in ((0.03, -14.0), (0.15, 10.0)):
        with pen.at(x, -0.60, 1.0, turn=turn):
            pen.fill(ellipse(0, -0.21, 0.068, 0.21), colour)
            pen.fill(ellipse(0, -0.20, 0.034, 0.15), NOSE, detail=True, outline=False)
    pen.fill(ellipse(0.11, -0.52, 0.20, 0.165), lighter(colour, 0.08), shade)
    pen.fill(ellipse(0.14, -0.035, 0.12, 0.045), lighter(colour, 0.12))
    pen.fill(ellipse(-0.12, -0.04, 0.16, 0.055), lighter(colour, 0.08))
    pen.fill(ellipse(0.18, -0.55, 0.032, 0.042), contrast(colour), detail=True, outline=False)
    pen.fill(ellipse(0.30, -0.50, 0.028, 0.024), NOSE, detail=True, outline=False)


def draw_horse(pen: Pen, colour: Colour) -> None:
    mane = darker(colour, 0.5) if sum(colour) > 220 else (110, 104, 110)
    shade = darker(colour, 0.20)
    pen.fill(
        curve([(-0.40, -0.60), (-0.52, -0.54), (-0.55, -0.30), (-0.50, -0.16), (-0.46, -0.34), (-0.40, -0.48)]),
        mane,
    )
    for x in (-0.29, 0.13):
        pen.fill(polygon((x - 0.01, -0.40), (x + 0.10, -0.40), (x + 0.075, 0.0), (x + 0.005, 0.0)), shade)
    body = curve([
        (-0.44, -0.54), (-0.30, -0.66), (-0.02, -0.62), (0.18, -0.66), (0.30, -0.86), (0.36, -0.98), (0.44, -0.94),
        (0.47, -0.84), (0.60, -0.72), (0.57, -0.64), (0.44, -0.69), (0.38, -0.56), (0.28, -0.40), (-0.05, -0.34),
        (-0.36, -0.36),
    ])
    pen.fill(body, lighter(colour, 0.08), darker(colour, 0.10))
    for x in (-0.40, 0.20):
        pen.fill(polygon((x - 0.015, -0.42), (x + 0.11, -0.42), (x + 0.08, 0.0), (x + 0.005, 0.0)), colour)
        pen.fill(box(x - 0.002, -0.055, x + 0.088, 0.0, 0.01), mane, detail=True)
    pen.fill(curve([(0.38, -0.99), (0.28, -0.94), (0.20, -0.82), (0.10, -0.64), (0.21, -0.66), (0.30, -0.80)]), mane)
    pen.fill(ellipse(0.445, -0.83, 0.024, 0.028), contrast(colour), detail=True, outline=False)


def draw_sheep(pen: Pen, colour: Colour) -> None:
    face = (62, 54, 60) if sum(colour) > 260 else (214, 196, 180)
    for x in (-0.32, -0.16, 0.14, 0.28):
        pen.fill(box(x - 0.045, -0.30, x + 0.045, 0.0, 0.03), face)
    blobs = (
        (-0.38, -0.52, 0.19), (-0.16, -0.36, 0.20), (0.12, -0.36, 0.20), (0.32, -0.48, 0.18), (-0.24, -0.72, 0.20),
        (0.02, -0.76, 0.21), (0.24, -0.68, 0.18), (0.0, -0.52, 0.26),
    )
    pen.fill(union(*(ellipse(x, y, r, r) for x, y, r in blobs)), lighter(colour, 0.10), darker(colour, 0.12))
    for x, y in ((-0.24, -0.58), (-0.02, -0.44), (0.06, -0.68)):
        pen.fill(ellipse(x, y, 0.09, 0.06), darker(colour, 0.10), alpha=0.6, detail=True)
    pen.fill(ellipse(0.36, -0.70, 0.10, 0.05), face)
    pen.fill(ellipse(0.48, -0.62, 0.135, 0.175), face)
    pen.fill(ellipse(0.44, -0.81, 0.13, 0.09), lighter(colour, 0.12))
    pen.fill(
        ellipse(0.51, -0.65, 0.032, 0.036), (250, 248, 240) if sum(face) < 300 else EYE, detail=True, outline=False,
    )


def draw_bird(pen: Pen, colour: Colour) -> None:
    """In flight, wings raised."""
    shade = darker(colour, 0.22)
    pen.fill(
        curve([(0.06, 0.04), (-0.02, -0.26), (-0.28, -0.50), (-0.36, -0.46), (-0.28, -0.12), (-0.12, 0.12)]),
        darker(colour, 0.34),
    )
    pen.fill(polygon((-0.34, 0.08), (-0.66, -0.02), (-0.62, 0.14), (-0.68, 0.28), (-0.30, 0.24)), shade)
    pen.fill(
        curve([
            (-0.42, 0.14), (-0.16, -0.03), (0.16, -0.10), (0.36, -0.04), (0.42, 0.10), (0.26, 0.28), (-0.04, 0.34),
            (-0.30, 0.26),
        ]),
        lighter(colour, 0.06),
        colour,
    )
    pen.fill(
        curve([(0.0, 0.28), (0.22, 0.22), (0.34, 0.14), (0.22, 0.29), (0.02, 0.35)]),
        lighter(colour, 0.55),
        detail=True,
        outline=False,
    )
    pen.fill(
        curve([(0.16, 0.06), (0.20, -0.26), (0.06, -0.56), (-0.04, -0.60), (-0.16, -0.30), (-0.14, 0.10), (0.0, 0.17)]),
        shade,
        lighter(colour, 0.10),
    )
    pen.fill(polygon((0.41, 0.0), (0.60, 0.07), (0.40, 0.13)), (246, 170, 44))
    pen.fill(ellipse(0.29, 0.02, 0.036, 0.040), contrast(colour), detail=True, outline=False)


def draw_fish(pen: Pen, colour: Colour) -> None:
    shade = darker(colour, 0.22)
    pen.fill(curve([(-0.44, 0.0), (-0.72, -0.34), (-0.78, -0.26), (-0.66, 0.0), (-0.78, 0.26), (-0.72, 0.34)]), shade)
    pen.fill(curve([(-0.20, -0.28), (-0.08, -0.52), (0.12, -0.48), (0.26, -0.28)]), shade)
    pen.fill(curve([(-0.06, 0.28), (-0.10, 0.46), (0.06, 0.42), (0.18, 0.28)]), shade)
    pen.fill(
        curve([
            (0.74, 0.02), (0.50, -0.24), (0.12, -0.35), (-0.26, -0.22), (-0.52, 0.0), (-0.26, 0.22), (0.12, 0.35),
            (0.50, 0.25),
        ]),
        lighter(colour, 0.04),
        lighter(colour, 0.22),
    )
    for x, half in ((0.14, 0.29), (-0.12, 0.24)):
        pen.fill(
            curve([
                (x, -half), (x + 0.10, 0.0), (x, half), (x - 0.08, half * 0.9), (x + 0.01, 0.0),
                (x - 0.08, -half * 0.9),
            ]),
            lighter(colour, 0.55),
            detail=True,
            outline=False,
        )
    pen.fill(ellipse(0.46, -0.07, 0.075, 0.075), (255, 255, 255), detail=True)
    pen.fill(ellipse(0.48, -0.07, 0.040, 0.042), EYE, detail=True, outline=False)
