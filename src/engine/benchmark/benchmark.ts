// Measures this device: every component of the models asked for, then whole pictures, into one report. Owns its runtime and its
// device, which nothing else may use meanwhile.

import { dialectFor, type Precision } from "../../models/dialects.ts";
import {
  syntheticFamily,
  syntheticModel,
  type SyntheticCheckpointId,
} from "../../models/synthetic/synthetic-models.ts";
import type { OnnxModel } from "../../onnx/onnx-model.ts";
import type { OpenedModel, TokenizerFiles } from "../../library/open-model.ts";
import { BufferLedger } from "../../ort/buffer-ledger.ts";
import { chooseDevice, type ComputeDevice } from "../../ort/compute-device.ts";
import { loadOrt, type OrtBuild } from "../../ort/ort-build.ts";
import { OrtRuntime } from "../../ort/ort-runtime.ts";
import { PassTimer } from "../../ort/pass-timer.ts";
import { AppError, isAppError } from "../../protocol/app-error.ts";
import {
  BENCHMARK_MODELS,
  BENCHMARK_VERSION,
  type BenchmarkModel,
  type BenchmarkProgress,
  type BenchmarkReport,
  type BenchmarkRequest,
  type ComponentRow,
  type ExpectedComponent,
  type ExportedComponent,
  type PictureRow,
  type VariantRow,
} from "../../protocol/benchmark-api.ts";
import { blobSource } from "../../weights/blob-source.ts";
import type { ByteSource } from "../../weights/byte-source.ts";
import { memoryLimits } from "../memory-policy.ts";
import { ModelLoader } from "../model-loader.ts";
import type { EncodePng } from "../picture-file.ts";
import { openExpectedValues } from "./expected-values.ts";
import { exportedModel } from "./exported-model.ts";
import { measureVariants, VARIANTS } from "./graph-variants.ts";
import { measureComponent, NOT_MEASURED, type MeasuredRuntime } from "./measure-component.ts";
import { measurePicture, PICTURE_CASES, pictureLabel } from "./measure-picture.ts";
import {
  measuredComponents,
  measuredUnets,
  type MeasuredComponent,
  type MeasuredUnet,
} from "./measured-components.ts";

export interface BenchmarkSurroundings {
  readonly encodePng: EncodePng;
  /** CLIP's, which the random models' prompts are made with. */
  readonly tokenizer: () => Promise<TokenizerFiles>;
  /** Browser or Node and its version. */
  readonly software: string;
  readonly deviceMemoryGib?: number;
  /** Loads the runtime; tests give Node's build. */
  readonly loadOrt?: () => Promise<OrtBuild>;
}

const MAX_RUNS = 1000;

/** After these the device or the heap cannot be trusted, so nothing more is measured. */
const FATAL_FAILURES = ["DeviceLost"] as const;

/** @throws AppError InvalidRequest or Unsupported; a component that fails is a row that says so. */
export async function runBenchmark(
  request: BenchmarkRequest,
  surroundings: BenchmarkSurroundings,
  onProgress: (progress: BenchmarkProgress) => void,
): Promise<BenchmarkReport> {
  validate(request);
  const build = await (surroundings.loadOrt ?? loadOrt)();
  const device = await chooseDevice(request.device, build.threads, ["timestamp-query"]);
  const watched = watchDevice(device);
  const runtime = new OrtRuntime(build, device);
  try {
    const measured: MeasuredRuntime = {
      createSession: (model) => runtime.createSession(model, "cpu"),
      ...watched,
    };
    const work = await workOf(request);
    let done = 0;
    const begin = (what: string): void => onProgress({ what, done: done++, total: work.length });
    const components: ComponentRow[] = [];
    const pictures: PictureRow[] = [];
    const variants: VariantRow[] = [];
    const precision = device.report.precision;
    for (const item of work) {
      begin(item.what);
      if (item.kind === "component") {
        components.push(await componentRow(item.component, request, precision, measured, runtime));
      } else if (item.kind === "variants") {
        variants.push(...(await variantRowsOf(item.unet, request, precision, measured, runtime)));
      } else {
        pictures.push(await pictureRow(item.picture, request, { ...surroundings, runtime, ...watched }));
      }
    }
    return {
      version: BENCHMARK_VERSION,
      implementation: request.exports ? "plain export" : "kiln",
      size: request.size,
      device: device.report.description,
      precision: request.exports ? "as exported" : precision,
      software: `${surroundings.software}, onnxruntime-web ${build.ort.env.versions.web ?? ""} ${build.name}`,
      components,
      pictures,
      ...(request.variants && { variants }),
    };
  } finally {
    runtime.dispose();
  }
}

function validate({ models, runs }: BenchmarkRequest): void {
  const unknown = models.find((model) => !BENCHMARK_MODELS.includes(model));
  const fault = (where: string, expected: string, got: string): AppError =>
    new AppError("InvalidRequest", `The benchmark's ${where} should be ${expected}, got ${got}.`, {
      where,
      expected,
      got,
    });
  if (models.length === 0) throw fault("models", `some of ${BENCHMARK_MODELS.join(", ")}`, "none");
  if (unknown !== undefined) throw fault("models", `some of ${BENCHMARK_MODELS.join(", ")}`, unknown);
  if (!Number.isInteger(runs) || runs < 1 || runs > MAX_RUNS)
    throw fault("runs", `a whole number from 1 to ${MAX_RUNS}`, String(runs));
}

