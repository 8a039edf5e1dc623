// The failure of a graph that contradicts itself while it is built. Always a bug in a layer, never the user's fault.

export interface GraphErrorDetails {
  /** Name of the node that could not be built. */
  readonly where: string;
  readonly expected: string;
  readonly got: string;
}

export class GraphError extends Error {
  override readonly name = "GraphError";
  readonly details: GraphErrorDetails;

  constructor(details: GraphErrorDetails) {
    super(`${details.where}: expected ${details.expected}, got ${details.got}`);
    this.details = details;
  }
}
