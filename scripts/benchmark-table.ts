// Reports of one machine side by side as markdown: ours first, every other as a ratio to it. Rows without a figure say so.

import {
  BENCHMARK_VERSION,
  type BenchmarkReport,
  type ComponentRow,
  type PictureRow,
  type RunRow,
  type VariantRow,
} from "../src/protocol/benchmark-api.ts";

const MEASURED_AS_OURS = "kiln";
const NOTHING = "not measured";

/** A row of the table, measured or not. */
export interface ExpectedRow {
  readonly model: string;
  readonly component: string;
  readonly shape: string;
}

type ExpectedPicture = Pick<PictureRow, "model" | "shape">;

/** @throws Error that says what a file of reports lacks. */
export function parseReport(text: string, name: string): BenchmarkReport {
  const report = JSON.parse(text) as Partial<BenchmarkReport> | null;
  if (report?.version !== BENCHMARK_VERSION || !Array.isArray(report.components) || !report.implementation) {
    throw new Error(
      `${name}: expected a benchmark report of version ${BENCHMARK_VERSION}, got something else.`,
    );
  }
  return { ...(report as BenchmarkReport), pictures: report.pictures ?? [] };
}

/** Reports of one size. The first that is ours is what the others are compared with. */
export function benchmarkMarkdown(
  reports: readonly BenchmarkReport[],
  expected: readonly ExpectedRow[],
  expectedPictures: readonly ExpectedPicture[],
): string {
  const ours = reports.find(({ implementation }) => implementation === MEASURED_AS_OURS);
  const others = reports.filter((report) => report !== ours);
  return [
    ...reports.map(sourceLine),
    "",
    ...componentTable(ours, others, expected),
    "",
    ...operatorTable(ours, expected),
    ...pictureTable(ours, expectedPictures),
    "",
    ...(ours?.wholeRuns
      ? runTable(ours.wholeRuns)
      : ["Whole runs against PyTorch's in float32: not measured."]),
    "",
    ...(ours?.variants
      ? variantTable(ours.variants)
      : ["Other ways to write the UNets' graphs: not measured."]),
  ].join("\n");
}

const sourceLine = ({ implementation, device, precision, software }: BenchmarkReport): string =>
  `- ${implementation}: ${device}, ${precision}, ${software}`;

const seconds = (value: number | null | undefined): string =>
  value === null || value === undefined
    ? NOTHING
    : value < 1
      ? `${(1000 * value).toFixed(1)} ms`
      : `${value.toFixed(2)} s`;

const bytes = (value: number | null | undefined): string =>
  value === null || value === undefined ? NOTHING : `${(value / 2 ** 20).toFixed(0)} MB`;

const same = (row: ExpectedRow) => (other: ExpectedRow) =>
  other.model === row.model && other.component === row.component;

/** How many times as long as ours the other one takes. */
function compared(other: ComponentRow | undefined, ours: ComponentRow | undefined): string {
  const [theirs, mine] = [other?.steadySeconds, ours?.steadySeconds];
  if (theirs === null || theirs === undefined)
    return other?.failure ? `failed: ${shortened(other.failure)}` : NOTHING;
  const off = other?.relativeError === undefined ? "" : `, error ${exponential(other.relativeError)}`;
  return (mine ? `${seconds(theirs)} (${(theirs / mine).toFixed(2)}x)` : seconds(theirs)) + off;
}

/** Against float32. Of others it stands behind their time. */
const error = (row: ComponentRow | undefined): string =>
  row?.relativeError === undefined ? NOTHING : exponential(row.relativeError);

const exponential = (value: number | null): string => (value === null ? "no number" : value.toExponential(1));

const shortened = (text: string): string => text.replaceAll("|", "/").replace(/\s+/g, " ").slice(0, 80);

