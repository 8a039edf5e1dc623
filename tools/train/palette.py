"""Colours of the pictures: object colours, skies and light by time of day, ground by terrain.
Plain tables and colour arithmetic on (r, g, b) tuples in 0..255; draws nothing."""

from dataclasses import dataclass

Colour = tuple[float, float, float]

WHITE: Colour = (255, 255, 255)
BLACK: Colour = (18, 18, 24)

OBJECT_COLOURS: dict[str, Colour] = {
    "red": (214, 40, 44),
    "orange": (242, 130, 30),
    "yellow": (250, 208, 50),
    "green": (56, 150, 66),
    "blue": (40, 98, 206),
    "purple": (128, 62, 174),
    "pink": (244, 132, 178),
    "white": (246, 244, 240),
    "black": (44, 44, 52),
    "brown": (126, 80, 50),
    "grey": (146, 150, 158),
}

SKIN_TONES: dict[str, Colour] = {"light": (250, 214, 186), "tan": (220, 166, 122), "dark": (132, 86, 60)}
HAIR_COLOURS: dict[str, Colour] = {
    "black": (38, 34, 40),
    "brown": (110, 66, 38),
    "blond": (240, 200, 100),
    "red": (196, 84, 36),
    "grey": (176, 178, 184),
}


@dataclass(frozen=True)
class Light:
    """What a time of day does to the picture. `ground` and `thing` multiply colours; things keep
    more of their own colour than the ground so that a red boat at night is still red."""

    sky: tuple[Colour, Colour, Colour]  # zenith, middle, horizon
    ground: Colour
    thing: Colour
    body: Colour  # sun or moon
    glow: Colour
    cloud: Colour
    lit_windows: bool
    reflection: float  # how far water takes the colours of the sky


LIGHTS: dict[str, Light] = {
    "sunrise": Light(
        ((134, 166, 222), (246, 196, 206), (255, 234, 190)), (255, 226, 226), (255, 240, 238),
        (255, 246, 206), (255, 232, 170), (255, 226, 224), False, 0.62,
    ),
    "day": Light(
        ((62, 136, 216), (124, 186, 236), (206, 232, 246)), (255, 255, 255), (255, 255, 255),
        (255, 228, 90), (255, 246, 190), (255, 255, 255), False, 0.42,
    ),
    "sunset": Light(
        ((78, 46, 122), (222, 84, 86), (255, 176, 72)), (228, 164, 156), (250, 216, 204),
        (255, 226, 120), (255, 170, 70), (246, 140, 120), True, 0.80,
    ),
    "night": Light(
        ((10, 14, 46), (24, 34, 86), (54, 70, 128)), (104, 122, 180), (192, 198, 230),
        (252, 246, 214), (150, 170, 230), (74, 88, 138), True, 0.45,
    ),
}

# Sky and haze under each weather: the grey it moves to and how far.
OVERCAST: dict[str, tuple[Colour, float]] = {
    "clear": ((255, 255, 255), 0.0),
    "cloudy": ((186, 194, 204), 0.34),
    "rain": ((112, 124, 142), 0.62),
    "snow": ((206, 214, 224), 0.55),
    "fog": ((218, 222, 224), 0.62),
    "rainbow": ((176, 206, 226), 0.20),
}

# Far layer and near layer of each terrain.
TERRAINS: dict[str, tuple[Colour, Colour]] = {
    "mountains": ((112, 128, 168), (92, 150, 84)),
    "hills": ((142, 190, 120), (84, 158, 66)),
    "sea": ((66, 156, 200), (22, 92, 158)),
    "lake": ((112, 176, 206), (70, 140, 190)),
    "desert": ((240, 206, 146), (226, 168, 92)),
    "snow": ((214, 228, 244), (244, 248, 254)),
    "forest": ((96, 150, 116), (60, 116, 58)),
    "meadow": ((160, 204, 112), (112, 182, 70)),
}


def mix(a: Colour, b: Colour, t: float) -> Colour:
    return (a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t)


def multiply(a: Colour, b: Colour) -> Colour:
    return (a[0] * b[0] / 255, a[1] * b[1] / 255, a[2] * b[2] / 255)


def lighter(colour: Colour, t: float) -> Colour:
    return mix(colour, WHITE, t)


def darker(colour: Colour, t: float) -> Colour:
    return (colour[0] * (1 - t), colour[1] * (1 - t), colour[2] * (1 - t))


def saturate(colour: Colour, amount: float) -> Colour:
    grey = 0.3 * colour[0] + 0.59 * colour[1] + 0.11 * colour[2]
    return tuple(min(255.0, max(0.0, grey + (c - grey) * amount)) for c in colour)  # type: ignore[return-value]


def overcast(colour: Colour, weather: str, light: Light, strength: float = 1.0) -> Colour:
    """Weather greys are seen in the light of the hour: rain at night is not day-grey."""
    grey, amount = OVERCAST[weather]
    return mix(colour, multiply(grey, light.ground), amount * strength)
