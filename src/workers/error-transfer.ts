// Lets an error's `details` cross the port: comlink alone carries only its message, name and stack.

import { transferHandlers, type TransferHandler } from "comlink";

interface ThrownValue {
  readonly value: unknown;
}

interface SerializedThrow {
  readonly isError: boolean;
  readonly value: object;
}

/** Extends comlink's handler of thrown values. Needed on the throwing side only; the other side copies every field. */
export function carryErrorDetails(): void {
  const base = transferHandlers.get("throw") as TransferHandler<ThrownValue, SerializedThrow>;
  transferHandlers.set("throw", {
    canHandle: (value): value is ThrownValue => base.canHandle(value),
    serialize(thrown) {
      const [serialized, transferables] = base.serialize(thrown);
      const { value } = thrown;
      if (!serialized.isError || !(value instanceof Error) || !("details" in value))
        return [serialized, transferables];
      return [{ ...serialized, value: { ...serialized.value, details: value.details } }, transferables];
    },
    deserialize: (serialized) => base.deserialize(serialized),
  } satisfies TransferHandler<ThrownValue, SerializedThrow>);
}
