// Says in words what a file that is no checkpoint seems to hold, for the message that refuses it. Decides nothing.

/** The first pattern that any key matches names the file. */
const signatures: readonly (readonly [pattern: RegExp, contents: string])[] = [
  [/^lora_(unet|te)|\.lora_(up|down|A|B)\.|\.(hada_w1_a|lokr_w1)/, "a LoRA"],
  [/^(double_blocks|model\.diffusion_model\.double_blocks)\./, "a Flux model"],
  [/joint_blocks\./, "a Stable Diffusion 3 model"],
  [/^(control_model\.|input_hint_block\.|controlnet_cond_embedding\.)/, "a ControlNet"],
  [/^(down_blocks|up_blocks)\..*\.attentions\./, "a UNet in the Diffusers layout"],
  [/^(encoder|decoder)\.(down|up)_blocks\./, "a VAE in the Diffusers layout"],
  [/^(first_stage_model\.)?(encoder|decoder)\.conv_in\./, "a VAE alone"],
  [/text_model\.encoder\.layers\./, "a text encoder alone"],
  [/^(emb_params|string_to_param|clip_[lg])$/, "a textual inversion embedding"],
  [/^(RRDB_trunk|body\.0\.rdb1|model\.1\.sub\.0)\./, "an upscaler"],
];

export function describeContents(keys: readonly string[]): string {
  const found = signatures.find(([pattern]) => keys.some((key) => pattern.test(key)));
  if (found) return found[1];
  if (keys.length === 0) return "no tensors";
  return `${keys.length} tensors of an unknown kind, such as "${keys[0].slice(0, 80)}"`;
}
