// How far a download is, in words: bytes, percent, speed, time left. Numbers in, text out.

import { msg, str } from "@lit/localize";
import type { Download, DownloadProgress } from "../protocol/downloads-api.ts";
import { formatBytes } from "./format-bytes.ts";

/** "45 s", "3 min", "2 h 5 min": as exact as a guess deserves. */
export function describeSeconds(seconds: number): string {
  if (seconds < 60) return msg(str`${Math.max(1, Math.round(seconds))} s`);
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return msg(str`${minutes} min`);
  return msg(str`${Math.floor(minutes / 60)} h ${minutes % 60} min`);
}

/** The facts that are known, in the order in which they are asked for. */
export function describeTransfer(
  download: Download,
  progress: DownloadProgress | undefined,
): readonly string[] {
  const done = progress?.bytesDone ?? download.bytesDone;
  const total = progress?.bytesTotal ?? download.bytesTotal;
  const facts = download.fileCount === undefined ? [] : [msg(str`${download.fileCount} files`)];
  if (download.state === "done") return total === undefined ? facts : [...facts, formatBytes(total)];
  facts.push(
    total === undefined ? formatBytes(done) : msg(str`${formatBytes(done)} of ${formatBytes(total)}`),
  );
  const percent = percentOf(download, progress);
  if (percent !== undefined) facts.push(msg(str`${Math.floor(percent)} %`));
  if (!progress || (download.state !== "running" && download.state !== "checking")) return facts;
  if (progress.bytesPerSecond > 0) facts.push(msg(str`${formatBytes(progress.bytesPerSecond)}/s`));
  if (progress.secondsLeft !== undefined) facts.push(msg(str`${describeSeconds(progress.secondsLeft)} left`));
  return facts;
}

/** 0 to 100; undefined while the host keeps the size to itself. */
export function percentOf(download: Download, progress: DownloadProgress | undefined): number | undefined {
  if (progress?.percent !== undefined) return progress.percent;
  const total = progress?.bytesTotal ?? download.bytesTotal;
  const done = progress?.bytesDone ?? download.bytesDone;
  return total === undefined || total === 0 ? undefined : (100 * done) / total;
}
