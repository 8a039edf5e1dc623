"""The words of captions, by what they state. Tables only: captions.py makes sentences of them,
tokenizer.py makes every word in them one token. The first choice of each row is the usual one."""

COLOUR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"), "orange": ("orange",), "yellow": ("yellow", "golden"),
    "green": ("green",), "blue": ("blue",), "purple": ("purple", "violet"), "pink": ("pink", "rosy"),
    "white": ("white",), "black": ("black",), "brown": ("brown",), "grey": ("grey", "gray"),
}

# Singular and plural.
KIND_WORDS: dict[str, tuple[tuple[str, str], ...]] = {
    "house": (("house", "houses"), ("cottage", "cottages"), ("home", "homes"), ("cabin", "cabins")),
    "castle": (("castle", "castles"), ("palace", "palaces"), ("fortress", "fortresses")),
    "tower": (("tower", "towers"), ("stone tower", "stone towers"), ("watchtower", "watchtowers")),
    "lighthouse": (("lighthouse", "lighthouses"), ("beacon", "beacons")),
    "boat": (
        ("boat", "boats"), ("sailboat", "sailboats"), ("sailing boat", "sailing boats"), ("ship", "ships"),
        ("yacht", "yachts"),
    ),
    "pine": (
        ("pine", "pines"), ("pine tree", "pine trees"), ("fir tree", "fir trees"),
        ("christmas tree", "christmas trees"), ("spruce", "spruces"),
    ),
    "tree": (
        ("tree", "trees"), ("round tree", "round trees"), ("leafy tree", "leafy trees"), ("oak", "oaks"),
        ("apple tree", "apple trees"),
    ),
    "palm": (("palm", "palms"), ("palm tree", "palm trees"), ("coconut palm", "coconut palms")),
    "flower": (("flower", "flowers"), ("blossom", "blossoms"), ("daisy", "daisies"), ("bloom", "blooms")),
    "cat": (("cat", "cats"), ("kitten", "kittens"), ("kitty", "kitties")),
    "dog": (("dog", "dogs"), ("puppy", "puppies"), ("hound", "hounds")),
    "rabbit": (("rabbit", "rabbits"), ("bunny", "bunnies"), ("hare", "hares")),
    "horse": (("horse", "horses"), ("pony", "ponies"), ("stallion", "stallions")),
    "sheep": (("sheep", "sheep"), ("lamb", "lambs")),
    "bird": (("bird", "birds"), ("flying bird", "flying birds"), ("songbird", "songbirds")),
    "fish": (("fish", "fish"), ("jumping fish", "jumping fish")),
    "balloon": (
        ("balloon", "balloons"), ("hot air balloon", "hot air balloons"), ("hot-air balloon", "hot-air balloons"),
        ("airship", "airships"),
    ),
    "windmill": (("windmill", "windmills"), ("mill", "mills")),
}

NUMBERS: dict[int, tuple[str, ...]] = {2: ("two", "2", "a pair of"), 3: ("three", "3")}
SIZE_WORDS: dict[str, tuple[str, ...]] = {"small": ("small", "little", "tiny"), "big": ("big", "large", "huge")}
PRAISE = (
    "beautiful", "pretty", "lovely", "cute", "simple", "nice", "colorful", "colourful", "peaceful", "quiet", "bright",
)

POSITION_PHRASES: dict[str, tuple[str, ...]] = {
    "left": ("on the left", "on the left side", "to the left", "at the left"),
    "right": ("on the right", "on the right side", "to the right", "at the right"),
    "center": ("in the center", "in the middle", "in the centre", "centered"),
}

