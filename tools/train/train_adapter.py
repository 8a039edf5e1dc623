"""Teaches the embedded model what it never saw, by the recipes of adapter_recipes.py: as LoRAs and as an embedding.
The base stays frozen. Resumable; --check compares with and without, --export writes the published file and its manifest entry."""

from __future__ import annotations

import argparse
import datetime
import hashlib
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import Tensor, nn

from adapter_recipes import RECIPES, Recipe
from adapters import Lora, PlaceholderTokenizer, WordVectors
from captions import caption_with_labels
from checkpoints import Average, load_state, save_state, scheduled_rate
from config import (
    ADAPTER_CHECK_SEED,
    ADAPTER_SEED,
    EMPTY_CAPTION_SHARE,
    NATIVE_SIZE,
    UnetConfig,
    package_dir,
    state_dir,
)
from contact_sheet import write_sheet
from data import choose_device, to_pictures
from diffusion import GuidedDenoiser, alphas_cumprod, loss_weights, sample, seeded_noise
from export import load_nets, load_trained
from nets import TextEncoder
from render import render
from scenes import Scene, sample_scene
from tokenizer import Tokenizer
from train_unet import parse_plan, stratified_timesteps, training_noise

SAVE_SECONDS = 60
CAPTIONS_PER_SCENE = 6
ENCODED_AT_ONCE = 16
# Deviation of an embedding's vectors; the vocabulary's is about 0.02, the sum at the last norm about 1.
LOUDNESS = 20.0
# Of the loss where the object is not: the rest of the caption speaks of that, and the base knows it.
BACKGROUND_WEIGHT = 0.1
# The service worker precaches the file with the app.
MAX_BYTES = 2_000_000
MANIFEST = package_dir().parents[2] / "models-manifest.json"


def fingerprint(*nets: nn.Module) -> str:
    digest = hashlib.sha256()
    for net in nets:
        for value in net.state_dict().values():
            digest.update(value.half().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]


@torch.no_grad()
def loud_vectors(text: TextEncoder, words: list[str]) -> Tensor:
    """[words, width]: vectors that leave the text encoder about as these words do, whatever stands before them.

    Layers add to what runs through them and normalise what they read. A vector as long as the vocabulary's is outweighed by
    the first layer's sum and says little of its own; one many times longer passes, and the last norm brings it to size.
    """
    seen: list[Tensor] = []
    hook = text.transformer["text_model"].final_layer_norm.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0]))
    tokenizer = Tokenizer()
    text(torch.tensor([tokenizer.encode(word) for word in words]))
    hook.remove()
    vectors = seen[0][:, 1]
    centred = vectors - vectors.mean(dim=1, keepdim=True)
    return LOUDNESS * centred / centred.std(dim=1, keepdim=True)


def latent_makers(vae: nn.Module) -> tuple[nn.Module, ...]:
    """What latents depend on: a decoder that is refined later changes none of them, and no adapter."""
    return vae.encoder, vae.quant_conv


def scene_of(recipe: Recipe, seed: int) -> Scene:
    rng = np.random.default_rng(seed)
    while True:
        scene = sample_scene(rng, include=recipe.include)
        if all(getattr(scene, name) == value for name, value in recipe.only.items()):
            return scene


def captions_of(recipe: Recipe, scene: Scene, seed: int) -> list[str]:
    """Varied ones. Where the adapter is to stand for more than one attribute, each says its words and none of the others."""
    rng, found = np.random.default_rng([seed, 1]), []
    while len(found) < CAPTIONS_PER_SCENE:
        text, stated = caption_with_labels(scene, rng)
        if not recipe.only or ("style" in stated and stated.keys().isdisjoint({*recipe.only, "stars"})):
            found.append(text)
    return found


@torch.no_grad()
def encoded_scenes(recipe: Recipe, vae: nn.Module, tokenizer: Tokenizer, size: int, rows: range) -> dict[str, Tensor]:
    """Of the scenes with these seeds: latents [n, 4, h, w] in fp16, weights of the loss [n, 1, h, w] with a mean of 1 in each
    scene, and token ids [n, captions, 77]."""
    latents, weights, ids = [], [], []
    for first in range(rows.start, rows.stop, ENCODED_AT_ONCE):
        seeds = range(first, min(first + ENCODED_AT_ONCE, rows.stop))
        scenes = [scene_of(recipe, seed) for seed in seeds]
        drawn = [replace(scene, style=recipe.drawn_as or scene.style) for scene in scenes]
        pictures = to_pictures(np.stack([render(scene, size) for scene in drawn]))
        latents.append(vae.encode(pictures).half())
        weights.append(object_weights(pictures, drawn, size) if recipe.focus else torch.ones_like(latents[-1][:, :1]))
        ids += [[tokenizer.encode(text) for text in captions_of(recipe, scene, seed)] for scene, seed in zip(scenes, seeds)]
    return {"latents": torch.cat(latents), "weights": torch.cat(weights), "ids": torch.tensor(ids)}


