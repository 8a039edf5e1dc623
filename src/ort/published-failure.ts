// Says to a user why the runtime refused a graph that others made: operators, formats and sizes that it does not have. Graphs of
// ours never fail like this; where they do, it is a bug and stays one.

import type { OnnxModel } from "../onnx/onnx-model.ts";
import { AppError, isAppError } from "../protocol/app-error.ts";

type Device = "wasm" | "webgpu";
type Phase = "making" | "running";

interface Refusal {
  /** What the runtime says; its groups go to `needs`. */
  readonly said: RegExp;
  readonly needs: (...groups: string[]) => { readonly expected: string; readonly got: string };
}

const operator = (name: string): ReturnType<Refusal["needs"]> => ({
  expected: "operators that this browser's runtime has",
  got: `the operator ${name}`,
});

/** The first that fits; names in the runtime's words are the file's, so what is taken of them is short. */
const refusals: readonly Refusal[] = [
  { said: /([\w.-]{1,80}:\w{1,80})\(-?\d+\) is not a registered function\/op/, needs: operator },
  {
    said: /No Op registered for (\w{1,80}) with domain_version of (\d+)/,
    needs: (name, version) => operator(`${name} of version ${version}`),
  },
  {
    said: /Could not find an implementation for ([\w.:-]{1,80})\((\d+)\)/,
    needs: (name, version) => operator(`${name} of version ${version} for its element type`),
  },
  {
    said: /Opset (\d+) is under development.*?support for domain (\S{1,80}) is till opset (\d+)/s,
    needs: (version, domain, most) => ({
      expected: `operator set ${most} of ${domain} at most`,
      got: `operator set ${version}`,
    }),
  },
];

const MAX_QUOTED = 200;
/** The runtime begins with where in its own code it stopped. */
const CODE_PATH = /^.*?ERROR_MESSAGE: |\/\S+:\d+ [^]*?\) (?=[A-Z])/g;

const elsewhere: Readonly<Record<Device, string>> = {
  wasm: "Choose the graphics card in Settings if this device has one, or use the same model as a .safetensors file.",
  webgpu:
    "Use the same model as a .safetensors file, or an export with the standard operators of ONNX alone.",
};

/** Anything that has a name already stays what it is, and so does everything about graphs of ours. */
export function publishedFailure(
  error: unknown,
  { name: graph, published }: Pick<OnnxModel, "name" | "published">,
  device: Device,
  phase: Phase,
): unknown {
  if (published === undefined || isAppError(error)) return error;
  const text = error instanceof Error ? error.message : String(error);
  const network = graph.replace(/^kiln-/, "").replaceAll("-", " ");
  const fault = refusal(text) ?? {
    expected: phase === "making" ? "a graph that this browser's runtime takes" : "a run at this size",
    got: text.replace(CODE_PATH, "").slice(0, MAX_QUOTED),
  };
  const advice =
    phase === "making" ? elsewhere[device] : `Try the size that it was exported for. ${elsewhere[device]}`;
  return new AppError(
    "UnsupportedModel",
    `${published} is published as ONNX graphs, and its ${network} does not run here: expected ${fault.expected}, got ${fault.got}. ${advice}`,
    { where: `${published}, ${network}`, ...fault },
    { cause: error },
  );
}

function refusal(text: string): ReturnType<Refusal["needs"]> | undefined {
  for (const { said, needs } of refusals) {
    const match = said.exec(text);
    if (match) return needs(...match.slice(1));
  }
  return undefined;
}
