"""What float16 costs, and which islands must stay float32: of each component's result, of a whole run's picture, and how near the
largest values come to float16's largest. Emulated on the processor (rounding.py). A developer's tool.

    npm run bench:gpu -- --only weights --size small
    python tools/bench/float16_islands.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from networks import KILN, components
from rounding import LOGITS, rounding
from runs import SAMPLERS, Networks, draw, load_networks, psnr, relative_error

FLOAT16_LARGEST = 65504
# The app's islands (src/models/unet.ts), by diffusers' names; and its VAE, all of it.
UNET_ISLANDS = ("conv_in", "time_proj", "time_embedding", "class_embedding", "conv_norm_out", "conv_out")
VAE = "vae"
ISLANDS = (*UNET_ISLANDS, VAE)
# Of a UNet: what is measured by itself, in the words of the dialect table.
CANDIDATES = {
    "first convolution": ("conv_in",),
    "time embedding": ("time_proj", "time_embedding", "class_embedding"),
    "last norm and convolution": ("conv_norm_out", "conv_out"),
    "attention logits": (LOGITS,),
}
SEEDS = (42, 43, 44)
MODELS = (KILN, "sd-1.5", "sd-2.1-base", "sdxl")
RUNS = ((KILN, "full"), ("sd-1.5", "small"))  # Kiln Small has one size


def unet_parts(unet: nn.Module) -> dict[str, nn.Module]:
    found = {name: getattr(unet, name, None) for name in UNET_ISLANDS}
    return {name: module for name, module in found.items() if module is not None}


def parts_of(name: str, wrapped: nn.Module) -> dict[str, nn.Module]:
    """Of a component or a run: the network, and within a UNet its named parts. InFloat32 holds the module, whose methods VAEs run."""
    return {name: wrapped, **(unet_parts(wrapped.module) if name == "unet" else {})}


def part_name(component: str) -> str:
    return VAE if component.startswith("vae") else "text encoder" if component.startswith("text") else component


@torch.inference_mode()
def component_table(models: list[str], size: str, weights: Path) -> None:
    print("| model | component | all float16 | with the islands | largest value | largest logit |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    for model in models:
        for component in components(model, size, weights):
            network, inputs = component.load().eval(), list(component.inputs.values())
            name = part_name(component.component)
            parts = parts_of(name, network)
            with rounding(None, parts) as exact:
                expected = network(*inputs)[0]
            errors = []
            for islands in ((), ISLANDS):
                with rounding(islands, parts):
                    errors.append(relative_error(network(*inputs)[0], expected))
            logit = exact.largest.pop(LOGITS, 0)
            figures = (f"{errors[0]:.2e}", f"{errors[1]:.2e}" if errors[1] else "0", f"{max(exact.largest.values()):.0f}", f"{logit:.1f}")
            print("|", " | ".join((model, component.component, *figures)), "|", flush=True)


def run_parts(networks: Networks) -> dict[str, nn.Module]:
    named = {"text encoder": networks.text, VAE: networks.decoder}
    return {**named, **parts_of("unet", networks.unet)}


@torch.inference_mode()
def island_table(name: str, size: str, weights: Path) -> None:
    """Of the UNet's predictions in a whole run, each of the run's exact inputs: a run's own errors would hide a single island's."""
    networks = load_networks(name, size, weights)
    calls: list[tuple[Tensor, ...]] = []
    handle = networks.unet.register_forward_pre_hook(lambda _, inputs: calls.append(inputs))
    draw(name, size, networks, "DPM++ 2M")
    handle.remove()
    parts = parts_of("unet", networks.unet)
    with rounding(None, parts) as exact:
        expected = [networks.unet(*inputs)[0] for inputs in calls]
    ways = {"none (all float16)": (), "the app's": ISLANDS}
    for what, islands in CANDIDATES.items():
        alone = set(islands) <= set(ISLANDS)
        ways[f"the app's {'without' if alone else 'and'} the {what}"] = tuple(set(ISLANDS) ^ set(islands))
    print(f"\n{name}, {len(calls)} predictions of a run\n\n| islands | mean error | largest |\n| --- | --- | --- |", flush=True)
    for what, islands in ways.items():
        with rounding(islands, parts):
            errors = [relative_error(networks.unet(*inputs)[0], one) for inputs, one in zip(calls, expected, strict=True)]
        print(f"| {what} | {sum(errors) / len(errors):.2e} | {max(errors):.2e} |", flush=True)
    print("\n| part | largest value | of float16's largest |\n| --- | --- | --- |")
    for part, value in exact.largest.items():
        print(f"| {part} | {value:.1f} | {value / FLOAT16_LARGEST:.2%} |", flush=True)


@torch.inference_mode()
def run_table(name: str, size: str, weights: Path) -> None:
    networks = load_networks(name, size, weights)
    parts = run_parts(networks)
    print(f"\n{name}\n\n| sampler | islands | conditioning | latents | picture, dB, per seed |\n| --- | --- | --- | --- | --- |")
    for sampler in SAMPLERS:
        expected = [draw(name, size, networks, sampler, seed=seed) for seed in SEEDS]
        for what, islands in {"none": (), "the app's": ISLANDS}.items():
            drawn = []
            for seed in SEEDS:
                with rounding(islands, parts):
                    drawn.append(draw(name, size, networks, sampler, seed=seed))
            pairs = list(zip(drawn, expected, strict=True))
            text = relative_error(drawn[0].conditioning, expected[0].conditioning)
            latents = max(relative_error(got.latents, one.latents) for got, one in pairs)
            decibels = ", ".join(f"{psnr(got.image, one.image):.1f}" for got, one in pairs)
            print(f"| {sampler} | {what} | {text:.2e} | {latents:.2e} | {decibels} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path(".cache/benchmark"))
    parser.add_argument("--size", choices=("full", "small"), default="small")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--what", default="components,islands,runs", help="of components, islands, runs")
    arguments = parser.parse_args()
    models = arguments.models.split(",")
    if "components" in arguments.what:
        component_table(models, arguments.size, arguments.weights)
    for name, size in RUNS:
        if name in models and "islands" in arguments.what:
            island_table(name, size, arguments.weights)
        if name in models and "runs" in arguments.what:
            run_table(name, size, arguments.weights)


if __name__ == "__main__":
    main()
