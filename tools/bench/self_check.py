"""Checks the side-by-side benchmark at small size on the processor: every network loads the file that the app loads, a plain export
names its inputs and outputs as the app's graphs do and gives what PyTorch gives, and reports have what the app reads. Needs no GPU
and no ONNX Runtime (exports run in onnx's reference evaluator). A developer's tool, as the rest of this folder.

    npm run bench:gpu -- --only weights --size small
    python tools/bench/self_check.py [--models sd-1.5]
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx.reference import ReferenceEvaluator

from networks import Component, components
from side_by_side import ROW, Machine, bandwidth, export, floor_row, matmul_rate, pytorch_row

TOLERANCE = 1e-3
REFUSED = "rrdbnet-x4"  # spandrel has no such small network


def same(got: np.ndarray, expected: np.ndarray) -> bool:
    return bool(np.abs(got - expected).max() <= TOLERANCE * np.abs(expected).max())


def check_export(machine: Machine, part: Component, folder: Path) -> None:
    export(machine, part, folder)
    path = folder / f"{part.model}__{part.component.replace(' ', '-')}.onnx"
    assert (folder / f"{path.name}.data").stat().st_size > 0, "its weights lie beside it"
    model = onnx.load(str(path))
    assert [value.name for value in model.graph.input] == list(part.inputs), "inputs as the app's graph has them"
    assert [value.name for value in model.graph.output] == list(part.outputs), "outputs likewise"
    if part.component != "text encoder":
        return  # the reference evaluator takes minutes for convolutions
    expected = part.load().eval()(*part.inputs.values())
    inputs = {name: value.numpy() for name, value in part.inputs.items()}
    for got, wanted in zip(ReferenceEvaluator(model).run(None, inputs), expected, strict=True):
        assert same(got, wanted.detach().numpy()), "the export gives what PyTorch gives"


def check_rows(machine: Machine, part: Component) -> None:
    eager = pytorch_row(machine, part, runs=1, compiled=False)
    floor = floor_row(machine, part, matmul_rate(machine, 3), bandwidth(machine, 3))
    for row in (eager, floor):
        assert set(row) == {"model", "component", "shape", *ROW}, "the fields that the app reads"
        assert row["steadySeconds"] > 0
    assert eager["finite"], "PyTorch's result is finite"
    assert floor["heldBytes"] > 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path(".cache/benchmark"))
    parser.add_argument("--models", default="sd-1.5,sd-2.1-base,sdxl")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    machine = Machine("cpu", "float32")
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        for model in arguments.models.split(","):
            for part in components(model, "small", arguments.weights):
                check_rows(machine, part)
                check_export(machine, part, Path(folder))
                print("ok", part.model, part.component, flush=True)
    print(f"all is well; {REFUSED} is checked at full size only")


if __name__ == "__main__":
    main()