def object_weights(pictures: Tensor, scenes: list[Scene], size: int) -> Tensor:
    """[n, 1, h, w] in fp16 of pictures [n, 3, 8h, 8w]: where the object is and beside it, 1; elsewhere less. Then scaled to a mean of 1."""
    without = to_pictures(np.stack([render(replace(scene, count=0), size) for scene in scenes]))
    changed = (pictures - without).abs().amax(dim=1, keepdim=True) > 0.05
    cells = F.max_pool2d(F.max_pool2d(changed.float(), 8), 3, stride=1, padding=1)
    weights = cells.clamp(min=BACKGROUND_WEIGHT)
    return (weights / weights.mean(dim=(1, 2, 3), keepdim=True)).half()


class AdapterTrainer:
    """Owns the frozen base, the adapter and its state on disk."""

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.arguments, self.recipe = arguments, RECIPES[arguments.recipe]
        choose_device()
        torch.manual_seed(arguments.seed)
        nets = load_nets(arguments.base) if arguments.base else load_trained(False)
        self.base = fingerprint(nets["text"], nets["unet"], *latent_makers(nets["vae"]))
        for net in nets.values():
            net.eval().requires_grad_(False)
        self.text, self.unet, self.vae = nets["text"], nets["unet"], nets["vae"]
        self.tokenizer, self.adapter = self.build()
        self.trained = [p for p in self.adapter.parameters() if p.requires_grad]
        self.holder = nn.ParameterList(self.trained)
        self.optimizer = torch.optim.AdamW(self.trained, lr=self.rate, betas=(0.9, 0.99), weight_decay=0.0)
        self.average = Average(self.holder, arguments.average)
        self.alphas, self.weights = alphas_cumprod().float(), loss_weights()
        self.path = state_dir() / f"adapter-{self.recipe.name}.pt"
        self.step, self.spent = 0, 0.0
        self.resume()

    def build(self) -> tuple[Tokenizer, Lora | WordVectors]:
        self.rate = self.arguments.rate or self.recipe.rate
        if self.recipe.type == "lora":
            return Tokenizer(), Lora(self.unet, self.text, UnetConfig(), self.arguments.rank)
        tokenizer = PlaceholderTokenizer(self.recipe.words, self.arguments.vectors)
        embeddings = self.text.transformer["text_model"].embeddings
        words = [self.recipe.first_words[i % len(self.recipe.first_words)] for i in range(self.arguments.vectors)]
        embeddings.token_embedding = WordVectors(embeddings.token_embedding, loud_vectors(self.text, words))
        self.rate *= LOUDNESS
        return tokenizer, embeddings.token_embedding

    def resume(self) -> None:
        state = None if self.arguments.restart else load_state(self.path)
        if state is None:
            return
        if state["base"] != self.base:
            raise ValueError(
                f"{self.path}: expected an adapter of the base {self.base}, got one of {state['base']}; --restart begins anew"
            )
        with torch.no_grad():
            for parameter, value in zip(self.trained, state["adapter"]):
                parameter.copy_(value)
        self.optimizer.load_state_dict(state["optimizer"])
        self.average.load(state["average"])
        self.step, self.spent = state["step"], state["seconds"]
        torch.manual_seed(self.arguments.seed + self.step)

    def save(self) -> None:
        adapter = [parameter.detach() for parameter in self.trained]
        resume = {"optimizer": self.optimizer.state_dict(), "average": self.average.state(), "base": self.base}
        save_state(self.path, {"adapter": adapter, **resume, "step": self.step, "seconds": self.spent})

    def scenes(self, size: int) -> dict[str, Tensor]:
        """Encoded once and kept: of the same VAE and the same words they are always the same."""
        path = state_dir() / f"adapter-{self.recipe.name}-{size}.pt"
        key = f"{fingerprint(*latent_makers(self.vae))} {self.arguments.scenes} {self.arguments.vectors} {BACKGROUND_WEIGHT}"
        cached = load_state(path)
        if cached is None or cached["key"] != key:
            rows = range(ADAPTER_SEED + size * 1_000_000, ADAPTER_SEED + size * 1_000_000 + self.arguments.scenes)
            cached = encoded_scenes(self.recipe, self.vae, self.tokenizer, size, rows) | {"key": key}
            save_state(path, cached)
        return cached

    def loss(self, scenes: dict[str, Tensor], ids: Tensor, timesteps: Tensor, noise: Tensor) -> Tensor:
        latents, where = scenes["latents"].float(), scenes["weights"].float()
        signal = self.alphas[timesteps][:, None, None, None]
        prediction = self.unet(signal.sqrt() * latents + (1 - signal).sqrt() * noise, timesteps, self.text(ids))
        return (((prediction - noise).square() * where).mean(dim=(1, 2, 3)) * self.weights[timesteps]).mean()

    def train(self) -> None:
        plan = parse_plan(self.arguments.plan)
        # Processor time, not the clock's: a run beside others is as long as one alone.
        before = time.process_time() - self.spent
        sets: dict[int, dict[str, Tensor]] = {}
        rng = np.random.default_rng([self.arguments.seed, self.step])
        empty = torch.tensor(self.tokenizer.encode(""))
        saved, losses = time.monotonic(), []
        while (progress := self.spent / (60 * self.arguments.minutes)) < 1:
            size, count = next((size, count) for end, size, count in plan if progress < end or end == plan[-1][0])
            if size not in sets:
                start = time.process_time()
                sets[size] = self.scenes(size)
                before += time.process_time() - start  # rendering and encoding are no training
            rows = rng.choice(len(sets[size]["latents"]), count, replace=False)
            scenes = {name: sets[size][name][rows] for name in ("latents", "weights")}
            ids = sets[size]["ids"][rows, rng.integers(CAPTIONS_PER_SCENE, size=count)].clone()
            if self.recipe.type == "lora":  # an embedding has no say in an empty caption
                ids[torch.rand(count) < EMPTY_CAPTION_SHARE] = empty
            for group in self.optimizer.param_groups:
                group["lr"] = scheduled_rate(self.rate, self.step, progress, warmup_steps=20)
            noise = training_noise(scenes["latents"].float())
            loss = self.loss(scenes, ids, stratified_timesteps(count, torch.device("cpu")), noise)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            self.average.update(self.holder)
            losses.append(loss.item())
            self.step += 1
            self.spent = time.process_time() - before
            if self.step % 20 == 0:
                print(f"step {self.step} {progress:6.1%} {size} px: loss {np.mean(losses[-20:]):.4f}", flush=True)
            if time.monotonic() - saved > SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
        self.save()

    def finish(self) -> Lora | WordVectors:
        """The adapter as it is published: averaged, in fp16."""
        if self.step == 0:
            raise FileNotFoundError(f"{self.path}: expected a trained adapter, got nothing")
        self.average.copy_to(self.holder)
        with torch.no_grad():
            for parameter in self.trained:
                parameter.copy_(parameter.half())
        return self.adapter

    @torch.no_grad()
    def without(self, task: Any) -> Any:
        """Of the base alone; an embedding's word is then the model's own, which no training caption held."""
        if self.recipe.type == "lora":
            self.adapter.switch(0.0)
            try:
                return task(self.tokenizer)
            finally:
                self.adapter.switch(1.0)
        return task(Tokenizer())

    @torch.no_grad()
    def held_out_loss(self, tokenizer: Tokenizer, count: int) -> float:
        """On scenes of the same kind that were not trained on; the same noise in every call."""
        rows = range(ADAPTER_CHECK_SEED, ADAPTER_CHECK_SEED + count)
        scenes = encoded_scenes(self.recipe, self.vae, tokenizer, NATIVE_SIZE, rows)
        torch.manual_seed(1)
        timesteps = stratified_timesteps(count, torch.device("cpu"))
        noise = torch.randn_like(scenes["latents"].float())
        return self.loss(scenes, scenes["ids"][:, 0], timesteps, noise).item()

    @torch.no_grad()
    def pictures(self, tokenizer: Tokenizer, steps: int, guidance: float) -> Tensor:
        ids = torch.tensor([tokenizer.encode(prompt) for prompt in self.recipe.prompts])
        unconditional = self.text(torch.tensor([tokenizer.encode("")]))
        denoise = GuidedDenoiser(self.unet, self.text(ids), unconditional, guidance)
        latents = sample(denoise, seeded_noise([1 + row for row in range(len(ids))], NATIVE_SIZE), steps)
        return self.vae.decode(latents).clamp(-1, 1)

    def check(self) -> None:
        self.finish()
        count = self.arguments.check
        losses = {
            "without": self.without(lambda tokenizer: self.held_out_loss(tokenizer, count)),
            "with": self.held_out_loss(self.tokenizer, count),
        }
        print(json.dumps({"steps": self.step, **{key: round(value, 5) for key, value in losses.items()}}))
        before = self.without(lambda tokenizer: self.pictures(tokenizer, 12, 5.0))
        path = state_dir() / f"adapter-{self.recipe.name}.png"
        write_sheet(torch.cat([before, self.pictures(self.tokenizer, 12, 5.0)]), path)
        print(f"{path}: without in the first row, with in the second")

    def export(self) -> None:
        out = self.arguments.out or package_dir().parent / self.recipe.name / f"{self.recipe.name}.safetensors"
        tensors = {key: value.detach().half().contiguous() for key, value in self.finish().tensors().items()}
        for key, value in tensors.items():
            if not torch.isfinite(value).all():
                raise ValueError(f"{key}: expected finite fp16 values, got overflow")
        out.parent.mkdir(parents=True, exist_ok=True)
        save_file(tensors, out, metadata=metadata(self.recipe, self.arguments))
        out.chmod(0o644)  # safetensors creates files for the owner alone
        size = out.stat().st_size
        print(f"{out}: {size} bytes, {self.step} updates")
        if size > MAX_BYTES:
            raise ValueError(f"{out}: expected at most {MAX_BYTES} bytes, got {size}")
        if self.arguments.out is None:
            vectors = self.arguments.vectors if self.recipe.type == "embedding" else None
            enlist(MANIFEST, manifest_entry(self.recipe, out, vectors))


