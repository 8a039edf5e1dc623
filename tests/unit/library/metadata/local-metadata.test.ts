// The metadata store with a database, the test host of Civitai and the real client. Pictures are re-encoded in a browser
// only; here they are kept as they come.

import "fake-indexeddb/auto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { AnswerCache } from "../../../../src/library/civitai/answer-cache.ts";
import { CivitaiClient } from "../../../../src/library/civitai/civitai-client.ts";
import { openLibraryDatabase } from "../../../../src/library/library-database.ts";
import { LocalMetadata } from "../../../../src/library/metadata/local-metadata.ts";
import type { LookupPermission } from "../../../../src/protocol/civitai-api.ts";
import type { ModelRecord } from "../../../../src/protocol/library-api.ts";
import { type MetadataEvent, SIDECAR_FORMATS } from "../../../../src/protocol/metadata-api.ts";
import type { ModelHashes } from "../../../../src/protocol/model-hashes.ts";
import { sha256OfVersion, startCivitaiHost } from "../../../support/civitai-host.ts";
import { HOSTILE_MODEL } from "../../../support/civitai-host-names.ts";
import { civitaiSettings } from "../../../support/civitai-settings.ts";
import { memoryPreviews, modelRecord } from "../../../support/metadata-fakes.ts";

let host: Awaited<ReturnType<typeof startCivitaiHost>>;
let metadata: LocalMetadata;
let records: ModelRecord[];
let events: MetadataEvent[];
let hashes: Map<string, Partial<ModelHashes>>;
let previews: ReturnType<typeof memoryPreviews>;
let databases = 0;

const fast = { perMinute: 10_000, spacingMs: 1, burst: 100 };
const LORA = sha256OfVersion(11);
const UNKNOWN = "0".repeat(64);

async function open(lookup: LookupPermission = "unasked", database = `library-${++databases}`) {
  const settings = civitaiSettings(host.origin, { lookup });
  previews = memoryPreviews();
  metadata = new LocalMetadata({
    database: await openLibraryDatabase(database),
    previews,
    settings,
    catalog: new CivitaiClient({
      settings,
      cache: new AnswerCache(`answers-${databases}`),
      limits: { anonymous: fast, keyed: fast },
      clock: { now: () => performance.now(), sleep: () => Promise.resolve() },
      online: () => true,
    }),
    listModels: () => Promise.resolve(records),
    readFile: () => Promise.resolve({ facts: { trigger_words: ["from the file"], notes: "from the file" } }),
    hashesOf: (id) => Promise.resolve(hashes.get(id) as ModelHashes | undefined),
  });
  await metadata.subscribe((event) => events.push(event));
  return metadata;
}

beforeAll(async () => void (host = await startCivitaiHost()));
afterAll(() => host.close());
beforeEach(async () => {
  host.control.setCondition(undefined);
  host.control.seen.splice(0);
  events = [];
  hashes = new Map();
  records = [
    modelRecord(LORA, { type: "lora" }),
    modelRecord(UNKNOWN, { name: "Unknown", fileName: "u.safetensors" }),
  ];
  await open();
});
afterEach(() => metadata.dispose());

