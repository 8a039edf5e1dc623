// Which source an address belongs to, how its bytes are asked for, and where its token goes. No network.

import { describe, expect, test } from "vitest";
import { locate } from "../../../../src/library/sources/sources.ts";
import { DEFAULT_HOSTS, type SourceHosts } from "../../../../src/protocol/downloads-api.ts";

const hosts: SourceHosts = { ...DEFAULT_HOSTS, ownServer: "https://nas.example/models" };
const CID = "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi";

test.each([
  [
    "https://civitai.com/models/123456?modelVersionId=789012",
    "civitai",
    "https://civitai.com/models/123456?modelVersionId=789012",
  ],
  ["https://www.civitai.com/models/123/some-slug", "civitai", "https://civitai.com/models/123"],
  ["https://civitai.red/models/5", "civitai", "https://civitai.com/models/5"],
  ["https://civitai.com/model-versions/7", "civitai", "https://civitai.com/model-versions/7"],
  [
    "https://civitai.com/api/download/models/7?token=secret&fileId=9&utm=x",
    "civitai",
    "https://civitai.com/api/download/models/7?fileId=9",
  ],
  ["urn:air:sd1:lora:civitai:2@1", "civitai", "https://civitai.com/models/2?modelVersionId=1"],
  [
    "runwayml/stable-diffusion-v1-5",
    "huggingface",
    "https://huggingface.co/runwayml/stable-diffusion-v1-5/tree/main",
  ],
  [
    "https://hf.co/a/b/blob/v1/unet/x y.safetensors",
    "huggingface",
    "https://huggingface.co/a/b/resolve/v1/unet/x%20y.safetensors",
  ],
  ["https://huggingface.co/a/b/tree/main/vae", "huggingface", "https://huggingface.co/a/b/tree/main/vae"],
  [
    "https://github.com/o/r/releases/download/v1/m.safetensors",
    "github",
    "https://github.com/o/r/releases/download/v1/m.safetensors",
  ],
  [
    "https://github.com/o/r/blob/main/w/m.pth",
    "github",
    "https://raw.githubusercontent.com/o/r/main/w/m.pth",
  ],
  [
    "https://drive.google.com/file/d/1AbCdEfGhIjKlMn/view?usp=sharing",
    "google-drive",
    "https://drive.google.com/file/d/1AbCdEfGhIjKlMn/view",
  ],
  [
    "https://drive.google.com/uc?export=download&id=1AbCdEfGhIjKlMn",
    "google-drive",
    "https://drive.google.com/file/d/1AbCdEfGhIjKlMn/view",
  ],
  [`ipfs://${CID}/a.safetensors`, "ipfs", `ipfs://${CID}/a.safetensors`],
  [`https://${CID}.ipfs.dweb.link/a.safetensors`, "ipfs", `ipfs://${CID}/a.safetensors`],
  [
    "https://nas.example/models/a.safetensors?access_token=x",
    "own-server",
    "https://nas.example/models/a.safetensors",
  ],
  ["https://nas.example/other/a.safetensors", "direct", "https://nas.example/other/a.safetensors"],
  ["https://host.example/f?sig=abc#part", "direct", "https://host.example/f?sig=abc"],
  ["http://localhost:8080/a.safetensors", "direct", "http://localhost:8080/a.safetensors"],
])("%s is %s: %s", (address, id, canonical) => {
  const located = locate(address, hosts);
  expect([located.source.id, located.address]).toEqual([id, canonical]);
});

test.each([
  "",
  "a picture of a cat",
  "http://host.example/a",
  "javascript:alert(1)",
  "file:///etc/passwd",
  "https://user:pass@host.example/a",
])("%j names nothing and says what would", (address) => {
  expect(() => locate(address, hosts)).toThrowError(
    expect.objectContaining({ name: "InvalidRequest" }) as Error,
  );
});

describe("the bytes of a file", () => {
  const ask = (address: string, token?: string) => {
    const { source, address: canonical } = locate(address, hosts);
    return source.fileRequest(canonical, { hosts, token });
  };

  test("of Civitai are asked for with the token in the address and without headers", () => {
    const request = ask("https://civitai.com/api/download/models/7?fileId=9", "s3cret");
    expect(request?.url).toBe("https://civitai.com/api/download/models/7?fileId=9&token=s3cret");
    expect(request).toMatchObject({ preflight: false });
    expect(request).not.toHaveProperty("headers");
    expect(request?.pageUrl).not.toContain("s3cret");
  });

  test("of Hugging Face, Google Drive and the own server, with the token in a header", () => {
    for (const address of [
      "https://huggingface.co/a/b/resolve/main/m.safetensors",
      "https://drive.google.com/file/d/1AbCdEfGhIjKlMn/view",
      "https://nas.example/models/a.safetensors",
    ]) {
      const request = ask(address, "s3cret");
      expect(request?.headers).toEqual({ Authorization: "Bearer s3cret" });
      expect(JSON.stringify([request?.url, request?.pageUrl])).not.toContain("s3cret");
    }
  });

  test("of any other server are asked for without a token", () => {
    expect(JSON.stringify(ask("https://host.example/a.safetensors", "s3cret"))).not.toContain("s3cret");
  });

  test("of a GitHub release cannot be read by a page, and the link to open is named", () => {
    const address = "https://github.com/o/r/releases/download/v1/m.safetensors";
    expect(ask(address)).toMatchObject({ readable: false, pageUrl: address });
  });

  test("of a page of several files are not known without asking", () => {
    expect(ask("https://civitai.com/models/5")).toBeUndefined();
    expect(ask("owner/name")).toBeUndefined();
  });
});
