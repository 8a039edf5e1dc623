"""How much of a component's result float16 costs, with and without the parts that the app's float16 dialect keeps in float32.
Emulated on the processor: values and weights are rounded to float16 between operators, sums within one are float32, so a GPU that
also sums in float16 is at least this far off. A developer's tool.

    npm run bench:gpu -- --only weights --size small
    python tools/bench/float16_islands.py
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from torch import Tensor, nn

from networks import Component, components

# The app's islands (src/models/unet.ts), by diffusers' names.
UNET_ISLANDS = ("conv_in", "time_embedding", "class_embedding", "conv_norm_out", "conv_out")


def in_float16(network: nn.Module, islands: tuple[str, ...]) -> nn.Module:
    """Halves all but the islands, which cast on their way in and out."""
    network.half()
    for name in islands:
        island = getattr(network.module, name, None)
        if island is None:
            continue
        island.float()
        island.register_forward_pre_hook(lambda _, inputs: tuple(x if x is None else x.float() for x in inputs))
        island.register_forward_hook(lambda _, __, output: output.half())
    return network


@torch.inference_mode()
def relative_error(part: Component, islands: tuple[str, ...]) -> float:
    inputs = list(part.inputs.values())
    expected = part.load().eval()(*inputs)[0]
    network = in_float16(part.load().eval(), islands)
    # InFloat32 casts its inputs to the dtype of the first parameter, which may be an island's.
    half = [x.half() if x.is_floating_point() else x for x in inputs]
    got: Tensor = network.network(network.module, *half)[0].float()
    return float((got - expected).norm() / expected.norm())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path(".cache/benchmark"))
    parser.add_argument("--size", choices=("full", "small"), default="small")
    parser.add_argument("--models", default="sd-1.5,sd-2.1-base,sdxl")
    arguments = parser.parse_args()
    print("| model | component | all float16 | with the islands | islands |\n| --- | --- | --- | --- | --- |", flush=True)
    for model in arguments.models.split(","):
        for part in components(model, arguments.size, arguments.weights):
            everything = relative_error(part, ())
            islands = UNET_ISLANDS if part.component == "unet" else ()
            kept = f"{relative_error(part, islands):.2e}" if islands else "–"
            whole = part.component.startswith("vae")
            named = "all of it" if whole else ", ".join(islands) or "none"
            print(f"| {model} | {part.component} | {everything:.2e} | {'0' if whole else kept} | {named} |", flush=True)


if __name__ == "__main__":
    main()
