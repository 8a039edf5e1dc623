// Keeps a session's adapter slots fed with the LoRAs of the job at hand, doing as little as changed since the last job. Builds
// no graph and reads no checkpoint of its own.

import {
  activeTensor,
  emptyTensors,
  factorTensors,
  scaleTensor,
  type FedTensor,
} from "../models/adapters/adapter-packs.ts";
import type { AppliedLora } from "../models/adapters/adapted-tensor.ts";
import type { AdaptedNetwork } from "../models/adapters/adapter-targets.ts";
import type { AdapterPack } from "../models/layers/adapter-slots.ts";
import type { BoundInput } from "../ort/ort-session.ts";

/** An opened LoRA with its strengths in a job. */
export interface JobLora extends AppliedLora {
  /** Of its library record. */
  readonly id: string;
}

/** What is fed; the session. */
export interface BindsInputs {
  bind(inputs: readonly BoundInput[]): void;
}

/** A session's slots and what they hold. */
export class AdapterBinding {
  readonly #session: BindsInputs;
  readonly #packs: readonly AdapterPack[];
  readonly #network: AdaptedNetwork;
  /** Ids of the LoRAs whose factors are bound, in their order; none where the slots are empty. */
  #bound = "";
  #strengths = "";
  #bytes = 0;

  constructor(session: BindsInputs, packs: readonly AdapterPack[], network: AdaptedNetwork) {
    this.#session = session;
    this.#packs = packs;
    this.#network = network;
    this.#empty();
  }

  /** Held for the factors. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * The same LoRAs with other strengths cost a few numbers, other LoRAs their own size, none nothing.
   * @throws AppError FileFormat when a LoRA's file cannot be read; the slots are then empty.
   */
  async feed(loras: readonly JobLora[]): Promise<void> {
    const ids = loras.map(({ id }) => id).join();
    const strengths = loras.map((use) => use.strengths[this.#network]).join();
    if (ids === this.#bound && strengths === this.#strengths) return;
    if (ids !== this.#bound) this.#empty();
    if (ids === "") return;
    if (ids !== this.#bound) await this.#bindFactors(loras);
    this.#session.bind(this.#packs.map((pack) => scaleTensor(pack, loras, this.#network)));
    this.#session.bind([activeTensor(true)]);
    [this.#bound, this.#strengths] = [ids, strengths];
  }

  // Pack by pack, so that the factors of only one are in this worker's memory.
  async #bindFactors(loras: readonly JobLora[]): Promise<void> {
    for (const pack of this.#packs) {
      const tensors = await factorTensors(pack, loras);
      this.#bytes += byteLength(tensors);
      this.#session.bind(tensors);
    }
  }

  #empty(): void {
    if (this.#packs.length === 0) return;
    this.#session.bind([activeTensor(false), ...this.#packs.flatMap(emptyTensors)]);
    [this.#bound, this.#strengths, this.#bytes] = ["", "", 0];
  }
}

const byteLength = (tensors: readonly FedTensor[]): number =>
  tensors.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
