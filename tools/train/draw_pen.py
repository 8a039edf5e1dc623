"""The pen that all drawing goes through: shapes, fills, lines and glows in unit coordinates, and the
drawing styles as a table. Knows nothing of what is drawn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import skia

from palette import BLACK, Colour, darker, mix, saturate

Point = tuple[float, float]


@dataclass(frozen=True)
class Style:
    """How a style renders a fill. Widths and blurs are fractions of the picture's side."""

    paper: Colour
    paleness: float  # how far colours move to the paper
    saturation: float
    gradients: bool
    outline: Colour | None
    outline_width: float
    outline_alpha: float
    shadow: float  # opacity of the soft shadow under each fill
    wash: bool  # watercolour finish: softened edges, blooms, bare paper margin
    one_fill: Colour | None  # every fill gets this colour, on gridded paper (blueprint)


STYLES: dict[str, Style] = {
    "flat": Style((255, 255, 255), 0.0, 1.0, True, None, 0.0, 0.0, 0.0, False, None),
    "watercolour": Style((252, 247, 234), 0.20, 1.05, True, None, 0.009, 0.30, 0.0, True, None),
    "ink": Style((255, 250, 236), 0.12, 0.95, False, (26, 22, 30), 0.0085, 1.0, 0.0, False, None),
    "papercut": Style((255, 252, 246), 0.06, 1.05, False, None, 0.0, 0.0, 0.42, False, None),
    "blueprint": Style((28, 74, 152), 0.0, 1.0, False, (236, 244, 255), 0.0075, 1.0, 0.0, False, (28, 74, 152)),
}


def to_int(colour: Colour, alpha: float = 1.0) -> int:
    r, g, b = (min(255, max(0, round(c))) for c in colour)
    return skia.Color(r, g, b, round(255 * min(1.0, max(0.0, alpha))))


def polygon(*points: Point) -> skia.Path:
    path = skia.Path()
    path.addPoly([skia.Point(x, y) for x, y in points], True)
    return path


def curve(points: Sequence[Point], closed: bool = True) -> skia.Path:
    """A Catmull-Rom curve through the points."""
    n = len(points)
    path = skia.Path()
    path.moveTo(*points[0])
    for i in range(n if closed else n - 1):
        if closed:
            p0, p1, p2, p3 = points[i - 1], points[i], points[(i + 1) % n], points[(i + 2) % n]
        else:
            p0, p1, p2, p3 = points[max(i - 1, 0)], points[i], points[i + 1], points[min(i + 2, n - 1)]
        path.cubicTo(
            p1[0] + (p2[0] - p0[0]) / 6, p1[1] + (p2[1] - p0[1]) / 6,
            p2[0] - (p3[0] - p1[0]) / 6, p2[1] - (p3[1] - p1[1]) / 6, p2[0], p2[1],
        )
    if closed:
        path.close()
    return path


def ellipse(x: float, y: float, rx: float, ry: float) -> skia.Path:
    path = skia.Path()
    path.addOval(skia.Rect.MakeLTRB(x - rx, y - ry, x + rx, y + ry))
    return path