# Where a thing is, by how it rests, and the terrain alone.
PLACE_PHRASES: dict[str, dict[str, tuple[str, ...]]] = {
    "ground": {
        "sea": (
            "by the sea", "at the seaside", "on the coast", "near the ocean", "on the shore", "by the ocean",
            "on a beach", "on a cliff by the sea", "beside the sea",
        ),
        "lake": ("by a lake", "by the lake", "at the lake", "beside a lake", "near a lake", "on a lake shore"),
        "mountains": (
            "in the mountains", "in front of mountains", "near the mountains", "with mountains behind it",
            "below snowy mountains", "in a mountain valley",
        ),
        "hills": (
            "on a hill", "in the hills", "on green hills", "in front of hills", "among rolling hills", "on a hillside",
        ),
        "desert": ("in the desert", "in a desert", "in a sandy desert", "among sand dunes", "on the sand"),
        "snow": ("in the snow", "in a snowy field", "on a snow field", "in a snowy landscape", "in a winter landscape"),
        "forest": ("in a forest", "in the forest", "in the woods", "in front of a forest", "near the forest"),
        "meadow": (
            "in a meadow", "in the meadow", "in a field", "in a grassy field", "in a flowery meadow", "on the grass",
        ),
    },
    "water": {
        "sea": ("on the sea", "at sea", "in the sea", "on the ocean", "in the ocean", "in the bay"),
        "lake": ("on a lake", "on the lake", "in a lake", "in the lake", "on a calm lake"),
    },
    "sky": {
        "sea": ("over the sea", "above the sea", "over the ocean", "above the ocean"),
        "lake": ("over a lake", "above a lake", "over the lake", "above the lake"),
        "mountains": ("over the mountains", "above the mountains", "over snowy mountains", "in front of mountains"),
        "hills": ("over the hills", "above the hills", "over green hills", "above rolling hills"),
        "desert": ("over the desert", "above the desert", "over sand dunes", "above a sandy desert"),
        "snow": ("over a snowy field", "above the snow", "over the snow", "over a winter landscape"),
        "forest": (
            "over a forest", "above a forest", "over the forest", "above the trees of a forest", "above the woods",
        ),
        "meadow": ("over a meadow", "above a meadow", "over a field", "above a grassy field"),
    },
}
TERRAIN_SUBJECTS: dict[str, tuple[str, ...]] = {
    "sea": (
        "the sea", "sea", "the ocean", "a seascape", "the open sea", "a view of the sea", "waves on the sea", "ocean",
    ),
    "lake": ("a lake", "lake", "the lake", "a calm lake", "a lake landscape", "a view of a lake"),
    "mountains": (
        "mountains", "the mountains", "a mountain landscape", "snowy mountains", "mountain peaks",
        "a view of the mountains",
    ),
    "hills": ("hills", "green hills", "rolling hills", "the hills", "a hilly landscape", "a view of green hills"),
    "desert": ("a desert", "desert", "the desert", "sand dunes", "a desert landscape", "a sandy desert"),
    "snow": ("a snowy field", "snow", "a snow field", "a winter landscape", "a snowy landscape", "winter"),
    "forest": ("a forest", "forest", "the woods", "a pine forest", "a forest landscape", "a view of a forest"),
    "meadow": ("a meadow", "meadow", "a flowery meadow", "a grassy field", "a meadow landscape", "a field of flowers"),
}
TERRAIN_TAGS: dict[str, tuple[str, ...]] = {
    "sea": ("sea", "ocean", "seaside"),
    "lake": ("lake",),
    "mountains": ("mountains",),
    "hills": ("hills", "green hills"),
    "desert": ("desert", "dunes"),
    "snow": ("snow field", "winter landscape"),
    "forest": ("forest", "woods"),
    "meadow": ("meadow", "field"),
}

