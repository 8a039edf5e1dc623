// Sidecars of every tool that is read: what is taken from each, what hostile ones cannot do, and that written ones are
// read back.

import { describe, expect, test } from "vitest";
import { applyFacts, blankMetadata } from "../../../../src/library/metadata/metadata-record.ts";
import { toKilnSidecar } from "../../../../src/library/metadata/sidecars/kiln-sidecar.ts";
import {
  describedBase,
  findPreview,
  readSidecar,
  sidecarName,
  writeSidecar,
} from "../../../../src/library/metadata/sidecars/sidecar-files.ts";
import { SIDECAR_FORMATS } from "../../../../src/protocol/metadata-api.ts";
import { modelRecord } from "../../../support/metadata-fakes.ts";

const SHA256 = "ab".repeat(32);

function sidecar(name: string, content: unknown): File {
  return new File([typeof content === "string" ? content : JSON.stringify(content)], name);
}

const described = applyFacts(
  blankMetadata(modelRecord(SHA256)),
  {
    civitai_model_id: 5,
    civitai_version_id: 52,
    civitai_name: "Model 5",
    civitai_type: "LORA",
    kind: "LoRA",
    base_model: "SDXL 1.0",
    trigger_words: ["red hair", "orange eyes"],
    description: "<p>About it.</p>",
    notes: "mine",
    tags: ["anime"],
    favourite: true,
    source: "https://civitai.com/models/5?modelVersionId=52&token=secret",
    preferred_strength: 0.8,
    usage_tips: { negative_text: "blurry", clip_skip: 2 },
    lookup: "found",
  },
  "overwrite",
);

describe("our own", () => {
  test("holds exactly the fields of the original document, ours beside them, and no secret", () => {
    const written = toKilnSidecar(described);
    expect(written).toMatchObject({
      hash: "AUTOV2: ABABABABAB",
      hash_type: "AUTOV2",
      hash_autov2: "ABABABABAB",
      hash_sha256: SHA256,
      civitai_model_id: 5,
      civitai_version_id: 52,
      civitai_name: "Model 5",
      civitai_type: "LORA",
      base_model: "SDXL 1.0",
      preview_path: null,
      trigger_words: ["red hair", "orange eyes"],
      description: "<p>About it.</p>",
      last_updated: "2026-01-01T00:00:00.000Z",
    });
    expect(written).not.toHaveProperty("id");
    expect(JSON.stringify(written)).not.toContain("secret");
    expect(sidecarName(described, "kiln")).toBe("my model.safetensors.metadata.json");
  });
});

test.each(SIDECAR_FORMATS)("%s: what is written is read back", async (format) => {
  const read = await readSidecar(writeSidecar(described, format));
  expect(read?.facts).toMatchObject({
    civitai_model_id: 5,
    civitai_version_id: 52,
    base_model: "SDXL 1.0",
    trigger_words: ["red hair", "orange eyes"],
  });
  expect(read?.sha256).toBe(SHA256);
});

