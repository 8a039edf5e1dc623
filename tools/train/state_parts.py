"""Splits a training-state file into parts and joins them again, for machines that hand back only small files."""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

PART_BYTES = 15 * 1024 * 1024


def split(path: Path, folder: Path) -> list[Path]:
    """Parts named FILE.000, FILE.001, ... and FILE.sha256, the digest of the whole."""
    data = path.read_bytes()
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for index, start in enumerate(range(0, len(data), PART_BYTES)):
        part = folder / f"{path.name}.{index:03}"
        part.write_bytes(data[start : start + PART_BYTES])
        parts.append(part)
    digest = folder / f"{path.name}.sha256"
    digest.write_text(hashlib.sha256(data).hexdigest())
    return [*parts, digest]


def join(folder: Path, name: str, out: Path) -> None:
    """Must not leave a file whose digest differs from the one written by split."""
    parts = sorted(p for p in folder.glob(f"{name}.*") if p.suffix[1:].isdigit())
    data = b"".join(part.read_bytes() for part in parts)
    expected, got = (folder / f"{name}.sha256").read_text(), hashlib.sha256(data).hexdigest()
    if got != expected:
        raise ValueError(f"{folder / name}: {len(parts)} parts, expected sha256 {expected}, got {got}")
    out.write_bytes(data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    splitting = commands.add_parser("split")
    splitting.add_argument("file", type=Path)
    splitting.add_argument("folder", type=Path)
    joining = commands.add_parser("join")
    joining.add_argument("folder", type=Path)
    joining.add_argument("name")
    joining.add_argument("out", type=Path)
    arguments = parser.parse_args()
    if arguments.command == "split":
        for part in split(arguments.file, arguments.folder):
            print(part)
    else:
        join(arguments.folder, arguments.name, arguments.out)


if __name__ == "__main__":
    main()