describe("a record", () => {
  test("exists for every model, if only with what its file says", async () => {
    const [first] = await metadata.list();
    expect(first).toMatchObject({
      id: LORA,
      kind: "LoRA",
      hash_sha256: LORA,
      lookup: "never",
      family: "sd1",
    });
    await expect(metadata.get("nothing")).rejects.toMatchObject({ name: "ModelNotFound" });
  });

  test("what a person wrote survives lookups and reloads", async () => {
    await metadata.update(LORA, { notes: "mine", trigger_words: ["my word"], favourite: true });
    await metadata.fetchOne(LORA);
    const database = `library-${databases}`;
    metadata.dispose();
    await open("unasked", database);
    expect(await metadata.get(LORA)).toMatchObject({
      notes: "mine",
      trigger_words: ["my word"],
      favourite: true,
      civitai_version_id: 11,
      edited: ["notes", "trigger_words", "favourite"],
    });
  });

  test("stays for when a removed model comes back", async () => {
    await metadata.update(LORA, { notes: "mine" });
    const [lora, other] = records;
    records = [other];
    expect(await metadata.list()).toHaveLength(1);
    records = [lora, other];
    expect((await metadata.get(LORA)).notes).toBe("mine");
  });

  test("two edits at once both arrive", async () => {
    await Promise.all([metadata.update(LORA, { notes: "a" }), metadata.update(LORA, { tags: ["b"] })]);
    expect(await metadata.get(LORA)).toMatchObject({ notes: "a", tags: ["b"] });
    expect(events.filter(({ type }) => type === "changed")).toHaveLength(2);
  });
});

describe("fetching one", () => {
  test("by SHA-256: names, words, licence, tags, and a small picture", async () => {
    const fetched = await metadata.fetchOne(LORA);
    expect(fetched).toMatchObject({
      civitai_model_id: 1,
      civitai_version_id: 11,
      civitai_name: "Model 1",
      civitai_type: "LORA",
      base_model: "SD 1.5",
      trigger_words: ["word1", "second", "third"],
      tags: ["odd"],
      preview_nsfw_level: 1,
      preview_path: `.previews/${LORA}.webp`,
      lookup: "found",
    });
    expect(fetched.licence).toContain("commercial use: Image, Rent");
    const picture = host.control.seen.find(({ path }) => path.startsWith("/pictures"));
    expect(picture?.path).toContain("width=450");
    expect(previews.kept.get(LORA)?.size).toBeGreaterThan(0);
  });

  test("by the weaker kinds when SHA-256 is not known, but not across kinds of models by eight digits", async () => {
    hashes.set(UNKNOWN, { autoV1: await autoV1Of(11) });
    records[1] = { ...records[1], type: "lora" };
    expect(await metadata.fetchOne(UNKNOWN)).toMatchObject({ civitai_version_id: 11, lookup: "found" });
    const checkpoint = "1".repeat(64);
    records.push(modelRecord(checkpoint));
    hashes.set(checkpoint, { autoV1: await autoV1Of(11) });
    expect((await metadata.fetchOne(checkpoint)).lookup).toBe("unknown");
  });

  test("by a hash that a person wrote", async () => {
    await metadata.editHash(UNKNOWN, "AUTOV2", sha256OfVersion(21).slice(0, 10));
    records[1] = { ...records[1], type: "embedding" };
    expect((await metadata.fetchOne(UNKNOWN)).civitai_version_id).toBe(21);
    expect((await metadata.editHash(UNKNOWN, "AUTOV2", "")).hash).toBe("AUTOV2: 0000000000");
    await expect(metadata.editHash(UNKNOWN, "SHA256", "12")).rejects.toMatchObject({
      name: "InvalidRequest",
    });
  });

  test("by a pasted address", async () => {
    const fetched = await metadata.fetchOne(UNKNOWN, "https://civitai.com/models/7?modelVersionId=71");
    expect(fetched).toMatchObject({ civitai_version_id: 71, civitai_name: "Model 7" });
    expect(fetched.source).toContain("/models/7?modelVersionId=71");
  });

  test("when the service is away nothing is lost, and it is tried again", async () => {
    host.control.setCondition({ status: 503 });
    await expect(metadata.fetchOne(LORA)).rejects.toMatchObject({ name: "Network" });
    expect((await metadata.get(LORA)).lookup).toBe("failed");
    host.control.setCondition(undefined);
    expect((await metadata.fetchOne(LORA)).lookup).toBe("found");
  });

  test("hostile texts are kept as texts; a file name from there never becomes a path", async () => {
    const id = sha256OfVersion(HOSTILE_MODEL * 10 + 1);
    records.push(modelRecord(id));
    const fetched = await metadata.fetchOne(id);
    expect(fetched.civitai_name).toBe(`<script>alert("name")</script>`);
    expect(fetched.file_name).toBe("my model.safetensors");
  });
});

