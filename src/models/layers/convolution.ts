// A torch.nn.Conv2d with its weight as published.

import type { Value } from "../../onnx/graph.ts";
import type { ConvOptions } from "../../onnx/ops.ts";
import { conv } from "../../onnx/ops.ts";
import { storedTensor } from "../weight-tensor.ts";
import type { LayerContext } from "./layer-context.ts";
import { weight } from "./layer-context.ts";
import { fitsRowWinograd, rowWinograd } from "./row-winograd.ts";

/** x [n, in, h, w] → [n, out, h', w']; the kernel's extent is the published one, and by default the size stays. */
export function convolution(
  c: LayerContext,
  key: string,
  x: Value,
  out: number,
  options: Partial<ConvOptions> = {},
): Value {
  const { dtype } = x;
  const kernel = storedTensor(c.checkpoint, `${key}.weight`).shape[2] ?? 1;
  const border = (kernel - 1) / 2;
  const { stride = 1, pads = [border, border, border, border] } = options;
  const keepsSize = stride === 1 && pads.every((extent) => extent === border);
  const fast = c.dialect.rowWinograd && kernel === 3 && keepsSize && fitsRowWinograd(x, out);
  const y = fast
    ? rowWinograd(c, key, x, out)
    : conv(
        c.graph,
        key,
        x,
        weight(c, `${key}.weight`, { dtype, shape: [out, x.shape[1], kernel, kernel] }),
        weight(c, `${key}.bias`, { dtype, shape: [out] }),
        { stride, pads },
      );
  return c.slots ? c.slots.convolution(`${key}.weight`, x, y, kernel, { stride, pads }) : y;
}