function componentTable(
  ours: BenchmarkReport | undefined,
  others: readonly BenchmarkReport[],
  expected: readonly ExpectedRow[],
): readonly string[] {
  const head = [
    "model",
    "component",
    "shape",
    "session",
    "first run",
    "steady",
    "peak memory",
    "finite",
    "error",
  ];
  const names = others.map(({ implementation }) => implementation);
  return markdownTable(
    [...head, ...names],
    expected.map((row) => {
      const mine = ours?.components.find(same(row));
      const finite =
        mine?.finite === null || mine?.finite === undefined ? NOTHING : mine.finite ? "yes" : "**no**";
      return [
        row.model,
        row.component,
        row.shape,
        seconds(mine?.createSeconds),
        seconds(mine?.firstSeconds),
        mine?.failure ? `failed: ${shortened(mine.failure)}` : seconds(mine?.steadySeconds),
        bytes(mine?.peakBytes),
        finite,
        error(mine),
        ...others.map(({ components }) => compared(components.find(same(row)), mine)),
      ];
    }),
  );
}

/** Empty where no device told the times of its programs. */
function operatorTable(
  ours: BenchmarkReport | undefined,
  expected: readonly ExpectedRow[],
): readonly string[] {
  const rows = expected.flatMap((row) => {
    const { operatorSeconds } = ours?.components.find(same(row)) ?? {};
    const total = Object.values(operatorSeconds ?? {}).reduce((sum, value) => sum + value, 0);
    if (!operatorSeconds || total === 0) return [];
    const shares = Object.entries(operatorSeconds).map(
      ([name, value]) => `${name} ${((100 * value) / total).toFixed(0)} %`,
    );
    return [[row.model, row.component, seconds(total), shares.join(", ")]];
  });
  return rows.length === 0
    ? ["GPU time per class of operator: not measured.", ""]
    : [...markdownTable(["model", "component", "GPU time, each program apart", "shares"], rows), ""];
}

function pictureTable(
  ours: BenchmarkReport | undefined,
  expected: readonly ExpectedPicture[],
): readonly string[] {
  const head = [
    "picture",
    "size and steps",
    "cold",
    "warm",
    "per step",
    "step time outside the runtime",
    "peak memory",
  ];
  return markdownTable(
    head,
    expected.map(({ model, shape }) => {
      const row = ours?.pictures.find((one) => one.model === model && one.shape === shape);
      const share = row?.overheadShare;
      return [
        model,
        shape,
        row?.failure ? `failed: ${shortened(row.failure)}` : seconds(row?.coldSeconds),
        seconds(row?.totalSeconds),
        seconds(row?.secondsPerStep),
        share === null || share === undefined ? NOTHING : `${(100 * share).toFixed(1)} %`,
        bytes(row?.peakBytes),
      ];
    }),
  );
}

/** Pictures as PyTorch draws them in float32, in how far ours are from them. */
function runTable(rows: readonly RunRow[]): readonly string[] {
  const head = ["whole run", "size and steps", "drawn with", "conditioning", "latents", "picture, PSNR"];
  return markdownTable(
    head,
    rows.map(({ model, shape, drawnWith, conditioningError, latentsError, psnr, failure }) => [
      model,
      shape,
      drawnWith,
      ...(failure
        ? [`failed: ${shortened(failure)}`, NOTHING, NOTHING]
        : [
            exponential(conditioningError),
            exponential(latentsError),
            psnr === null ? "no number" : `${psnr.toFixed(1)} dB`,
          ]),
    ]),
  );
}

/** Above 100 % the app's own way is the faster one. */
export function variantTable(rows: readonly VariantRow[]): readonly string[] {
  const head = ["model", "the same UNet with", "time of a step, of the app's", "largest difference"];
  return markdownTable(
    head,
    rows.map(({ model, name, ratio, difference, failure }) => [
      model,
      name,
      ratio === null
        ? failure
          ? `failed: ${shortened(failure)}`
          : NOTHING
        : `${(100 * ratio).toFixed(1)} %`,
      difference === null ? NOTHING : difference.toExponential(1),
    ]),
  );
}

function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)];
}
