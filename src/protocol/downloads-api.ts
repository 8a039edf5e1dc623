// The wall between the page and the downloads of the library worker: requests, states, events, settings. Plain data only.

import type { SerializedError } from "./app-error.ts";
import type { ModelType } from "./model-manifest.ts";

/** One row of library/sources/sources.ts each. "direct" is any other web address. */
export const SOURCE_IDS = [
  "civitai",
  "huggingface",
  "github",
  "google-drive",
  "ipfs",
  "own-server",
  "direct",
] as const;
export type SourceId = (typeof SOURCE_IDS)[number];

export type DownloadAction = "pause" | "resume" | "cancel" | "retry" | "move" | "provide-file";

interface StateRow {
  /** Moving bytes or reading the disk right now. */
  readonly busy: boolean;
  /** Nothing more happens without the user. */
  readonly ended: boolean;
  readonly actions: readonly DownloadAction[];
}

/** Every state of a download and what the user may do in it. `cancel` removes the entry and what it stored of the file. */
export const DOWNLOAD_STATES = {
  queued: { busy: false, ended: false, actions: ["pause", "cancel", "move"] },
  /** Reading again what an earlier run left on disk. */
  checking: { busy: true, ended: false, actions: ["pause", "cancel", "move"] },
  running: { busy: true, ended: false, actions: ["pause", "cancel", "move"] },
  /** Tries again by itself at `retryAt`. */
  waiting: { busy: false, ended: false, actions: ["pause", "cancel", "retry", "move"] },
  paused: { busy: false, ended: true, actions: ["resume", "cancel", "move"] },
  /** Size and hash are right; the file is being recognised and given its place. */
  storing: { busy: true, ended: false, actions: [] },
  /** The host does not let web apps read the file: open `pageUrl` in a tab, save the file, then provide it. */
  "needs-file": { busy: false, ended: true, actions: ["provide-file", "retry", "cancel"] },
  /** The file is whole, but its hash or content is wrong; kept apart until the user decides. */
  quarantined: { busy: false, ended: true, actions: ["retry", "cancel"] },
  failed: { busy: false, ended: true, actions: ["retry", "cancel", "provide-file"] },
  done: { busy: false, ended: true, actions: ["cancel"] },
} as const satisfies Readonly<Record<string, StateRow>>;
export type DownloadState = keyof typeof DOWNLOAD_STATES;

/** Whether `action` makes sense for a download in `state`. */
export function mayDo(state: DownloadState, action: DownloadAction): boolean {
  return (DOWNLOAD_STATES[state].actions as readonly DownloadAction[]).includes(action);
}

/** One file of a model that is published as several. */
export interface DownloadFile {
  /** Below the model's folder, with "/" between its parts. */
  readonly path: string;
  readonly address: string;
  /** Other places of the same file, tried in order after `address`. */
  readonly alternatives?: readonly string[];
  readonly bytes: number;
  /** Lower-case hex. */
  readonly sha256?: string;
  /** Git's name of the content (a SHA-1), which repositories tell of files outside large file storage. */
  readonly gitHash?: string;
}

export interface DownloadRequest {
  /**
   * A web address, an AIR name (`urn:air:...`) or a Hugging Face repository (`owner/name`); with `files`, the address they were
   * listed at.
   */
  readonly address: string;
  /** The model is all of these; they arrive as one download and become one model. `fileName` is then its folder's name. */
  readonly files?: readonly DownloadFile[];
  /** Other places of the same file, tried in order after `address`. */
  readonly alternatives?: readonly string[];
  readonly bytes?: number;
  /** Lower-case hex. With it a file from anywhere is proven to be the right one. */
  readonly sha256?: string;
  readonly fileName?: string;
  /** `fileName` is to be its name whatever the host calls it. */
  readonly named?: true;
  /** What to show; the file name when absent. */
  readonly title?: string;
  readonly type?: ModelType;
}

/** One entry of the queue. Addresses never hold tokens. */
export interface Download {
  readonly id: string;
  readonly title: string;
  /** Absent until the host or the address told it. */
  readonly fileName?: string;
  readonly address: string;
  readonly source: SourceId;
  readonly state: DownloadState;
  readonly bytesDone: number;
  readonly bytesTotal?: number;
  /** Of a model that is published as several files: how many. Its bytes are those of all of them. */
  readonly fileCount?: number;
  readonly sha256?: string;
  readonly type?: ModelType;
  readonly addedAt: number;
  /** For "waiting": milliseconds since the epoch. */
  readonly retryAt?: number;
  /** For "waiting", "failed", "quarantined" and "needs-file": why. */
  readonly error?: SerializedError;
  /** For "needs-file" and "failed": the page or file to open in a tab. */
  readonly pageUrl?: string;
  /** For "done": the record in the library. */
  readonly modelId?: string;
}