def box(left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> skia.Path:
    path = skia.Path()
    path.addRoundRect(skia.Rect.MakeLTRB(left, top, right, bottom), radius, radius)
    return path


def union(*paths: skia.Path) -> skia.Path:
    whole = paths[0]
    for path in paths[1:]:
        whole = skia.Op(whole, path, skia.PathOp.kUnion_PathOp)
    return whole


class Pen:
    def __init__(self, canvas: skia.Canvas, style: Style) -> None:
        self.canvas = canvas
        self.style = style
        self.light: Colour = (255, 255, 255)
        self.haze: tuple[Colour, float] = (BLACK, 0.0)
        self.scale = 1.0

    @contextmanager
    def at(self, x: float, y: float, scale: float, mirrored: bool = False, turn: float = 0.0) -> Iterator[None]:
        """Local coordinates: origin at (x, y), one unit = scale. Outlines keep their width."""
        before = self.scale
        self.canvas.save()
        self.canvas.translate(x, y)
        self.canvas.rotate(turn)
        self.canvas.scale(-scale if mirrored else scale, scale)
        self.scale = before * scale
        yield
        self.canvas.restore()
        self.scale = before

    @contextmanager
    def lit(self, light: Colour) -> Iterator[None]:
        """Fills inside are seen in this light."""
        before, self.light = self.light, light
        yield
        self.light = before

    @contextmanager
    def faded(self, alpha: float) -> Iterator[None]:
        self.canvas.saveLayerAlpha(None, round(alpha * 255))
        yield
        self.canvas.restore()

    def tone(self, colour: Colour, lit: bool = True) -> Colour:
        style = self.style
        if style.one_fill is not None:
            return style.one_fill
        if lit:
            colour = (colour[0] * self.light[0] / 255, colour[1] * self.light[1] / 255, colour[2] * self.light[2] / 255)
        return mix(saturate(colour, style.saturation), style.paper, style.paleness)

    def fill(
        self, path: skia.Path, colour: Colour, to: Colour | None = None, *,
        lit: bool = True, alpha: float = 1.0, detail: bool = False, outline: bool = True,
    ) -> None:
        """Fills the path, from `colour` at its top to `to` at its bottom where the style has gradients.
        A detail casts no shadow and gets a thinner outline. Eyes and the like are details without
        outline: line-only styles draw them solid."""
        style = self.style
        if style.one_fill is not None and detail and lit and not outline and alpha == 1.0:
            self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Color=to_int(style.outline or colour)))
            return
        bounds = path.getBounds()
        if style.shadow and not detail and alpha == 1.0:
            self.shadow(path)
        paint = skia.Paint(AntiAlias=True)
        if to is None:
            paint.setColor(to_int(self.tone(colour, lit), alpha))
        elif not style.gradients:
            paint.setColor(to_int(self.tone(mix(colour, to, 0.5), lit), alpha))
        else:
            paint.setShader(skia.GradientShader.MakeLinear(
                [skia.Point(0, bounds.top()), skia.Point(0, bounds.bottom())],
                [to_int(self.tone(colour, lit), alpha), to_int(self.tone(to, lit), alpha)],
            ))
        self.canvas.drawPath(path, paint)
        if style.outline_width and outline and alpha == 1.0:
            edge = style.outline or darker(self.tone(to or colour, lit), 0.45)
            width = style.outline_width * (0.62 if detail else 1.0)
            self.stroke(path, edge, width / self.scale, style.outline_alpha)

    def shadow(self, path: skia.Path) -> None:
        style, unit = self.style, 1 / self.scale
        paint = skia.Paint(AntiAlias=True, Color=to_int((20, 16, 40), style.shadow))
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, 0.010 * unit))
        self.canvas.save()
        self.canvas.translate(0.004 * unit, 0.009 * unit)
        self.canvas.drawPath(path, paint)
        self.canvas.restore()

    def stroke(self, path: skia.Path, colour: Colour, width: float, alpha: float = 1.0) -> None:
        """A raw line: colour as given, width in local units."""
        self.canvas.drawPath(path, skia.Paint(
            AntiAlias=True, Style=skia.Paint.kStroke_Style, StrokeWidth=width, Color=to_int(colour, alpha),
            StrokeCap=skia.Paint.kRound_Cap, StrokeJoin=skia.Paint.kRound_Join,
        ))

    def line(
        self, points: Sequence[Point], colour: Colour, width: float, *, lit: bool = True, alpha: float = 1.0,
    ) -> None:
        """A thick curved line through the points, toned as fills are."""
        path = curve(points, closed=False)
        style = self.style
        if style.outline is not None and alpha == 1.0:
            if style.one_fill is not None:
                self.stroke(path, style.outline, style.outline_width / self.scale)
                return
            self.stroke(path, style.outline, width + 1.3 * style.outline_width / self.scale)
        self.stroke(path, self.tone(colour, lit), width, alpha)

    def mark(self, points: Sequence[Point], colour: Colour, width: float) -> None:
        """A drawn line that is itself a contour, such as a brow or a mouth."""
        style = self.style
        ink = style.outline if style.one_fill is not None and style.outline is not None else self.tone(colour)
        self.stroke(curve(points, closed=False), ink, width)

    def ray(self, path: skia.Path, start: float, end: float, colour: Colour, alpha: float) -> None:
        """Light that fades along x from start to end."""
        if self.style.one_fill is not None:
            return
        tone = self.tone(colour, False)
        self.canvas.drawPath(path, skia.Paint(AntiAlias=True, Shader=skia.GradientShader.MakeLinear(
            [skia.Point(start, 0), skia.Point(end, 0)], [to_int(tone, alpha), to_int(tone, 0.0)])))

    def glow(self, x: float, y: float, radius: float, colour: Colour, alpha: float) -> None:
        """A soft round light that fades to nothing at the radius."""
        if self.style.one_fill is not None:
            return
        inner, outer = to_int(self.tone(colour, False), alpha), to_int(self.tone(colour, False), 0.0)
        middle = to_int(self.tone(colour, False), alpha * 0.38)
        paint = skia.Paint(AntiAlias=True, Shader=skia.GradientShader.MakeRadial(
            skia.Point(x, y), radius, [inner, middle, outer], [0.0, 0.42, 1.0]))
        self.canvas.drawCircle(x, y, radius, paint)

    def soft(self, path: skia.Path, colour: Colour, alpha: float, blur: float) -> None:
        """A blurred patch: contact shadows, fog, reflections. Blur in local units."""
        if self.style.one_fill is not None:
            return
        paint = skia.Paint(AntiAlias=True, Color=to_int(self.tone(colour, False), alpha))
        paint.setMaskFilter(skia.MaskFilter.MakeBlur(skia.kNormal_BlurStyle, blur))
        self.canvas.drawPath(path, paint)
