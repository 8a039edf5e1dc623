// NumPy's SeedSequence (O'Neill's seed_seq_fe): turns a seed and a path of spawn keys into well-mixed 32-bit words.
// The Brownian tree of torchsde seeds its nodes with it. Not a random number generator.

const INIT_A = 0x43b0d7e5;
const MULTIPLY_A = 0x931e8875;
const INIT_B = 0x8b51f9dd;
const MULTIPLY_B = 0x58f38ded;
const MIX_LEFT = 0xca01f9dd;
const MIX_RIGHT = 0x4973f715;
const SHIFT = 16;

/** Little-endian 32-bit words of a whole number; 0 is one word. */
function wordsOf(value: number): number[] {
  const words = [value % 2 ** 32];
  for (let rest = Math.floor(value / 2 ** 32); rest > 0; rest = Math.floor(rest / 2 ** 32)) {
    words.push(rest % 2 ** 32);
  }
  return words;
}

/** Each call hashes one value with the next constant of its sequence. */
function hasher(init: number, multiplier: number): (value: number) => number {
  let constant = init;
  return (value) => {
    const mixed = value ^ constant;
    constant = Math.imul(constant, multiplier);
    const product = Math.imul(mixed, constant);
    return (product ^ (product >>> SHIFT)) >>> 0;
  };
}

function mix(x: number, y: number): number {
  const result = (Math.imul(MIX_LEFT, x) - Math.imul(MIX_RIGHT, y)) | 0;
  return (result ^ (result >>> SHIFT)) >>> 0;
}

export interface SeedSequenceOptions {
  readonly spawnKey: readonly number[];
  readonly poolSize: number;
}

/** `SeedSequence(entropy, spawn_key=..., pool_size=...).generate_state(count)` as unsigned words. */
export function seedSequence(
  entropy: number,
  { spawnKey, poolSize }: SeedSequenceOptions,
  count: number,
): number[] {
  const words = wordsOf(entropy);
  if (spawnKey.length > 0) {
    // Padding keeps a long entropy apart from a short one followed by a spawn key.
    while (words.length < poolSize) words.push(0);
    words.push(...spawnKey.flatMap(wordsOf));
  }

  const hash = hasher(INIT_A, MULTIPLY_A);
  const pool = Array.from({ length: poolSize }, (_, i) => hash(words[i] ?? 0));
  for (let source = 0; source < poolSize; source++) {
    for (let target = 0; target < poolSize; target++) {
      if (source !== target) pool[target] = mix(pool[target], hash(pool[source]));
    }
  }
  for (const word of words.slice(poolSize)) {
    for (let target = 0; target < poolSize; target++) pool[target] = mix(pool[target], hash(word));
  }

  const output = hasher(INIT_B, MULTIPLY_B);
  return Array.from({ length: count }, (_, i) => output(pool[i % poolSize]));
}
