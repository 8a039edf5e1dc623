// What the headers of an answer say about its bytes: where they begin, how many there are in all, which version they are of.

export interface ByteFacts {
  /** Of the first byte of the body. */
  readonly start: number;
  /** Of the whole file; undefined when the server does not tell or hides it. */
  readonly total?: number;
  /** Strong validators only; weak ones do not promise equal bytes. */
  readonly etag?: string;
  readonly lastModified?: string;
}

const CONTENT_RANGE = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/;

export interface ContentRange {
  /** Absent in the answer to a range that does not exist. */
  readonly start?: number;
  readonly total?: number;
}

export function parseContentRange(header: string | null): ContentRange | undefined {
  const match = CONTENT_RANGE.exec(header?.trim() ?? "");
  if (!match) return undefined;
  return {
    ...(match[1] !== undefined && { start: Number(match[1]) }),
    ...(match[3] !== "*" && { total: Number(match[3]) }),
  };
}

/**
 * Facts of a 200 or 206. Hosts must list the headers that pages may read; Content-Range often is not among them, while
 * Content-Length always is, so a part's total is counted from where the part was asked for.
 */
export function readByteFacts(response: Response, askedStart: number): ByteFacts {
  const { headers } = response;
  const range = response.status === 206 ? parseContentRange(headers.get("Content-Range")) : undefined;
  const start = response.status === 206 ? (range?.start ?? askedStart) : 0;
  const total = range ? range.total : totalFromLength(headers, start);
  const etag = headers.get("ETag");
  const lastModified = headers.get("Last-Modified");
  return {
    start,
    ...(total !== undefined && { total }),
    ...(etag !== null && !etag.startsWith("W/") && { etag }),
    ...(lastModified !== null && { lastModified }),
  };
}

function totalFromLength(headers: Headers, start: number): number | undefined {
  // A compressed body is longer than its Content-Length once unpacked.
  const encoding = headers.get("Content-Encoding");
  const length = headers.get("Content-Length");
  if (length === null || (encoding !== null && encoding !== "identity")) return undefined;
  const bytes = Number(length);
  return Number.isSafeInteger(bytes) && bytes >= 0 ? start + bytes : undefined;
}

/** True when both answers can be of the same bytes, as far as their headers tell. */
export function sameVersion(before: ByteFacts, now: ByteFacts): boolean {
  if (before.total !== undefined && now.total !== undefined && before.total !== now.total) return false;
  if (before.etag !== undefined && now.etag !== undefined) return before.etag === now.etag;
  if (before.lastModified === undefined || now.lastModified === undefined) return true;
  return before.lastModified === now.lastModified;
}
