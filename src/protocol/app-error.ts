// The named failures a user or a caller can act on, and how they cross a message port. Not for bugs: those stay plain Errors.

/**
 * Every name the page may switch on. `instanceof` does not survive a message port, names do.
 * Adding a failure means adding its name here and throwing `new AppError(name, ...)` where it happens.
 */
export type AppErrorName =
  | "InvalidRequest" // a field of a request is out of range
  | "FileFormat" // a file is not what its format promises: truncated, corrupt, oversized header, overlapping tensors
  | "UnsupportedModel" // well-formed, but no family matches
  | "MissingTensor"
  | "ShapeMismatch"
  | "ModelNotFound"
  | "PictureNotFound" // deleted, or evicted by the browser
  | "OutOfMemory"
  | "TooLarge" // seen before anything is loaded: the model, size or batch cannot fit this device
  | "DeviceLost"
  | "WorkerLost"
  | "NumericFailure" // NaN or infinity where a picture should be
  | "StorageFull"
  | "Interrupted"
  | "Network"
  | "AccessDenied" // a host gives a file only to people with a token, or not to web apps
  | "FileNotFound" // a host has no such file
  | "HashMismatch" // a file is whole, but not the one that was promised
  | "Unsupported"; // the browser lacks something that is needed

/** Plain-data facts about a failure: where it happened, what was expected, what was got. */
export interface AppErrorDetails {
  readonly where?: string;
  readonly expected?: string;
  readonly got?: string;
  readonly [field: string]: string | number | boolean | readonly (string | number)[] | undefined;
}

/** An expected failure. `message` is a sentence for the user; `details` is for code and bug reports. */
export class AppError extends Error {
  override readonly name: AppErrorName;
  readonly details: AppErrorDetails;

  constructor(name: AppErrorName, message: string, details: AppErrorDetails = {}, options?: ErrorOptions) {
    super(message, options);
    this.name = name;
    this.details = details;
  }
}

/** What an error looks like on the wire and in a stored job. */
export interface SerializedError {
  readonly name: string;
  readonly message: string;
  readonly details?: AppErrorDetails;
  readonly stack?: string;
}

/** Narrows anything caught to an AppError of one of the given names (any name when none is given). */
export function isAppError(error: unknown, ...names: readonly AppErrorName[]): error is AppError {
  if (typeof error !== "object" || error === null || !("name" in error) || !("details" in error))
    return false;
  return names.length === 0 || names.includes(error.name as AppErrorName);
}

/** Turns anything thrown into plain data. */
export function serializeError(error: unknown): SerializedError {
  if (error instanceof AppError) {
    return { name: error.name, message: error.message, details: error.details, stack: error.stack };
  }
  if (error instanceof Error) return { name: error.name, message: error.message, stack: error.stack };
  return { name: "Error", message: String(error) };
}

/** The inverse of `serializeError`: an AppError when details travelled with it, a plain Error otherwise. */
export function reviveError(serialized: SerializedError): Error {
  if (serialized.details) {
    return new AppError(serialized.name as AppErrorName, serialized.message, serialized.details);
  }
  const error = new Error(serialized.message);
  error.name = serialized.name;
  return error;
}
