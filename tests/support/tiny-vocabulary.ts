// A vocabulary of 100 tokens for the tiny random-weight checkpoint: single characters only, no merges. For tests only.

const letters = Array.from("abcdefghijklmnopqrstuvwxyz");
const digits = Array.from("0123456789");
const marks = Array.from(",.!?-'():;\"#&+*/=<>@[]_~^|%$`{}\\¡¢£¥"); // fills up to 98

const tokens = [
  ...[...letters, ...digits].map((character) => `${character}</w>`),
  ...letters,
  ...marks.map((mark) => `${mark}</w>`),
].slice(0, 98);

export const tinyVocabulary = {
  vocabJson: Object.fromEntries(
    [...tokens, "<|startoftext|>", "<|endoftext|>"].map((token, id) => [token, id]),
  ),
  mergesText: "#version: 0.2\n",
};

/** Encodes to the token ids that the golden files were made with: 5, 17, 42, 3, 64, 64, 9. */
export const GOLDEN_PROMPT = "f r gd ! ! j";