describe("fetching all that are missing", () => {
  test("asks for the many in one question, tells its progress, and says what came of it", async () => {
    records = Array.from({ length: 12 }, (_, i) => modelRecord(sha256OfVersion((i + 1) * 10 + 1)));
    records.push(modelRecord(UNKNOWN, { name: "Unknown" }));
    const progress: string[] = [];
    const summary = await metadata.fetchMissing(({ done, total }) => progress.push(`${done}/${total}`));
    expect(summary).toMatchObject({ unknown: [UNKNOWN], failed: [], stopped: false });
    expect(summary.found).toHaveLength(12);
    expect(progress.at(0)).toBe("0/13");
    expect(progress.at(-1)).toBe("13/13");
    const asked = host.control.seen.map(({ path }) => path);
    expect(asked.filter((path) => path === "/api/v1/model-versions/by-hash")).toHaveLength(1);
    expect(asked.filter((path) => /by-hash\/\w/.test(path)).length).toBeLessThan(4);
  });

  test("what Civitai knows is described before the others are asked for one by one; what comes with the app is not asked for", async () => {
    const [known, shipped] = [sha256OfVersion(11), sha256OfVersion(21)];
    records = [
      modelRecord(shipped, { origin: "embedded" }),
      modelRecord(UNKNOWN, { name: "Unknown" }),
      modelRecord(known, { name: "Known" }),
    ];
    const order: string[] = [];
    const summary = await metadata.fetchMissing(({ name }) => order.push(name));
    expect(order).toEqual(["Known", "Unknown", ""]);
    expect(summary).toMatchObject({ found: [known], unknown: [UNKNOWN] });
  });

  test("can be stopped, keeps what was done, and goes on from there", async () => {
    records = Array.from({ length: 6 }, (_, i) => modelRecord(sha256OfVersion((i + 1) * 10 + 1)));
    const first = await metadata.fetchMissing(({ done }) => {
      if (done === 2) void metadata.stop();
    });
    expect(first.stopped).toBe(true);
    expect(first.found).toHaveLength(3);
    const second = await metadata.fetchMissing(() => undefined);
    expect(second.found).toHaveLength(3);
  });
});

test("a newer version for the same base is an update, the newest itself is not", async () => {
  const newest = sha256OfVersion(12);
  records.push(modelRecord(newest));
  await metadata.fetchOne(LORA);
  await metadata.fetchOne(newest);
  const summary = await metadata.checkUpdates(() => undefined);
  expect(summary.found).toEqual([LORA]);
  expect(await metadata.get(LORA)).toMatchObject({ newer_version_id: 12, newer_version_name: "v2" });
  expect((await metadata.get(newest)).newer_version_id).toBeNull();
});

test("duplicates are found by version where the files differ", async () => {
  await metadata.fetchOne(LORA);
  await metadata.fetchOne(UNKNOWN, "https://civitai.com/models/1?modelVersionId=11");
  expect(await metadata.duplicates()).toEqual([{ reason: "same-version", ids: [LORA, UNKNOWN] }]);
});

describe("new models", () => {
  test.each(["unasked", "refused"] as const)("%s: not one request leaves", async (lookup) => {
    metadata.dispose();
    await open(lookup);
    await metadata.discover();
    expect(host.control.seen).toEqual([]);
    expect((await metadata.get(LORA)).trigger_words).toEqual(["from the file"]);
    expect(events.some(({ type }) => type === "ask-permission")).toBe(lookup === "unasked");
  });

  test("allowed: they are looked up by themselves, once", async () => {
    metadata.dispose();
    await open("allowed");
    await metadata.discover();
    expect(await metadata.get(LORA)).toMatchObject({ civitai_version_id: 11, notes: "from the file" });
    expect((await metadata.get(UNKNOWN)).lookup).toBe("unknown");
    const asked = host.control.seen.length;
    await metadata.discover();
    expect(host.control.seen).toHaveLength(asked);
    records.push(modelRecord(sha256OfVersion(31)));
    await metadata.discover();
    expect((await metadata.get(sha256OfVersion(31))).civitai_version_id).toBe(31);
  });
});