export interface DownloadProgress {
  readonly id: string;
  readonly bytesDone: number;
  /** Absent when the host does not tell; so are percent and secondsLeft. */
  readonly bytesTotal?: number;
  /** 0 to 100. */
  readonly percent?: number;
  /** Smoothed. 0 while the disk is read again. */
  readonly bytesPerSecond: number;
  readonly secondsLeft?: number;
}

export type DownloadEvent =
  /** An entry is new or changed, or entries moved: `order` lists all ids. */
  | { readonly type: "changed"; readonly download: Download; readonly order: readonly string[] }
  /** Two to ten times a second while bytes move. */
  | { readonly type: "progress"; readonly progress: DownloadProgress }
  | { readonly type: "removed"; readonly id: string };

/** One file behind an address. */
export interface SourceFile {
  /** Address of exactly this file, for `DownloadRequest.address`. */
  readonly address: string;
  readonly fileName: string;
  readonly bytes?: number;
  readonly sha256?: string;
  readonly type?: ModelType;
  /** The one that the host's own page would download. */
  readonly primary: boolean;
}

/** A model behind an address that is published as several files, in one of the forms in which it is offered. */
export interface SourceFolder {
  /** Where the files were listed, for `DownloadRequest.address`. */
  readonly address: string;
  readonly name: string;
  /** What tells this form from the others: "fp16". Empty for the one without a name. */
  readonly variant: string;
  /** What the model consists of, and nothing else of the folder. */
  readonly files: readonly DownloadFile[];
  /** The form to offer first. At most one of an address, and then no single file is. */
  readonly primary: boolean;
}

/** What an address names. */
export interface AddressContents {
  readonly source: SourceId;
  readonly title: string;
  readonly pageUrl: string;
  /** As the host names it. */
  readonly license?: string;
  /** In the host's order. Empty when the host only allows downloads by its own page. */
  readonly files: readonly SourceFile[];
  readonly folders?: readonly SourceFolder[];
}

/** Where each host answers; tests and mirrors point elsewhere. Origins or URLs without a slash at the end. */
export interface SourceHosts {
  readonly civitai: string;
  readonly huggingface: string;
  readonly github: string;
  readonly githubRaw: string;
  readonly googleDrive: string;
  readonly ipfsGateway: string;
  /** Absent: none is set up. */
  readonly ownServer?: string;
}

export const DEFAULT_HOSTS: SourceHosts = {
  civitai: "https://civitai.com",
  huggingface: "https://huggingface.co",
  github: "https://github.com",
  githubRaw: "https://raw.githubusercontent.com",
  googleDrive: "https://www.googleapis.com",
  ipfsGateway: "https://ipfs.io",
};

export interface DownloadSettings {
  /** How many files arrive at once, 1 to 8. */
  readonly parallel: number;
  readonly hosts: SourceHosts;
  /** Which sources have a token. Tokens themselves never come back from the worker. */
  readonly tokens: Readonly<Partial<Record<SourceId, boolean>>>;
  /** The user's own OAuth client id for Google Drive; the page signs in with it and sets the token. */
  readonly googleClientId?: string;
}

/** Implemented by library/downloads/ in the library's worker, mirrored by client/ on the page. */
export interface Downloads {
  /** Asks the host what an address names. Rejects with InvalidRequest for text that names nothing. */
  inspect(address: string): Promise<AddressContents>;
  /**
   * Puts a model at the end of the queue. An address of several takes the primary file or folder; without one it rejects with
   * InvalidRequest and the caller offers the choice from `inspect`. What is already queued or stored gives its entry.
   */
  add(request: DownloadRequest): Promise<Download>;
  /** In the order in which they are worked on. */
  list(): Promise<readonly Download[]>;
  pause(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  /** Removes the entry and what it stored; of a finished download only the entry. */
  cancel(id: string): Promise<void>;
  retry(id: string): Promise<void>;
  /** Moves an entry to `position` of `list()`. */
  move(id: string, position: number): Promise<void>;
  /** The user's own copy takes the place of a download that the host does not allow. Checked like any other. */
  provideFile(id: string, file: File): Promise<void>;
  settings(): Promise<DownloadSettings>;
  configure(
    change: Partial<Pick<DownloadSettings, "parallel" | "hosts" | "googleClientId">>,
  ): Promise<DownloadSettings>;
  /** Kept on this device and sent to that source's host only. undefined forgets it. */
  setToken(source: SourceId, token: string | undefined): Promise<DownloadSettings>;
  /** One listener per client; the next one replaces it. Events of all tabs arrive. */
  subscribe(listener: (event: DownloadEvent) => void): Promise<void>;
}
