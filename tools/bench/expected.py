"""Writes what PyTorch gives in float32: for each component its inputs and outputs, for each model that a whole run is drawn with the
run's conditioning, latents and picture. `npm run bench:gpu -- --expected FOLDER` compares the app's results on a device with them.
Computes on a GPU where there is one and it fits, without TensorFloat-32. A developer's tool.

    npm run bench:gpu -- --only weights
    python tools/bench/expected.py --out .cache/expected
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from networks import KILN, MODELS, Component, components
from runs import STEPS, draw, load_networks

RUNS = {KILN: "DPM++ 2M", "sd-1.5": "DPM++ 2M"}


def write(path: Path, tensors: dict[str, Tensor]) -> None:
    save_file({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, str(path))
    print(path, flush=True)


@torch.inference_mode()
def component_values(part: Component, device: str) -> dict[str, Tensor]:
    network = part.load().to(device).eval()
    outputs = network(*(value.to(device) for value in part.inputs.values()))
    return {
        **{f"input.{name}": value for name, value in part.inputs.items()},
        **{f"output.{name}": value for name, value in zip(part.outputs, outputs, strict=True)},
    }


def run_values(name: str, size: str, weights: Path, sampler: str, steps: int, device: str) -> dict[str, Tensor]:
    networks = load_networks(name, size, weights)
    for network in (networks.text, networks.unet, networks.decoder):
        network.to(device)
    drawn = draw(name, size, networks, sampler, steps, device)
    return {"conditioning": drawn.conditioning, "latents": drawn.latents, "image": drawn.image}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path(".cache/benchmark"))
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False
    arguments.out.mkdir(parents=True, exist_ok=True)
    models = arguments.models.split(",")

    def attempted(what: str, values: Callable[[], dict[str, Tensor]], path: Path) -> None:
        try:
            write(path, values())
        except Exception as error:  # one that this machine cannot hold must not cost the others their rows
            print(f"{what}: {type(error).__name__}: {error}"[:300], flush=True)
        if arguments.device == "cuda":
            torch.cuda.empty_cache()

    for model in models:
        for part in components(model, arguments.size, arguments.weights):
            name = f"{model}__{part.component.replace(' ', '-')}.safetensors"
            attempted(name, lambda part=part: component_values(part, arguments.device), arguments.out / name)
    for model, sampler in RUNS.items():
        if model == KILN or model in models:
            steps, device = arguments.steps, arguments.device
            attempted(
                model,
                lambda model=model, sampler=sampler: run_values(
                    model, arguments.size, arguments.weights, sampler, steps, device),
                arguments.out / f"{model}.run.safetensors",
            )


if __name__ == "__main__":
    main()