TIME_PHRASES: dict[str, tuple[str, ...]] = {
    "day": ("during the day", "in daylight", "by day", "at noon", "at midday", "in the afternoon"),
    "sunset": ("at sunset", "at sunset", "in the evening", "at dusk", "in the sunset", "during sunset"),
    "night": ("at night", "at night", "in the night", "at midnight", "in the dark", "by night"),
    "sunrise": ("at sunrise", "at dawn", "in the morning", "in the early morning", "during sunrise"),
}
TIME_TAGS: dict[str, tuple[str, ...]] = {
    "day": ("day", "daylight", "daytime"),
    "sunset": ("sunset", "evening", "dusk"),
    "night": ("night", "dark night"),
    "sunrise": ("sunrise", "dawn", "morning"),
}
WEATHER_PHRASES: dict[str, tuple[str, ...]] = {
    "clear": ("under a clear sky", "in clear weather", "with a clear sky"),
    "cloudy": ("under a cloudy sky", "with many clouds", "in cloudy weather", "under clouds", "with an overcast sky"),
    "rain": ("in the rain", "on a rainy day", "in heavy rain", "while it is raining", "in rainy weather"),
    "snow": (
        "while it is snowing", "in falling snow", "with snow falling", "in a snowfall", "with snowflakes in the air",
    ),
    "fog": ("in the fog", "in fog", "in the mist", "on a foggy day", "in misty weather"),
    "rainbow": ("with a rainbow", "under a rainbow", "with a rainbow in the sky", "and a rainbow"),
}
WEATHER_TAGS: dict[str, tuple[str, ...]] = {
    "clear": ("clear sky",), "cloudy": ("cloudy", "cloudy sky", "clouds"), "rain": ("rain", "rainy"),
    "snow": ("snowing", "falling snow"), "fog": ("fog", "foggy", "mist"), "rainbow": ("rainbow",),
}
BODY_PHRASES: dict[str, tuple[str, ...]] = {
    "sun": ("with the sun in the sky", "with a bright sun", "and the sun", "under the sun", "with the sun shining"),
    "moon": (
        "with the moon in the sky", "and the moon", "under the moon", "with a bright moon", "in the moonlight",
        "with the moon above",
    ),
}
STARS_PHRASES = ("under the stars", "under a starry sky", "with stars in the sky", "with stars", "and stars")

STYLE_PREFIXES: dict[str, tuple[str, ...]] = {
    "flat": (
        "a flat illustration of", "a picture book illustration of", "flat illustration of", "a cartoon of",
        "a vector illustration of",
    ),
    "watercolour": (
        "a watercolor painting of", "a watercolour painting of", "watercolor of", "a watercolour of",
        "a soft watercolor of",
    ),
    "ink": (
        "an ink drawing of", "ink drawing of", "a comic drawing of", "an outlined drawing of",
        "an ink illustration of",
    ),
    "papercut": (
        "a paper cut of", "a papercut of", "paper cut of", "a paper collage of", "a layered paper illustration of",
    ),
    "blueprint": ("a blueprint of", "blueprint of", "a blueprint drawing of"),
}
STYLE_SUFFIXES: dict[str, tuple[str, ...]] = {
    "flat": ("flat illustration", "flat style", "picture book", "cartoon style"),
    "watercolour": ("watercolor", "watercolour", "watercolor painting", "watercolor style", "in watercolor"),
    "ink": ("ink outline", "ink drawing", "ink style", "comic style", "with dark outlines"),
    "papercut": ("paper cut", "papercut", "paper cut style", "papercut style", "paper collage"),
    "blueprint": ("blueprint", "blueprint style", "in blueprint style"),
}
NEUTRAL_PREFIXES = (
    "a picture of", "an image of", "picture of", "an illustration of", "a scene with", "there is", "this is",
)

PERSON_WORDS: dict[str, tuple[str, ...]] = {"woman": ("woman", "girl", "lady"), "man": ("man", "boy", "guy")}
MOOD_WORDS: dict[str, tuple[str, ...]] = {
    "happy": ("smiling", "happy", "cheerful"), "sad": ("sad", "unhappy", "crying"),
}
HAIR_WORDS: dict[str, tuple[str, ...]] = {
    "black": ("black", "dark"),
    "brown": ("brown",),
    "blond": ("blond", "blonde", "yellow"),
    "red": ("red", "ginger"),
    "grey": ("grey", "gray"),
}
SKIN_WORDS: dict[str, tuple[str, ...]] = {
    "light": ("light", "pale", "fair"), "tan": ("tan", "tanned"), "dark": ("dark", "brown"),
}
SHIRT_WORDS = ("shirt", "sweater", "t-shirt", "dress", "top")

