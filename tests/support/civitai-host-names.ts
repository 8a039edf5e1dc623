// What the test host of Civitai holds, by name, for tests on either side of the connection. Starts nothing.

export const MODEL_COUNT = 45;
/** A model and version that are in no list, with ids as long as real ones. */
export const NAMED_MODEL = 123456;
export const NAMED_VERSION = 789012;
/** The API key that the host accepts. */
export const GOOD_TOKEN = "good-token-5f2c";
/** The model that only people with a key may see. */
export const PRIVATE_MODEL = 44;
/** The model whose texts try to break the page. */
export const HOSTILE_MODEL = 45;