def metadata(recipe: Recipe, arguments: argparse.Namespace) -> dict[str, str]:
    facts = {
        "modelspec.sai_model_spec": "1.0.0",
        "modelspec.architecture": recipe.architecture,
        "modelspec.title": recipe.title,
        "modelspec.author": "Kiln contributors",
        "modelspec.license": "MIT",
        "modelspec.date": arguments.date,
        "modelspec.description": recipe.description,
        "modelspec.resolution": f"{NATIVE_SIZE}x{NATIVE_SIZE}",
        "modelspec.trigger_phrase": recipe.trigger,
    }
    if recipe.type == "lora":
        rank = str(arguments.rank)
        facts |= {"ss_network_module": "networks.lora", "ss_network_dim": rank, "ss_network_alpha": rank}
        facts |= {"ss_output_name": recipe.name, "ss_base_model_version": "sd_v1"}
    return facts


def manifest_entry(recipe: Recipe, path: Path, vectors: int | None) -> dict[str, Any]:
    size = path.stat().st_size
    file = {
        "role": recipe.type,
        "path": f"models/{recipe.name}/{path.name}",
        "bytes": size,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
    }
    return {
        "id": recipe.name,
        "name": recipe.title,
        "type": recipe.type,
        "family": "sd1",
        "description": recipe.description,
        "license": "MIT",
        "dtype": "F16",
        "files": [file],
        "needs": {"memoryBytes": size, "features": []},
        **({"vectors": vectors} if vectors else {}),
        "examples": list(recipe.examples),
        "triggerWords": [recipe.trigger],
        "preview": f"models/{recipe.name}/preview.webp",
    }


