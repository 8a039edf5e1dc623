"""Portraits: head and shoulders before a plain backdrop. Drawn in picture coordinates."""

import skia

from draw_pen import Pen, box, curve, ellipse, to_int
from palette import HAIR_COLOURS, OBJECT_COLOURS, SKIN_TONES, Colour, darker, lighter, mix
from scenes import Scene

BACK_HAIR: dict[str, list[tuple[float, float]]] = {
    "woman": [
        (-0.31, 0.30), (-0.34, -0.02), (-0.30, -0.36), (0.0, -0.53), (0.30, -0.36), (0.34, -0.02), (0.31, 0.30),
        (0.0, 0.36),
    ],
    "man": [
        (-0.245, -0.04), (-0.265, -0.26), (-0.17, -0.46), (0.02, -0.51), (0.19, -0.45), (0.265, -0.26), (0.245, -0.04),
        (0.0, 0.0),
    ],
}
FRINGE: dict[str, list[tuple[float, float]]] = {
    "woman": [
        (-0.265, 0.02), (-0.255, -0.28), (-0.10, -0.455), (0.12, -0.45), (0.255, -0.28), (0.265, 0.02), (0.215, -0.14),
        (0.10, -0.27), (-0.04, -0.31), (-0.17, -0.20),
    ],
    "man": [
        (-0.255, -0.10), (-0.25, -0.31), (-0.10, -0.485), (0.12, -0.48), (0.25, -0.31), (0.255, -0.10), (0.205, -0.21),
        (0.10, -0.285), (-0.08, -0.285), (-0.205, -0.21),
    ],
}


def draw_backdrop(pen: Pen, colour: Colour) -> None:
    pale = lighter(colour, 0.58)
    paint = skia.Paint(Shader=skia.GradientShader.MakeRadial(
        skia.Point(0.5, 0.42), 0.78, [to_int(pen.tone(lighter(pale, 0.35), False)), to_int(pen.tone(pale, False))]))
    pen.canvas.drawPaint(paint)


def draw_portrait(pen: Pen, scene: Scene) -> None:
    skin, hair = SKIN_TONES[scene.skin], HAIR_COLOURS[scene.hair]
    shirt = OBJECT_COLOURS[scene.colour]
    draw_backdrop(pen, OBJECT_COLOURS[scene.backdrop])
    with pen.at(scene.xs[0], 0.52, scene.height, scene.mirrored[0]):
        pen.fill(curve(BACK_HAIR[scene.person]), lighter(hair, 0.06), darker(hair, 0.22))
        pen.fill(
            curve([
                (-0.50, 0.80), (-0.46, 0.45), (-0.28, 0.345), (0.0, 0.31), (0.28, 0.345), (0.46, 0.45), (0.50, 0.80),
            ]),
            lighter(shirt, 0.08),
            darker(shirt, 0.14),
        )
        pen.fill(
            curve([
                (-0.15, 0.335), (-0.095, 0.30), (-0.095, 0.12), (0.095, 0.12), (0.095, 0.30), (0.15, 0.335),
                (0.0, 0.435),
            ]),
            darker(skin, 0.14),
            detail=True,
        )
        for side in (-1, 1):
            pen.fill(ellipse(0.235 * side, -0.06, 0.045, 0.065), darker(skin, 0.06))
        pen.fill(
            curve([
                (-0.235, -0.12), (-0.20, -0.34), (0.0, -0.44), (0.20, -0.34), (0.235, -0.12), (0.205, 0.10),
                (0.10, 0.225), (0.0, 0.245), (-0.10, 0.225), (-0.205, 0.10),
            ]),
            lighter(skin, 0.08),
            darker(skin, 0.03),
        )
        pen.fill(curve(FRINGE[scene.person]), lighter(hair, 0.12), hair)
        draw_features(pen, scene, skin, hair)


def draw_features(pen: Pen, scene: Scene, skin: Colour, hair: Colour) -> None:
    happy = scene.mood == "happy"
    brow = mix(darker(hair, 0.35), (60, 40, 36), 0.3)
    lip = mix((196, 60, 66), skin, 0.18)
    for side in (-1, 1):
        pen.fill(ellipse(0.135 * side, 0.06, 0.052, 0.036), (240, 120, 110), alpha=0.34, detail=True)
        pen.fill(ellipse(0.098 * side, -0.055, 0.046, 0.040), (255, 255, 255), detail=True)
        pen.fill(ellipse(0.098 * side, -0.050, 0.029, 0.034), (44, 34, 36), detail=True, outline=False)
        inner, outer = (-0.135, -0.125) if happy else (-0.155, -0.115)
        pen.mark(
            [(0.055 * side, inner), (0.10 * side, (inner + outer) / 2 - 0.012), (0.148 * side, outer)],
            brow,
            0.022,
        )
    pen.mark([(0.012, -0.02), (0.028, 0.035), (-0.010, 0.045)], darker(skin, 0.24), 0.018)
    if happy:
        pen.fill(
            curve([(-0.105, 0.092), (0.0, 0.118), (0.105, 0.092), (0.065, 0.160), (0.0, 0.180), (-0.065, 0.160)]),
            lip,
            detail=True,
        )
        pen.fill(box(-0.055, 0.112, 0.055, 0.136, 0.012), (255, 255, 255), detail=True, outline=False)
    else:
        pen.mark([(-0.085, 0.160), (0.0, 0.112), (0.085, 0.160)], lip, 0.030)
