// A tiny model as a repository of the Hub: a Diffusers folder of the family fixtures, with what published ones hold beside the
// model. Runs in Node.

import { familyFolder } from "./family-models.ts";
import type { HubFile, HubRepository } from "./hub-host.ts";

const COMMIT = "5ca1ab1e".repeat(5);

/** An SDXL model with v-prediction, its UNet in two shards. */
export async function familyRepository(name: string): Promise<HubRepository> {
  const folder = await familyFolder({ unet: "xl" }, { prediction_type: "v_prediction" });
  const files = await Promise.all(
    folder.map(async ({ path, source }): Promise<HubFile> => {
      const base64 = Buffer.from(await source.read(0, source.byteLength)).toString("base64");
      return { path, content: { kind: "base64", base64 }, large: path.endsWith(".safetensors") };
    }),
  );
  const beside: readonly HubFile[] = [
    { path: "README.md", content: { kind: "text", text: "# A model card" } },
    {
      path: "safety_checker/model.safetensors",
      content: { kind: "noise", bytes: 1000, seed: 1 },
      large: true,
    },
    {
      path: "unet/diffusion_pytorch_model.bin",
      content: { kind: "noise", bytes: 1000, seed: 2 },
      large: true,
    },
  ];
  // Small pages, so that the listing needs several.
  return { name, commit: COMMIT, license: "openrail++", files: [...beside, ...files], pageSize: 5 };
}