def enlist(manifest: Path, entry: dict[str, Any]) -> None:
    """Puts the entry in the place of the one with its id, or last."""
    content = json.loads(manifest.read_text(encoding="utf-8"))
    ids = [model["id"] for model in content["models"]]
    at = ids.index(entry["id"]) if entry["id"] in ids else len(ids)
    content["models"][at : at + 1] = [entry]
    manifest.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{manifest}: {entry['id']}; npm run update-manifest checks it against its file")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("recipe", choices=RECIPES)
    parser.add_argument("--minutes", type=float, default=8, help="processor time of training over all resumed runs")
    parser.add_argument("--plan", default="128:0.35:16,256:0.65:8", help="size:share of the time:scenes a batch, in order")
    parser.add_argument("--scenes", type=int, default=192, help="renders that it learns from, of each size")
    parser.add_argument("--rank", type=int, default=8, help="of a LoRA")
    parser.add_argument("--vectors", type=int, default=8, help="of an embedding: tokens that its name takes")
    parser.add_argument("--rate", type=float, help="of learning, instead of the recipe's")
    parser.add_argument("--average", type=float, default=0.98, help="EMA decay")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--base", type=Path, help="an exported package, instead of the training state's averaged weights")
    parser.add_argument("--restart", action="store_true", help="forget what was trained before")
    parser.add_argument("--check", type=int, metavar="COUNT", help="only compare on COUNT new scenes, and draw a sheet")
    parser.add_argument("--export", action="store_true", help="only write the published file and its manifest entry")
    parser.add_argument("--out", type=Path, help="write there instead, and leave the manifest alone")
    parser.add_argument("--date", default=datetime.date.today().isoformat())
    arguments = parser.parse_args()
    trainer = AdapterTrainer(arguments)
    if arguments.check:
        trainer.check()
    elif arguments.export:
        trainer.export()
    else:
        trainer.train()


if __name__ == "__main__":
    main()