describe("other tools", () => {
  test("Civitai Helper", async () => {
    const read = await readSidecar(
      sidecar("a b.civitai.info", {
        id: 11,
        modelId: 1,
        name: "v1",
        updatedAt: "2025-08-20T04:49:13.017Z",
        trainedWords: ["w"],
        baseModel: "Illustrious",
        description: null,
        model: { name: "Exusiai", type: "LORA", nsfw: false },
        files: [{ name: "x.safetensors", primary: true, hashes: { SHA256: SHA256.toUpperCase() } }],
      }),
    );
    expect(read).toMatchObject({
      sha256: SHA256,
      lastUpdated: "2025-08-20T04:49:13.017Z",
      facts: {
        civitai_name: "Exusiai",
        kind: "LoRA",
        base_model: "Illustrious",
        source: "https://civitai.com/models/1?modelVersionId=11",
        lookup: "found",
      },
    });
    expect(await readSidecar(sidecar("a.civitai.info", ""))).toBeUndefined();
  });

  test("LoRA Manager", async () => {
    const read = await readSidecar(
      sidecar("a.metadata.json", {
        file_name: "a",
        model_name: "Renamed",
        file_path: "C:\\models\\loras\\a.safetensors",
        sha256: SHA256,
        base_model: "Pony",
        notes: "n",
        from_civitai: true,
        civitai: { id: 11, modelId: 1, trainedWords: ["w"], model: { name: "M", type: "LoCon" } },
        tags: ["t"],
        modelDescription: "<p>d</p>",
        favorite: true,
        usage_tips: '{"strength":0.7,"strength_min":0.5}',
        modified: 1755663600,
      }),
    );
    expect(read).toMatchObject({
      fileName: "a.safetensors",
      facts: {
        name: "Renamed",
        preferred_strength: 0.7,
        usage_tips: { strength_min: 0.5 },
        favourite: true,
        kind: "LoRA",
        tags: ["t"],
      },
    });
  });

  test("Stability Matrix", async () => {
    const read = await readSidecar(
      sidecar("a.cm-info.json", {
        ModelId: 1,
        ModelName: "M",
        ModelDescription: "<p>d</p>",
        Tags: ["t"],
        ModelType: "Checkpoint",
        VersionId: 11,
        BaseModel: "SD 1.5",
        Hashes: { SHA256: SHA256.toUpperCase(), CRC32: "x" },
        TrainedWords: ["w"],
        ImportedAt: "2025-01-02T03:04:05Z",
        UserTitle: null,
      }),
    );
    expect(read).toMatchObject({
      sha256: SHA256,
      facts: { civitai_version_id: 11, kind: "SD", tags: ["t"] },
    });
  });

  test("A1111, with the description as text", async () => {
    const read = await readSidecar(
      sidecar("a.json", {
        description: "5 < 6 & <b>",
        "sd version": "SDXL",
        "activation text": "red hair, orange eyes",
        "preferred weight": 0.6,
        "negative text": "blurry",
        notes: "n",
      }),
    );
    expect(read?.facts).toMatchObject({
      base_model: "SDXL 1.0",
      trigger_words: ["red hair", "orange eyes"],
      preferred_strength: 0.6,
      usage_tips: { negative_text: "blurry" },
      description: "<p>5 &lt; 6 &amp; &lt;b&gt;</p>",
    });
    const text = await readSidecar(sidecar("a.txt", "line one\nline two\n\n<script>"));
    expect(text?.facts.description).toBe("<p>line one<br>line two</p><p>&lt;script&gt;</p>");
  });

  test("a .json of another purpose describes nothing", async () => {
    expect(await readSidecar(sidecar("config.json", { hidden_size: 768 }))).toBeUndefined();
  });
});

describe("hostile ones", () => {
  test("wrong types, paths, addresses and prototypes leave nothing behind", async () => {
    const read = await readSidecar(
      sidecar(
        "a.safetensors.metadata.json",
        `{"hash_type":"AUTOV2","hash":"AUTOV2: <img>","hash_sha256":"../../etc","file_name":"../../../evil.safetensors",
          "civitai_model_id":"1; drop","civitai_version_id":-4,"trigger_words":[1,{"a":2},"ok"],"tags":"no list",
          "source":"javascript:alert(1)","usage_tips":{"clip_skip":"2","__proto__":{"polluted":1}},"preferred_strength":1e999,
          "__proto__":{"polluted":1},"kind":"constructor"}`,
      ),
    );
    expect(read?.sha256).toBe("");
    expect(read?.fileName).toBe("evil.safetensors");
    expect(read?.facts).toMatchObject({
      civitai_model_id: null,
      civitai_version_id: null,
      trigger_words: ["ok"],
      tags: [],
      source: "",
      usage_tips: {},
      preferred_strength: null,
    });
    expect(read?.facts).not.toHaveProperty("hash");
    expect(read?.facts).not.toHaveProperty("kind");
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each(["null", "[]", "1", '"text"'])("JSON %s describes nothing", async (json) => {
    expect(await readSidecar(sidecar("a.metadata.json", json))).toBeUndefined();
  });
});

test.each([
  ["My.Model.v2.safetensors.metadata.json", "My.Model.v2"],
  ["dir/My.Model.v2.civitai.info", "My.Model.v2"],
  ["a.cm-info.json", "a"],
  ["a.description.txt", "a"],
  ["a.png", undefined],
])("%s stands beside %s", (name, base) => {
  expect(describedBase(name)).toBe(base);
});

test("previews are found in the order in which other tools look", () => {
  const files = ["a.png", "A.preview.PNG", "b.webp"].map((name) => new File([], name));
  expect(findPreview("a", files)?.name).toBe("A.preview.PNG");
  expect(findPreview("c", files)).toBeUndefined();
});
