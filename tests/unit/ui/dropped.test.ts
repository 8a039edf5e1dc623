// What a drop is taken for, by name, type and content. Pictures with a recipe are covered by the browser tests too.

import { expect, test } from "vitest";
import { findDropped } from "../../../src/ui/dropped.ts";

const drop = async (file: File) => (await findDropped({ files: [file], text: "" }, []))[0];

test("a .safetensors file is a model, whatever the browser calls its type", async () => {
  const file = new File(["x"], "Model.SafeTensors");
  expect(await drop(file)).toEqual({ kind: "model", file });
});

test("text is a prompt, and an infotext is a recipe", async () => {
  expect(await findDropped({ files: [], text: "a boat" }, [])).toEqual([{ kind: "prompt", text: "a boat" }]);
  const infotext = "a boat\nSteps: 20, Sampler: Euler, Seed: 5";
  const [recipe] = await findDropped({ files: [], text: infotext }, []);
  expect(recipe).toMatchObject({
    kind: "recipe",
    restorable: { fields: { prompt: "a boat", steps: 20, seed: 5 } },
  });
  const file = new File([infotext], "recipe.txt", { type: "text/plain" });
  expect((await drop(file)).kind).toBe("recipe");
});

test("a damaged picture and an unknown file are named in a sentence", async () => {
  const png = new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10, 0, 0, 255, 255, 73, 72, 68, 82]);
  expect(await drop(new File([png], "cut.png", { type: "image/png" }))).toMatchObject({
    kind: "nothing",
    error: { name: "FileFormat" },
  });
  expect(await drop(new File(["x"], "song.mp3", { type: "audio/mpeg" }))).toMatchObject({
    kind: "nothing",
    error: {
      name: "FileFormat",
      message: "song.mp3 is nothing that can be used here.",
      details: { where: "song.mp3", got: "audio/mpeg" },
    },
  });
});
