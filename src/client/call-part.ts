// How the mirrors of the library worker's parts reach it. Knows no part.

import type { Remote } from "comlink";

/** Runs a call on one part of the worker, which is started (again) first when it is not alive. */
export type CallPart<Part> = <T>(task: (remote: Remote<Part>) => Promise<T>) => Promise<T>;
