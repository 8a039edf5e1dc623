"""What `npm run bench:gpu` is compared with, on the same GPU and the same random weights: PyTorch eager and compiled, a plain ONNX
export for the same runtime, and the floor. A developer's tool; it writes reports in the format of src/protocol/benchmark-api.ts.

    npm run bench:gpu -- --all --python .venv/bin/python

runs it; by itself it is

    npm run bench:gpu -- --only weights
    python tools/bench/side_by_side.py --out .cache/reports --export .cache/exports
    python tools/bench/self_check.py    # this file and networks.py at small size on the processor
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch.utils.flop_counter import FlopCounterMode

from networks import MODELS, Component, components

VERSION = 1  # of the report's format
WARM_UPS = 3
DTYPES = {"float16": torch.float16, "float32": torch.float32}
ROW = {
    "createSeconds": None, "firstSeconds": None, "steadySeconds": None, "runs": 0, "peakBytes": None, "heldBytes": None,
    "operatorSeconds": None, "finite": None,
}


class Machine:
    """Where networks run, and how to wait for it."""

    def __init__(self, device: str, dtype: str) -> None:
        self.device = torch.device(device)
        self.dtype = DTYPES[dtype]
        self.cuda = self.device.type == "cuda"

    @property
    def name(self) -> str:
        return torch.cuda.get_device_name(self.device) if self.cuda else platform.processor() or platform.machine()

    def wait(self) -> None:
        if self.cuda:
            torch.cuda.synchronize(self.device)

    def timed(self, task: Callable[[], object]) -> tuple[float, object]:
        self.wait()
        start = time.perf_counter()
        result = task()
        self.wait()
        return time.perf_counter() - start, result

    def median(self, task: Callable[[], object], runs: int) -> float:
        return statistics.median(self.timed(task)[0] for _ in range(runs))


def row(part: Component, **figures: object) -> dict[str, object]:
    return {"model": part.model, "component": part.component, "shape": part.shape, **ROW, **figures}


@torch.inference_mode()
def pytorch_row(machine: Machine, part: Component, runs: int, compiled: bool) -> dict[str, object]:
    inputs = [value.to(machine.device) for value in part.inputs.values()]
    if machine.cuda:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats(machine.device)
    create, network = machine.timed(lambda: part.load().to(machine.device, machine.dtype).eval())
    held = torch.cuda.memory_allocated(machine.device) if machine.cuda else None
    run = torch.compile(network) if compiled else network
    first, outputs = machine.timed(lambda: run(*inputs))
    for _ in range(WARM_UPS):
        run(*inputs)
    steady = machine.median(lambda: run(*inputs), runs)
    return row(
        part, createSeconds=create, firstSeconds=first, steadySeconds=steady, runs=runs, heldBytes=held,
        peakBytes=torch.cuda.max_memory_allocated(machine.device) if machine.cuda else None,
        finite=all(bool(torch.isfinite(value).all()) for value in outputs),
    )


def matmul_rate(machine: Machine, runs: int) -> float:
    """Multiply-adds count as two operations. The best of some sizes."""
    sizes = (2048, 4096, 8192) if machine.cuda else (256, 512)
    best = 0.0
    for size in sizes:
        a = torch.randn(size, size, device=machine.device, dtype=machine.dtype)
        torch.mm(a, a)
        best = max(best, 2 * size**3 / machine.median(lambda: torch.mm(a, a), runs))
    return best


def bandwidth(machine: Machine, runs: int) -> float:
    """Bytes per second, read and written."""
    count = 2**28 if machine.cuda else 2**24
    source = torch.zeros(count, device=machine.device, dtype=torch.uint8)
    target = torch.empty_like(source)
    target.copy_(source)
    return 2 * count / machine.median(lambda: target.copy_(source), runs)


@torch.inference_mode()
def floor_row(machine: Machine, part: Component, rate: float, speed: float) -> dict[str, object]:
    """Whichever takes longer: all operations at the rate of the best matrix product, or reading every weight once."""
    network = part.load().eval()
    size = torch.finfo(machine.dtype).bits // 8
    tables = {id(module.weight) for module in network.modules() if isinstance(module, torch.nn.Embedding)}
    # Of a table of embeddings a few rows are read.
    weights = size * sum(value.numel() for value in network.parameters() if id(value) not in tables)
    with FlopCounterMode(display=False) as counter:
        network.to("meta")(*(value.to("meta") for value in part.inputs.values()))
    return row(part, steadySeconds=max(counter.get_total_flops() / rate, weights / speed), runs=1, heldBytes=weights)


@torch.inference_mode()
def export(machine: Machine, part: Component, folder: Path) -> None:
    """As browser demos do it: torch.onnx over the float16 module, fused by nobody. One external-data file beside the graph."""
    import onnx

    name = f"{part.model}__{part.component.replace(' ', '-')}.onnx"
    folder.mkdir(parents=True, exist_ok=True)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    network = part.load().to(machine.device, machine.dtype).eval()
    inputs = tuple(value.to(machine.device) for value in part.inputs.values())
    torch.onnx.export(
        network, inputs, str(scratch / name), input_names=list(part.inputs), output_names=list(part.outputs),
        opset_version=17, dynamo=False,
    )
    model = onnx.load(str(scratch / name))
    (folder / f"{name}.data").unlink(missing_ok=True)
    onnx.save(model, str(folder / name), save_as_external_data=True, location=f"{name}.data", size_threshold=1024)
    for file in scratch.iterdir():
        file.unlink()
    scratch.rmdir()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, default=Path(".cache/benchmark"))
    parser.add_argument("--size", choices=("full", "small"), default="full")
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--what", default="eager,compiled,floor", help="of eager, compiled, floor")
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--dtype", choices=tuple(DTYPES), help="float16 on a GPU, float32 on the processor unless given")
    parser.add_argument("--out", type=Path, required=True, help="folder for the reports")
    parser.add_argument("--export", type=Path, help="folder for plain exports")
    arguments = parser.parse_args()

    dtype = arguments.dtype or ("float32" if arguments.device == "cpu" else "float16")
    machine = Machine(arguments.device, dtype)
    parts = [
        part for model in arguments.models.split(",") for part in components(model, arguments.size, arguments.weights)
    ]
    if arguments.export:
        for part in parts:
            print("export", part.model, part.component, flush=True)
            try:
                export(machine, part, arguments.export)
            except Exception as error:  # one network that cannot be exported must not cost the others their rows
                print(f"not exported: {type(error).__name__}: {error}"[:300], flush=True)

    def pytorch(compiled: bool) -> Callable[[Component], dict[str, object]]:
        return lambda part: pytorch_row(machine, part, arguments.runs, compiled)

    def floor() -> Callable[[Component], dict[str, object]]:
        rate, speed = matmul_rate(machine, arguments.runs), bandwidth(machine, arguments.runs)
        print(f"floor: {rate / 1e9:.1f} GFLOP/s, {speed / 1e9:.1f} GB/s", flush=True)
        return lambda part: floor_row(machine, part, rate, speed)

    ways = {
        "eager": ("pytorch eager", lambda: pytorch(compiled=False)),
        "compiled": ("pytorch compiled", lambda: pytorch(compiled=True)),
        "floor": ("floor", floor),
    }
    arguments.out.mkdir(parents=True, exist_ok=True)
    for what in filter(None, arguments.what.split(",")):
        implementation, make = ways[what]
        measure = make()
        rows = []
        for part in parts:
            print(implementation, part.model, part.component, flush=True)
            try:
                rows.append(measure(part))
            except Exception as error:  # likewise; the row says why
                rows.append(row(part, failure=f"{type(error).__name__}: {error}"[:300]))
        report = {
            "version": VERSION, "implementation": implementation, "size": arguments.size, "device": machine.name,
            "precision": dtype, "software": f"torch {torch.__version__}", "components": rows, "pictures": [],
        }
        path = arguments.out / f"{implementation.replace(' ', '-')}.json"
        path.write_text(json.dumps(report, indent=2) + "\n")
        print(path, flush=True)


if __name__ == "__main__":
    main()