describe("export and import of everything", () => {
  test("no file that leaves holds a token that stood in an address", async () => {
    const source = "https://civitai.com/api/download/models/31?token=s3cret";
    await metadata.update(LORA, { source });
    const files = [await metadata.exportAll()];
    for (const format of SIDECAR_FORMATS) files.push(...(await metadata.exportSidecar(LORA, format)));
    expect(files.length).toBeGreaterThan(SIDECAR_FORMATS.length);
    for (const file of files) expect(await file.text(), file.name).not.toContain("s3cret");
  });

  test("moves metadata to another device, also of models that are not there yet", async () => {
    await metadata.fetchOne(LORA);
    await metadata.update(LORA, { notes: "mine", usage_tips: { strength_max: 1 } });
    const before = await metadata.get(LORA);
    const file = await metadata.exportAll();
    expect(JSON.parse(await file.text())).toMatchObject({ format: "kiln-metadata", version: 1 });
    metadata.dispose();

    const [lora] = records;
    records = [];
    await open();
    const plan = await metadata.planImport([file], "fill");
    expect(plan.entries.map(({ id, matchedBy }) => [id, matchedBy])).toContainEqual([LORA, "none"]);
    expect(await metadata.list()).toEqual([]);
    await metadata.applyImport(plan.planId);
    records = [lora];
    const { last_updated, preview_path } = await metadata.get(LORA);
    expect(await metadata.get(LORA)).toEqual({ ...before, last_updated, preview_path });
    await expect(metadata.applyImport(plan.planId)).rejects.toMatchObject({ name: "InvalidRequest" });
  });

  test("nothing is written before the plan is applied, and the plan tells both sides", async () => {
    await metadata.update(LORA, { notes: "ours" });
    const theirs = { hash_sha256: LORA, hash_type: "AUTOV2", notes: "theirs", last_updated: "2030-01-01" };
    const file = new File([JSON.stringify(theirs)], "my model.safetensors.metadata.json");
    const plan = await metadata.planImport([file], "newer");
    expect(plan.entries[0].changes).toContainEqual({
      field: "notes",
      ours: "ours",
      theirs: "theirs",
      takes: "theirs",
    });
    expect((await metadata.get(LORA)).notes).toBe("ours");
    expect(await metadata.applyImport(plan.planId)).toEqual([LORA]);
    expect((await metadata.get(LORA)).notes).toBe("theirs");
  });

  test("a sidecar is matched by its name when it has no hash; the picture beside it comes along", async () => {
    const files = [
      new File([`{"activation text":"red hair"}`], "u.json"),
      new File(["picture"], "u.preview.png"),
      new File(["{broken"], "x.civitai.info"),
      new File(["{}"], "other.json"),
    ];
    const plan = await metadata.planImport(files, "fill");
    expect(plan.entries).toMatchObject([{ id: UNKNOWN, matchedBy: "name" }]);
    expect(plan.rejected.map(({ where }) => where)).toEqual(["x.civitai.info", "other.json"]);
    await metadata.applyImport(plan.planId);
    expect(await metadata.get(UNKNOWN)).toMatchObject({
      trigger_words: ["red hair"],
      preview_path: `.previews/${UNKNOWN}.webp`,
    });
  });
});

async function autoV1Of(versionId: number): Promise<string> {
  const response = await fetch(`${host.origin}/api/v1/model-versions/by-hash/${sha256OfVersion(versionId)}`);
  const version = (await response.json()) as { files: { hashes: { AutoV1: string } }[] };
  return version.files[0].hashes.AutoV1.toLowerCase();
}
