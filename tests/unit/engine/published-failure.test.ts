// What a user is told when the runtime refuses a published graph: on real graphs where Node's runtime refuses them, and in the words
// that it has for what no small graph shows.

import { describe, expect, test } from "vitest";
import { createUpscaler } from "../../../src/engine/ort-components.ts";
import { openUpscalerNetwork } from "../../../src/engine/upscaler-network.ts";
import type { OpenedModel } from "../../../src/library/open-model.ts";
import { dialects } from "../../../src/models/dialects.ts";
import { publishedFailure } from "../../../src/ort/published-failure.ts";
import { AppError } from "../../../src/protocol/app-error.ts";
import { memorySource } from "../../../src/weights/memory-source.ts";
import { tinyModel } from "../../support/fixture-model.ts";
import { startNodeEngine } from "../../support/node-engine.ts";
import { createNodeRuntime } from "../../support/node-runtime.ts";
import { onnxFile, type NodeToWrite, type WeightToWrite } from "../../support/onnx-files.ts";
import { onnxFolder } from "../../support/onnx-folders.ts";
import { tinyRequest } from "../../support/tiny-request.ts";
import { tinyVocabulary } from "../../support/tiny-vocabulary.ts";

const SIDE = 64;
const runtime = await createNodeRuntime();

/** An upscaler of one node, asked for a tile. */
async function enlarge(node: NodeToWrite, weights: readonly WeightToWrite[] = [], opset?: number) {
  const port = (name: string) => ({ name, type: "float32", dims: ["n", 3, "h", "w"] }) as const;
  const file = { inputs: [port("pixels")], outputs: [port("large")], nodes: [node], weights };
  const source = memorySource(onnxFile({ ...file, ...(opset !== undefined && { opset }) }), "1x-own.onnx");
  const record = { ...tinyModel("own", source).record, name: "Own", format: "onnx" as const };
  const network = await openUpscalerNetwork(source, record);
  const upscaler = createUpscaler(network.scale, async ({ width, height }) =>
    runtime.createSession(await network.graph(dialects["wasm-float32"], height, width), "cpu"),
  );
  return upscaler.run({ width: SIDE, height: SIDE, data: new Float32Array(3 * SIDE * SIDE) });
}

const node = (opType: string, domain?: string, more: readonly string[] = []): NodeToWrite => ({
  opType,
  inputs: ["pixels", ...more],
  outputs: ["large"],
  ...(domain !== undefined && { domain }),
});

describe("a published upscaler", () => {
  test("of operators that the runtime has runs", async () => {
    expect((await enlarge(node("Relu"))).width).toBe(SIDE);
  });

  test.each<[string, Parameters<typeof enlarge>, string]>([
    [
      "a fused operator that the runtime lacks",
      [node("FusedEverything", "com.microsoft")],
      "the operator com.microsoft:FusedEverything",
    ],
    ["an operator of nobody's", [node("Relu", "my.own")], "the operator my.own:Relu"],
    ["an unknown standard operator", [node("Blur")], "the operator Blur of version 17"],
    ["a newer operator set", [node("Relu"), [], 99], "operator set 99"],
  ])("with %s says which, and what to do", async (_, args, got) => {
    await expect(enlarge(...args)).rejects.toMatchObject({
      name: "UnsupportedModel",
      message: expect.stringMatching(
        /^Own is published as ONNX graphs, and its upscaler does not run here: .* Choose the graphics card in Settings/,
      ) as string,
      details: { where: "Own, upscaler", got },
    });
  });

  test("made for one size, without saying so, says that where it stops", async () => {
    const shape = new Uint8Array(BigInt64Array.of(1n, 3n, 7n, 7n).buffer);
    const target: WeightToWrite = { name: "shape", type: "int64", shape: [4], raw: shape };
    await expect(enlarge(node("Reshape", undefined, ["shape"]), [target])).rejects.toMatchObject({
      name: "UnsupportedModel",
      message: expect.stringContaining("Try the size that it was exported for.") as string,
      details: { expected: "a run at this size", got: expect.stringContaining("Reshape") as string },
    });
  });
});

test("a published model names the network that does not run", async () => {
  // The field of a node that names its operator, with its length.
  const [field, broken] = ["\x22\x07Softmax", "\x22\x07Softmix"];
  const renamed = (bytes: Uint8Array): Uint8Array => {
    const copy = Buffer.from(bytes);
    const at = copy.indexOf(field);
    if (at < 0) throw new Error("The fixture's UNet has no Softmax.");
    copy.write(broken, at);
    return copy;
  };
  const folder = (await onnxFolder("demo")).map(({ path, source }) =>
    path.includes("unet")
      ? { path, source: memorySource(renamed(source.readSync(0, source.byteLength)), path) }
      : { path, source },
  );
  const { record, source } = tinyModel("turbo", memorySource(new Uint8Array(0), "unused"));
  const opened: OpenedModel = {
    source,
    folder,
    tokenizer: tinyVocabulary,
    record: { ...record, name: "Turbo", family: "sd-turbo", format: "onnx" },
  };
  const { engine } = await startNodeEngine({ openModel: () => Promise.resolve(opened) });
  const request = tinyRequest({ modelId: "turbo", steps: 1, guidanceScale: 1 });
  await expect(engine.generate("turbo", request)).rejects.toMatchObject({
    name: "UnsupportedModel",
    details: { where: "Turbo, unet", got: expect.stringContaining("Softmix") as string },
  });
  await engine.unload();
});

describe("publishedFailure()", () => {
  const graph = { name: "kiln-vae-decoder", published: "Own" };
  const missing = new Error(
    "Can't create a session. ERROR_CODE: 9, ERROR_MESSAGE: Could not find an implementation for Relu(14) node with name '/a'",
  );

  test("sends nobody from a graphics card to a processor that has no more operators", () => {
    expect(publishedFailure(missing, graph, "webgpu", "making")).toMatchObject({
      message: expect.stringMatching(
        /its vae decoder .* Use the same model as a \.safetensors file/,
      ) as string,
      details: { got: "the operator Relu of version 14 for its element type" },
    });
  });

  test("quotes what it does not know, shortened and without the runtime's own paths", () => {
    const words = `Can't create a session. ERROR_CODE: 1, ERROR_MESSAGE: /build/model.cc:203 onnxruntime::Model(int &&) ${"Broken. ".repeat(99)}`;
    const failure = publishedFailure(new Error(words), graph, "wasm", "making") as AppError;
    expect(failure.details.got).toMatch(/^Broken\. /);
    expect(failure.details.got).toHaveLength(200);
  });

  test("leaves failures that have a name, and graphs of ours, as they are", () => {
    const known = new AppError("OutOfMemory", "no memory");
    expect(publishedFailure(known, graph, "wasm", "running")).toBe(known);
    expect(publishedFailure(missing, { name: "kiln-unet" }, "wasm", "making")).toBe(missing);
  });
});