# Sentence glue that is in no table above.
GLUE = """
a an the of on in at with and is it portrait face person someone wearing hair skin background looking close up head
shoulders empty sunny day starry night moonlit snowy rainy foggy morning evening sky under view landscape tree bush
plant ground animal building picture
"""

# Common words that a prompt may hold; captions never use them, each is one token of its own.
EXTRA = """
about above across after again air alone along also always amazing among ancient angel animals another any apple april
arch arm around art artist asian atmosphere autumn away baby back bad ball band bank bare barn bay beach bear beard
bee before behind being below bench bend beside best better between beyond bicycle bike birch bloom boy branch
branches bread breeze brick bridge brush bus bush butterfly by cactus cake calm camera canal candle canoe canvas car
cartoon cave chair cherry child children chimney church cinematic circle city clean clear cliff clock close cloud
clouds coast cold color colors colour colours cool corn corner country cow crow crystal dance dark day deep deer
design desk detail detailed different digital dinosaur distance distant door down dragon dream dress duck each eagle
early earth east easter edge eight elegant elephant empty end epic evening every eye eyes fairy fall family fantasy
far farm farmer fast father feather fence few field fire five flag floating flock floor fluffy flying foal fog food
forest four fox frame fresh friend friends frog front frost frozen fruit full funny garden gate gentle giant girl
glass glow glowing goat gold good goose grass great green ground group grow guy hand hands happy harbor harbour hat
hay heart heaven heavy hedge hen high highly hill holiday horizon hot hour ice iceberg icon idyllic illustration in
inside into iron island ivory jade january japanese jump jungle king kitchen knight ladder lamp land lane lantern
large last late lavender lawn leaf leaves left less light lights lilac lily line lines lion long look looking lost
love low magic magical many map maple march market master masterpiece maybe meadow men mint mirror mist modern moon
more morning most mother mountain mouse mouth mr much mushroom music my mystic narrow nature near neck nest new next
nice no none north nose not november oasis ocean off oil old olive one only open or orchard other our out outside over
owl ox painted painting pale panda panorama paper park party pastel pasture path paw peaceful peach peak pear pen
pencil penguin people perfect photo piano pier pig pigeon place plain plains plane planet plant plants play playing
plum poem poetic pond pool poppy port post poster pot pottery prairie prince princess pumpkin quality queen quick rain
ray rays real realistic reef reflection reflections resting rich ride river road roads robot rock rocks rocky roof
room rooster rope rose roses round row running rural rustic sail sailing sailor salt sand scene scenery scenic school
sea seagull seal season seven shade shadow shadows shape sharp shell shine shining shop shore short side sign silent
silver sitting six sky sleeping slope slow smile smoke smooth snail snow snowflake snowman soft some song south space
spring square squirrel standing star stars steel still stone stones storm stormy story straight strange stream street
stripes strong style summer sun sunflower sunlight sunny sunrise sunset sunshine surf swan sweet swimming table tail
tale tall ten tent texture that their thin this thunder tiger time tints toad tomato tonight toy trail train tranquil
travel tropical truck tulip turquoise turtle twilight twin under up valley vast vector very view village vine vineyard
vintage vivid volcano walking wall warm water waterfall wave waves way weather west wet whale wheat wheel wide wild
willow wind window windows windy wing wings winter wise with without wolf wonder wood wooden woods world yard year
young zebra zen zoo low blurry ugly worst quality text watermark noise noisy deformed cropped signature jpeg artifacts
extra bad anatomy dull monochrome teal cyan magenta beige maroon navy indigo azure coral salmon lime khaki bronze
emerald ruby sapphire cream charcoal amber aqua mauve tan
"""
