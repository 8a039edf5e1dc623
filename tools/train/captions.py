"""Captions of scenes in varied natural language, with the attributes that each caption states.
Words come from words.py; nothing here knows how a scene is drawn."""

import numpy as np

import words
from labels import COUNTS
from scenes import KINDS, Scene

Stated = dict[str, str]


class Writer:
    """Collects the phrases of one caption and what they state."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.stated: Stated = {}

    def chance(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def usual(self, options: tuple[str, ...] | tuple[tuple[str, str], ...]):
        """The first option half of the time, any of them otherwise."""
        return options[0] if self.chance(0.5) else options[int(self.rng.integers(len(options)))]

    def say(self, attribute: str, value: str, options: tuple[str, ...]) -> str:
        self.stated[attribute] = value
        return self.usual(options)


def caption(scene: Scene, rng: np.random.Generator) -> str:
    return caption_with_labels(scene, rng)[0]


def caption_with_labels(scene: Scene, rng: np.random.Generator) -> tuple[str, Stated]:
    """A caption and the attributes it states."""
    writer = Writer(rng)
    form = rng.random()
    if scene.kind == "portrait":
        text = write_portrait(writer, scene, 0.2 if form < 0.2 else 0.75)
    elif form < 0.14:
        text = write_subject(writer, scene, article=writer.chance(0.6), detail=0.3)
    elif form < 0.28:
        text = write_tags(writer, scene)
    else:
        text = write_sentence(writer, scene, 0.5 if form < 0.66 else 0.85)
    text = add_style(writer, scene, text)
    if writer.chance(0.06):
        text = " ".join(word for word in text.split() if word not in ("a", "an", "the"))
        writer.stated = {k: v for k, v in writer.stated.items() if k != "count" or v != "one"}
    return text + ("." if writer.chance(0.08) else ""), writer.stated


def with_article(text: str) -> str:
    return ("an " if text[0] in "aeiou" else "a ") + text


def write_subject(writer: Writer, scene: Scene, article: bool, detail: float) -> str:
    """The noun phrase: count, size, colour, kind; or the terrain where nothing stands in it."""
    if scene.kind == "none":
        subject = writer.say("terrain", scene.terrain, words.TERRAIN_SUBJECTS[scene.terrain])
        if writer.chance(0.12) and not subject.startswith(("a ", "an ", "the ")):
            subject = "empty " + subject
            writer.stated["object"] = "none"
        return subject
    singular, plural = writer.usual(words.KIND_WORDS[scene.kind])
    writer.stated["object"] = scene.kind
    adjectives = []
    if writer.chance(0.05):
        adjectives.append(writer.usual(words.PRAISE))
    if scene.size != "none" and writer.chance(detail * 0.55):
        adjectives.append(writer.say("size", scene.size, words.SIZE_WORDS[scene.size]))
    if writer.chance(0.45 + detail * 0.45):
        adjectives.append(writer.say("colour", scene.colour, words.COLOUR_WORDS[scene.colour]))
    if scene.count == 1:
        text = " ".join((*adjectives, singular))
        if article:
            writer.stated["count"] = "one"
            return with_article(text) if writer.chance(0.96) else "one " + text
        return text
    text = " ".join((*adjectives, plural))
    if writer.chance(0.88):
        text = writer.say("count", COUNTS[scene.count], words.NUMBERS[scene.count]) + " " + text
    return text


def write_sentence(writer: Writer, scene: Scene, detail: float) -> str:
    subject = write_subject(writer, scene, True, detail)
    parts = []
    if scene.kind != "none":
        if scene.position != "none" and writer.chance(detail * 0.55):
            parts.append(writer.say("position", scene.position, words.POSITION_PHRASES[scene.position]))
        if writer.chance(detail):
            phrases = words.PLACE_PHRASES[KINDS[scene.kind].rests][scene.terrain]
            parts.append(writer.say("terrain", scene.terrain, phrases))
    time = None
    if writer.chance(detail * (0.45 if scene.time == "day" else 1.0)):
        time = write_time(writer, scene)
    sky = write_sky(writer, scene, detail)
    if writer.chance(0.25):
        parts = parts[::-1]
    if time is not None and writer.chance(0.10):
        return ", ".join((time, " ".join((subject, *parts, *sky))))
    if time is not None:
        parts.append(time)
    return " ".join((subject, *parts, *sky))


def write_time(writer: Writer, scene: Scene) -> str:
    if scene.time == "day" and scene.sky_body == "sun" and writer.chance(0.3):
        writer.stated.update(time="day", sky_body="sun")
        return "on a sunny day"
    if scene.stars and writer.chance(0.15):
        writer.stated.update(time="night", stars="yes")
        return "on a starry night"
    if scene.sky_body == "moon" and writer.chance(0.1):
        writer.stated.update(time="night", sky_body="moon")
        return "on a moonlit night"
    return writer.say("time", scene.time, words.TIME_PHRASES[scene.time])


def write_sky(writer: Writer, scene: Scene, detail: float) -> list[str]:
    """At most two phrases about weather, sun, moon and stars."""
    phrases = []
    if writer.chance(detail * (0.12 if scene.weather == "clear" else 0.9)):
        phrases.append(writer.say("weather", scene.weather, words.WEATHER_PHRASES[scene.weather]))
    if scene.sky_body != "none" and "sky_body" not in writer.stated and writer.chance(detail * 0.28):
        phrases.append(writer.say("sky_body", scene.sky_body, words.BODY_PHRASES[scene.sky_body]))
    if scene.stars and "stars" not in writer.stated and len(phrases) < 2 and writer.chance(detail * 0.35):
        phrases.append(writer.say("stars", "yes", words.STARS_PHRASES))
    return phrases


def write_tags(writer: Writer, scene: Scene) -> str:
    """Comma-separated keywords."""
    tags = [write_subject(writer, scene, article=False, detail=0.6)]
    if scene.kind != "none" and writer.chance(0.8):
        tags.append(writer.say("terrain", scene.terrain, words.TERRAIN_TAGS[scene.terrain]))
    if writer.chance(0.4 if scene.time == "day" else 0.8):
        tags.append(writer.say("time", scene.time, words.TIME_TAGS[scene.time]))
    if writer.chance(0.1 if scene.weather == "clear" else 0.7):
        tags.append(writer.say("weather", scene.weather, words.WEATHER_TAGS[scene.weather]))
    if scene.sky_body != "none" and writer.chance(0.2):
        tags.append(writer.say("sky_body", scene.sky_body, (scene.sky_body,)))
    if scene.stars and writer.chance(0.2):
        tags.append(writer.say("stars", "yes", ("stars", "starry sky")))
    if scene.position in ("left", "right") and writer.chance(0.25):
        tags.append(writer.say("position", scene.position, words.POSITION_PHRASES[scene.position]))
    return ", ".join(tags)


def write_portrait(writer: Writer, scene: Scene, detail: float) -> str:
    writer.stated["object"] = "portrait"
    person = "person"
    if writer.chance(0.85):
        person = writer.say("person", scene.person, words.PERSON_WORDS[scene.person])
    if writer.chance(detail * 0.8):
        person = writer.say("mood", scene.mood, words.MOOD_WORDS[scene.mood]) + " " + person
    opening = "" if writer.chance(0.4) else writer.usual((
        "a portrait of ", "portrait of ", "the face of ", "a face of ",
    ))
    text = opening + with_article(person)
    details = []
    if writer.chance(detail * 0.7):
        details.append("with " + writer.say("hair", scene.hair, words.HAIR_WORDS[scene.hair]) + " hair")
    if writer.chance(detail * 0.25):
        details.append("with " + writer.say("skin", scene.skin, words.SKIN_WORDS[scene.skin]) + " skin")
    if writer.chance(detail * 0.7):
        colour = writer.say("colour", scene.colour, words.COLOUR_WORDS[scene.colour])
        details.append(writer.usual(("in ", "wearing ")) + with_article(f"{colour} {writer.usual(words.SHIRT_WORDS)}"))
    if writer.chance(detail * 0.4):
        colour = writer.say("backdrop", scene.backdrop, words.COLOUR_WORDS[scene.backdrop])
        details.append("on " + with_article(f"{colour} background"))
    return " ".join((text, *details))


def add_style(writer: Writer, scene: Scene, text: str) -> str:
    """A style other than the usual one is nearly always said, so that unsaid means flat."""
    if writer.chance(0.22 if scene.style == "flat" else 0.90):
        if writer.chance(0.5):
            return writer.say("style", scene.style, words.STYLE_PREFIXES[scene.style]) + " " + text
        return text + ", " + writer.say("style", scene.style, words.STYLE_SUFFIXES[scene.style])
    if writer.chance(0.10):
        return writer.usual(words.NEUTRAL_PREFIXES) + " " + text
    return text
