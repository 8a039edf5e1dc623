"""What can be said about a picture: the attributes, their values, and the values of a scene.
Captions state some of them (captions.caption_with_labels); evaluation judges only those."""

from palette import HAIR_COLOURS, OBJECT_COLOURS, SKIN_TONES
from scenes import BACKDROPS, HELD_OUT_KINDS, HELD_OUT_STYLES, KINDS, STYLES, TERRAINS, TIMES, WEATHERS, Scene

COUNTS = ("zero", "one", "two", "three")

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "object": tuple(KINDS),
    "colour": (*OBJECT_COLOURS, "none"),
    "count": COUNTS,
    "size": ("small", "big", "none"),
    "position": ("left", "center", "right", "none"),
    "time": (*TIMES, "none"),
    "terrain": (*TERRAINS, "none"),
    "weather": (*WEATHERS, "none"),
    "sky_body": ("sun", "moon", "none"),
    "stars": ("yes", "no"),
    "style": (*STYLES, *HELD_OUT_STYLES),
    "person": ("woman", "man", "none"),
    "hair": (*HAIR_COLOURS, "none"),
    "skin": (*SKIN_TONES, "none"),
    "mood": ("happy", "sad", "none"),
    "backdrop": (*BACKDROPS, "none"),
}

# Values that no picture of the base training has.
HELD_OUT: dict[str, tuple[str, ...]] = {"object": HELD_OUT_KINDS, "style": HELD_OUT_STYLES}


def labels(scene: Scene) -> dict[str, str]:
    """Every attribute of the scene, whether or not a caption states it."""
    return {
        "object": scene.kind,
        "colour": scene.colour,
        "count": COUNTS[scene.count],
        "size": scene.size,
        "position": scene.position,
        "time": scene.time,
        "terrain": scene.terrain,
        "weather": scene.weather,
        "sky_body": scene.sky_body,
        "stars": "yes" if scene.stars else "no",
        "style": scene.style,
        "person": scene.person,
        "hair": scene.hair,
        "skin": scene.skin,
        "mood": scene.mood,
        "backdrop": scene.backdrop,
    }


def target_row(scene: Scene) -> list[int]:
    """The index of the scene's value of every attribute, in the order of ATTRIBUTES."""
    row = labels(scene)
    return [values.index(row[name]) for name, values in ATTRIBUTES.items()]
