// Decides which warm sessions to give up so that a new one fits. Pure: knows sizes and times, holds no session.

export type SessionKind = "text encoder" | "unet" | "vae decoder" | "vae encoder" | "upscaler";

/** A session held, or about to be made. Bytes are its weights and its working memory, as estimated. */
export interface SessionFootprint {
  readonly key: string;
  readonly kind: SessionKind;
  readonly modelId: string;
  readonly bytes: number;
}

export interface HeldSession extends SessionFootprint {
  /** Any clock that only grows. */
  readonly lastUsed: number;
}

const GIB = 2 ** 30;

// WebAssembly's heap ends at 4 GiB and never shrinks; beyond this share fragmentation makes allocations fail.
const WASM_BUDGET = 2.5 * GIB;
// Browsers tell RAM in steps and at most 8; on shared-memory machines more than this share starves the system.
const DEVICE_MEMORY_SHARE = 0.6;
const UNKNOWN_DEVICE_MEMORY_GIB = 4;

/** Bytes that sessions may hold together. `deviceMemoryGib` is `navigator.deviceMemory`, where the browser tells it. */
export function memoryBudget(device: "webgpu" | "wasm", deviceMemoryGib: number | undefined): number {
  const share = (deviceMemoryGib ?? UNKNOWN_DEVICE_MEMORY_GIB) * DEVICE_MEMORY_SHARE * GIB;
  return device === "wasm" ? Math.min(WASM_BUDGET, share) : share;
}

// About three tensors between layers are alive at a time, beside the weights and what the runtime keeps for itself.
const LARGEST_TENSOR_SHARE = 1 / 8;

/** Bytes that one tensor between two layers may take. */
export function largestTensor(
  device:
    | { readonly kind: "wasm" }
    | {
        readonly kind: "webgpu";
        readonly gpu: {
          readonly limits: Pick<GPUSupportedLimits, "maxBufferSize" | "maxStorageBufferBindingSize">;
        };
      },
  budget: number,
): number {
  const share = budget * LARGEST_TENSOR_SHARE;
  if (device.kind === "wasm") return share;
  const { maxBufferSize, maxStorageBufferBindingSize } = device.gpu.limits;
  return Math.min(share, maxBufferSize, maxStorageBufferBindingSize);
}

/** Lower ranks are given up first. */
function rank(held: SessionFootprint, incoming: SessionFootprint): number {
  if (held.modelId !== incoming.modelId) return 0; // another model: a switch seldom goes straight back
  if (held.kind === incoming.kind) return 1; // the same network for another size or batch
  return held.kind === "unet" ? 3 : 2; // this job's other networks; the unet is the dearest to make again
}

/**
 * Keys to release, first to last, before `incoming` is created: as few as possible, but all of other models' sessions and
 * shapes go before this job's own. A session that cannot fit even alone still releases everything: trying is the only test.
 */
export function sessionsToRelease(
  held: readonly HeldSession[],
  incoming: SessionFootprint,
  budget: number,
): readonly string[] {
  let total = held.reduce((sum, session) => sum + session.bytes, incoming.bytes);
  const order = [...held].sort((a, b) => rank(a, incoming) - rank(b, incoming) || a.lastUsed - b.lastUsed);
  const released: string[] = [];
  for (const session of order) {
    if (total <= budget) break;
    released.push(session.key);
    total -= session.bytes;
  }
  return released;
}
