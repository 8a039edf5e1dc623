"""Sea and lake: water under the sky's colours, the sun's path on it, and the shores that things stand on."""

import skia

from draw_land import BOTTOM, Land, below, hill_layers, ridge
from draw_pen import box, curve, ellipse
from draw_sky import sky_colours
from palette import LIGHTS, TERRAINS, darker, lighter, mix


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
            pen.fill(
                ellipse(x, y, width, 0.0055 + 0.004 * (y - top) / 0.4),
                lighter(mix(far, near, 0.5), 0.34),
                lit=False,
                alpha=0.5,
                detail=True,
            )


def draw_glitter(land: Land, top: float, bottom: float) -> None:
    """The sun's or moon's path on the water."""
    pen, x = land.pen, land.scene.body_x
    light = LIGHTS[land.scene.time]
    for i in range(7):
        t = (i + 0.35) / 7
        y = top + (bottom - top) * t
        half = (0.035 + 0.055 * t) * land.rng.uniform(0.65, 1.15)
        pen.fill(
            ellipse(x + land.rng.uniform(-0.012, 0.012), y, half, 0.009 + 0.004 * t),
            light.body,
            lit=False,
            alpha=0.72 - 0.35 * t,
            detail=True,
        )


def draw_sea(land: Land) -> None:
    if land.rng.random() < 0.45:
        x, half = land.rng.uniform(0.1, 0.9), land.rng.uniform(0.14, 0.26)
        colour = land.tint((120, 150, 150), 0.8)
        points = [
            (x - half, 0.635), (x - half * 0.55, 0.585), (x - half * 0.1, 0.565), (x + half * 0.5, 0.595),
            (x + half, 0.635), (x, 0.66),
        ]
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
    rock = [
        (a - 0.05, 1.0), (a + 0.02, top + 0.05), (a + 0.10, top), ((a + b) / 2, top - 0.022), (b - 0.10, top),
        (b - 0.02, top + 0.05), (b + 0.05, 1.0), ((a + b) / 2, 1.06),
    ]
    pen.fill(ellipse((a + b) / 2, 0.985, (b - a) / 2 + 0.09, 0.03), (255, 255, 255), lit=False, alpha=0.55, detail=True)
    pen.fill(curve(rock), side_colour, darker(side_colour, 0.25), lit=False)
    turf = [
        (a + 0.03, top + 0.035), (a + 0.10, top - 0.002), ((a + b) / 2, top - 0.025), (b - 0.10, top - 0.002),
        (b - 0.03, top + 0.035), (b - 0.16, top + 0.055), ((a + b) / 2 + 0.04, top + 0.042), (a + 0.16, top + 0.06),
    ]
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
