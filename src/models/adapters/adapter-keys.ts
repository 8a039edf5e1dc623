// How adapters' files spell the parts of a module's change: suffixes behind the module's name, as a table. Knows no model.

/** The parts that are no factor of a delta; those are in delta-kinds.ts. */
export type OtherPart = "alpha" | "dora_scale" | "magnitude" | "bias_diff";

const LYCORIS_PARTS = [
  ...["hada_w1_a", "hada_w1_b", "hada_t1", "hada_w2_a", "hada_w2_b", "hada_t2"],
  ...["lokr_w1", "lokr_w1_a", "lokr_w1_b", "lokr_w2", "lokr_w2_a", "lokr_w2_b", "lokr_t2"],
];

const suffixes: readonly (readonly [suffix: string, part: string])[] = [
  // kohya
  [".lora_down.weight", "down"],
  [".lora_up.weight", "up"],
  [".lora_mid.weight", "mid"],
  [".alpha", "alpha"],
  // PEFT and Diffusers, with and without the adapter's name
  [".lora_A.weight", "down"],
  [".lora_B.weight", "up"],
  [".lora_A.default.weight", "down"],
  [".lora_B.default.weight", "up"],
  [".lora_magnitude_vector", "magnitude"],
  [".lora_magnitude_vector.weight", "magnitude"],
  [".lora_magnitude_vector.default.weight", "magnitude"],
  [".magnitude_vector", "magnitude"],
  // Diffusers before PEFT
  [".lora.down.weight", "down"],
  [".lora.up.weight", "up"],
  [".lora_linear_layer.down.weight", "down"],
  [".lora_linear_layer.up.weight", "up"],
  ["_lora.down.weight", "down"],
  ["_lora.up.weight", "up"],
  // LyCORIS
  ...LYCORIS_PARTS.map((part) => [`.${part}`, part] as const),
  [".dora_scale", "dora_scale"],
  [".diff", "diff"],
  [".diff_b", "bias_diff"],
  [".w_norm", "diff"],
  [".b_norm", "bias_diff"],
];

/** What a module is called instead of its present name, in the words of older trainers. Applied to names with underscores. */
const oldNames: readonly (readonly [RegExp, string])[] = [
  [/_processor_to_(q|k|v|out)$/, "_to_$1"],
  [/_self_attn_to_(q|k|v|out)$/, "_self_attn_$1_proj"],
  [/_to_out$/, "_to_out_0"],
];

export interface AdapterKey {
  /** The module's name with underscores for dots, as kohya writes it: layouts differ in that and in their prefixes only. */
  readonly module: string;
  readonly part: string;
}

/** Undefined for keys that are no part of an adapter. */
export function parseAdapterKey(key: string): AdapterKey | undefined {
  const row = suffixes.find(([suffix]) => key.endsWith(suffix));
  if (!row) return undefined;
  const name = key.slice(0, -row[0].length).replaceAll(".", "_");
  const module = oldNames.reduce((current, [from, to]) => current.replace(from, to), name);
  return { module, part: row[1] };
}
