// Files of the Hugging Face Hub: repositories, folders and files at a revision; sizes and hashes from its tree listing.

import type { SourceFile, SourceFolder, SourceHosts } from "../../protocol/downloads-api.ts";
import { MODEL_FILE } from "../../protocol/model-file-name.ts";
import { askHost, notUnderstood } from "./ask-host.ts";
import { folderModels, type FolderModel, type ListedFile } from "./folder-models.ts";
import type { Source, SourceContext } from "./source.ts";
import { encodePath, isBelow, parseWebAddress, pathParts } from "./web-address.ts";

const SITES = ["huggingface.co", "hf.co"];
const REPOSITORY = /^([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?$/;
// A listing has at most 1000 entries a page; a model repository of more than this many pages is none.
const MAX_PAGES = 20;
const LICENSE_TAG = "license:";
const MAX_LICENSE_LENGTH = 80;

interface HubName {
  readonly repository: string;
  readonly revision: string;
  readonly path: readonly string[];
  readonly isFile: boolean;
}

function parseName(address: string, hosts: SourceHosts): HubName | undefined {
  const plain = REPOSITORY.exec(address.trim());
  if (plain) return { repository: plain[1], revision: plain[2] ?? "main", path: [], isFile: false };
  const url = parseWebAddress(address);
  if (!url) return undefined;
  if (!SITES.includes(url.hostname) && !isBelow(url, hosts.huggingface)) return undefined;
  const [owner, name, kind, revision, ...path] = pathParts(url);
  if (name === undefined || ["datasets", "spaces", "api", "docs"].includes(owner)) return undefined;
  const repository = `${owner}/${name}`;
  if (kind === undefined) return { repository, revision: "main", path: [], isFile: false };
  if (!["tree", "blob", "resolve", "raw"].includes(kind) || revision === undefined) return undefined;
  return { repository, revision, path, isFile: kind !== "tree" && path.length > 0 };
}

function fileAddress(hosts: SourceHosts, { repository, revision, path }: HubName): string {
  return `${hosts.huggingface}/${repository}/resolve/${encodeURIComponent(revision)}/${encodePath(path)}`;
}

function pageAddress(hosts: SourceHosts, { repository, revision, path, isFile }: HubName): string {
  const kind = isFile ? "blob" : "tree";
  const tail = path.length > 0 ? `/${encodePath(path)}` : "";
  return `${hosts.huggingface}/${repository}/${kind}/${encodeURIComponent(revision)}${tail}`;
}

const authorization = (token: string | undefined): Readonly<Record<string, string>> | undefined =>
  token === undefined ? undefined : { Authorization: `Bearer ${token}` };

export const huggingFaceSource: Source = {
  id: "huggingface",
  label: "Hugging Face",
  tokenHint:
    "If the repository is private or asks you to accept its terms, do so on its page and add a Hugging Face access token in Kiln's settings.",

  canonical(address, hosts) {
    const name = parseName(address, hosts);
    if (!name) return undefined;
    return name.isFile ? fileAddress(hosts, name) : pageAddress(hosts, name);
  },

  async inspect(address, context) {
    const name = parseName(address, context.hosts);
    if (!name) throw notUnderstood(huggingFaceSource, address, "no repository");
    const asked = name.path.join("/");
    const inside = (path: string): boolean =>
      asked === "" || path === asked || (!name.isFile && path.startsWith(`${asked}/`));
    const [tree, facts] = await Promise.all([listTree(name, context), repositoryFacts(name, context)]);
    const listed = tree.filter(({ path }) => inside(path));
    const models = name.isFile ? [] : folderModels(listed);
    const isPart = (path: string): boolean =>
      models.some(({ root, files, alone }) =>
        alone
          ? files.some((file) => file.path === path)
          : path.startsWith(root) && path.includes("/", root.length),
      );
    const files = listed.filter(({ path }) => MODEL_FILE.test(path) && !isPart(path));
    // A repository's own file is its model; those in folders are the parts of one.
    const whole = files.filter(({ path }) => path.endsWith(".safetensors") && !path.includes("/"));
    const isPrimary = (entry: ListedFile): boolean =>
      models.length === 0 && (files.length === 1 || (whole.length === 1 && whole[0] === entry));
    const pinned = { ...name, revision: facts.commit ?? name.revision };
    return {
      source: "huggingface",
      title: name.repository,
      pageUrl: pageAddress(context.hosts, name),
      ...(facts.license !== undefined && { license: facts.license }),
      files: files.map((entry) => ({ ...fileOf(entry, name, context.hosts), primary: isPrimary(entry) })),
      ...(models.length > 0 && {
        folders: models.map((model, i) => folderOf(model, i === 0, name, pinned, context.hosts)),
      }),
    };
  },

  fileRequest(address, { hosts, token }) {
    const name = parseName(address, hosts);
    if (!name?.isFile) return undefined;
    const url = fileAddress(hosts, name);
    return {
      ...{ url, headers: authorization(token), pageUrl: pageAddress(hosts, name) },
      // The Hub itself answers preflights, but the storage host behind its redirect has failed to before.
      ...{ preflight: false, readable: true },
    };
  },
};

interface RepositoryFacts {
  /** What a branch stands for now, so that files that arrive later are of the same state of the repository. */
  readonly commit?: string;
  readonly license?: string;
}

/** Helps, but is no condition: without it the branch is used as it is, and no licence is shown. */
async function repositoryFacts(
  { repository, revision }: HubName,
  { hosts, token, signal }: SourceContext,
): Promise<RepositoryFacts> {
  const url = `${hosts.huggingface}/api/models/${repository}/revision/${encodeURIComponent(revision)}`;
  const question = { url, headers: authorization(token), signal };
  const answer = await askHost(huggingFaceSource, question).catch(() => undefined);
  if (typeof answer?.json !== "object" || answer.json === null) return {};
  const { sha, cardData, tags } = answer.json as Record<string, unknown>;
  const { license, license_name: name } = (cardData ?? {}) as Record<string, unknown>;
  const tagged = (Array.isArray(tags) ? (tags as unknown[]) : []).filter((tag) => typeof tag === "string");
  const tag = tagged.find((each) => each.startsWith(LICENSE_TAG))?.slice(LICENSE_TAG.length);
  const told = [name, license, tag].find(
    (each): each is string => typeof each === "string" && each !== "" && each !== "other",
  );
  return {
    ...(typeof sha === "string" && /^[0-9a-f]{40}$/.test(sha) && { commit: sha }),
    ...(told !== undefined && { license: told.slice(0, MAX_LICENSE_LENGTH) }),
  };
}

// The ETag of the file itself is not its hash: behind the redirect it names a storage chunk. Only the listing has it.
async function listTree(name: HubName, { hosts, token, signal }: SourceContext): Promise<ListedFile[]> {
  const entries: ListedFile[] = [];
  let url: string | undefined =
    `${hosts.huggingface}/api/models/${name.repository}/tree/${encodeURIComponent(name.revision)}?recursive=true`;
  for (let page = 0; url !== undefined && page < MAX_PAGES; page++) {
    const asked: string = url;
    const { json, headers } = await askHost(huggingFaceSource, {
      url: asked,
      headers: authorization(token),
      signal,
    });
    if (!Array.isArray(json)) throw notUnderstood(huggingFaceSource, asked, "no list");
    entries.push(...(json as unknown[]).flatMap(parseEntry));
    url = nextPage(headers.get("Link"), hosts);
  }
  return entries;
}

function parseEntry(value: unknown): ListedFile[] {
  if (typeof value !== "object" || value === null) return [];
  const { type, path, size, oid, lfs } = value as Record<string, unknown>;
  if (type !== "file" || typeof path !== "string") return [];
  const stored = (typeof lfs === "object" && lfs !== null ? lfs : {}) as Record<string, unknown>;
  const bytes = Number.isSafeInteger(stored.size) ? stored.size : size;
  // In large file storage the Git hash is that of a pointer, and the pointer's own is the content's SHA-256.
  const hash = typeof stored.oid === "string" ? stored.oid.replace(/^sha256:/, "") : "";
  const gitHash = stored.oid === undefined && typeof oid === "string" ? oid : "";
  return [
    {
      path,
      bytes: Number.isSafeInteger(bytes) ? (bytes as number) : 0,
      ...(/^[0-9a-f]{64}$/.test(hash) && { sha256: hash }),
      ...(/^[0-9a-f]{40}$/.test(gitHash) && { gitHash }),
    },
  ];
}

/** The token goes with every page, so a next page elsewhere is not followed. */
function nextPage(link: string | null, hosts: SourceHosts): string | undefined {
  const next = /<([^>]+)>;\s*rel="next"/.exec(link ?? "")?.[1];
  const url = next === undefined ? undefined : parseWebAddress(next);
  return url && isBelow(url, hosts.huggingface) ? url.href : undefined;
}

function fileOf(entry: ListedFile, name: HubName, hosts: SourceHosts): Omit<SourceFile, "primary"> {
  const path = entry.path.split("/");
  return {
    address: fileAddress(hosts, { ...name, path }),
    fileName: path.at(-1) ?? entry.path,
    // No model is empty: a listing without sizes says nothing about them.
    ...(entry.bytes > 0 && { bytes: entry.bytes }),
    ...(entry.sha256 !== undefined && { sha256: entry.sha256 }),
  };
}

function folderOf(
  { root, variant, files }: FolderModel,
  primary: boolean,
  name: HubName,
  pinned: HubName,
  hosts: SourceHosts,
): SourceFolder {
  const path = root.split("/").filter(Boolean);
  return {
    ...{ variant, primary },
    address: pageAddress(hosts, { ...name, path }),
    name: path.at(-1) ?? name.repository.split("/")[1],
    files: files.map(({ path: listedAt, ...facts }) => ({
      ...facts,
      path: listedAt.slice(root.length),
      address: fileAddress(hosts, { ...pinned, path: listedAt.split("/") }),
    })),
  };
}
