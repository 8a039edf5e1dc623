// Another program's ONNX export of a component, wrapped so that it runs on the same inputs as our own graph of it. Reads nothing
// of the graph itself.

import type { OnnxModel } from "../../onnx/onnx-model.ts";
import type { ExportedComponent } from "../../protocol/benchmark-api.ts";

/** `ours` tells inputs and outputs, which the export must have under the same names, dtypes and shapes. */
export async function exportedModel(
  { graph, data, dataName }: ExportedComponent,
  ours: OnnxModel,
): Promise<OnnxModel> {
  return {
    ...ours,
    name: `${ours.name}, exported`,
    proto: new Uint8Array(await graph.arrayBuffer()),
    widensWeights: false,
    externals: [
      {
        location: dataName,
        byteLength: data.size,
        read: async () => new Uint8Array(await data.arrayBuffer()),
        readSync: () => {
          throw new Error("an export is read as a Blob, which only browsers with JSPI do");
        },
        readPart: async (start, end) => new Uint8Array(await data.slice(start, end).arrayBuffer()),
      },
    ],
  };
}