function watchDevice(device: ComputeDevice): Pick<MeasuredRuntime, "memory" | "timer"> {
  if (device.kind === "wasm") return {};
  const { gpu } = device;
  const memory = new BufferLedger(gpu);
  return gpu.features.has("timestamp-query") ? { memory, timer: new PassTimer(gpu) } : { memory };
}

async function variantRowsOf(
  unet: MeasuredUnet,
  request: BenchmarkRequest,
  precision: Precision,
  measured: MeasuredRuntime,
  { device }: OrtRuntime,
): Promise<readonly VariantRow[]> {
  try {
    const dialect = dialectFor(device.kind, precision);
    return await measureVariants(measured, { ...unet, dialect }, request.runs);
  } catch (error) {
    const none = { ratio: null, difference: null, failure: failureText(error) };
    return VARIANTS.map(({ name }) => ({ model: unet.model, name, ...none }));
  }
}

type PictureCase = (typeof PICTURE_CASES)[number];

type Work =
  | { readonly kind: "component"; readonly what: string; readonly component: MeasuredComponent }
  | { readonly kind: "variants"; readonly what: string; readonly unet: MeasuredUnet }
  | { readonly kind: "picture"; readonly what: string; readonly picture: PictureCase };

async function workOf(request: BenchmarkRequest): Promise<readonly Work[]> {
  const { models, size, pictures, variants = false, exports } = request;
  const components = await Promise.all(
    models.map((model) => measuredComponents(model, size, weightsOf(model, request))),
  );
  const wanted = components
    .flat()
    .filter(
      ({ model, component }) =>
        !exports || exports.some((one) => one.model === model && one.component === component),
    );
  const unets =
    variants && !exports ? await measuredUnets(models, size, (model) => weightsOf(model, request)) : [];
  return [
    ...wanted.map((component): Work => {
      return { kind: "component", what: `${component.model} ${component.component}`, component };
    }),
    ...unets.map((unet): Work => ({ kind: "variants", what: `${unet.model} unet, other graphs`, unet })),
    ...(pictures && !exports ? PICTURE_CASES : [])
      .filter(({ model }) => models.includes(model))
      .map((picture): Work => {
        const { model, shape } = pictureLabel(picture, size);
        return { kind: "picture", what: `${model}, ${shape}`, picture };
      }),
  ];
}

function weightsOf(model: BenchmarkModel, { weights, size }: BenchmarkRequest): ByteSource {
  const file = weights?.[model];
  return file ? blobSource(file, `${model}.safetensors`) : syntheticModel(model, size);
}

async function componentRow(
  component: MeasuredComponent,
  { exports, expected, runs }: BenchmarkRequest,
  precision: Precision,
  measured: MeasuredRuntime,
  { device }: OrtRuntime,
): Promise<ComponentRow> {
  const { model, component: name, shape } = component;
  const ours = (): OnnxModel => component.build(dialectFor(device.kind, precision));
  const isThis = (one: ExportedComponent | ExpectedComponent): boolean =>
    one.model === model && one.component === name;
  const exported = exports?.find(isThis);
  const given = expected?.find(isThis);
  try {
    const values =
      given && (await openExpectedValues(blobSource(given.file, `what is expected of ${model} ${name}`)));
    const graph = exported && (await exportedModel(exported, ours()));
    const measurement = await measureComponent(measured, graph ? () => graph : ours, runs, values);
    return { model, component: name, shape, ...measurement };
  } catch (error) {
    return { model, component: name, shape, ...NOT_MEASURED, failure: failureText(error) };
  }
}

async function pictureRow(
  picture: PictureCase,
  request: BenchmarkRequest,
  surroundings: BenchmarkSurroundings & { readonly runtime: OrtRuntime } & Pick<MeasuredRuntime, "memory">,
): Promise<PictureRow> {
  const { runtime, deviceMemoryGib, tokenizer } = surroundings;
  const { device } = runtime;
  const maxBuffer = device.kind === "webgpu" ? device.gpu.limits.maxBufferSize : undefined;
  const loader = new ModelLoader(
    runtime,
    (id) =>
      Promise.resolve(libraryModel(id as SyntheticCheckpointId, weightsOf(id as BenchmarkModel, request))),
    tokenizer,
    memoryLimits(device.kind, deviceMemoryGib, maxBuffer),
  );
  try {
    return await measurePicture(picture, request.size, { ...surroundings, loader });
  } catch (error) {
    const none = { coldSeconds: null, totalSeconds: null, secondsPerStep: null, overheadShare: null };
    return { ...pictureLabel(picture, request.size), ...none, peakBytes: null, failure: failureText(error) };
  } finally {
    await loader.unload();
  }
}

/** A random model as the library would hand it out. */
function libraryModel(id: SyntheticCheckpointId, source: ByteSource): OpenedModel {
  const { id: family, defaults } = syntheticFamily(id);
  return {
    source,
    record: {
      id,
      name: id,
      type: "checkpoint",
      family,
      bytes: source.byteLength,
      sha256: "",
      origin: "imported",
      fileName: source.name,
      dtype: "F16",
      defaults,
      needs: { memoryBytes: 0, features: [] },
      license: "",
      addedAt: 0,
    },
  };
}

function failureText(error: unknown): string {
  if (isAppError(error, ...FATAL_FAILURES)) throw error;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
