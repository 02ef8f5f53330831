"""The pins: complete, hashed, and without any address."""

import re
import tomllib
from itertools import chain
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PINS = (ROOT / "requirements.txt").read_text()
PROJECT = (ROOT / "pyproject.toml").read_text()


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def direct() -> list[str]:
    project = tomllib.loads(PROJECT)["project"]
    return [*project["dependencies"], *chain(*project["optional-dependencies"].values())]


def pinned() -> dict[str, str]:
    """The text of each pin with its hashes, by name."""
    blocks = re.split(r"\n(?=[a-z0-9])", "\n" + PINS)[1:]
    return {canonical(re.split(r"[=\[]", block)[0]): block for block in blocks}


def test_every_pin_is_exact_and_has_a_hash() -> None:
    loose = [
        name
        for name, block in pinned().items()
        if "==" not in block.splitlines()[0] or "--hash=sha256:" not in block
    ]

    assert loose == []


def test_no_address_of_an_index_or_file_is_named() -> None:
    assert not re.search(r"://|--index|--find-links|--trusted-host", PINS)


@pytest.mark.parametrize("requirement", direct())
def test_a_direct_dependency_is_pinned(requirement: str) -> None:
    name = re.match(r"[A-Za-z0-9_.-]+", requirement)

    assert name
    assert canonical(name[0]) in pinned()


@pytest.mark.parametrize("requirement", direct())
def test_a_direct_dependency_has_its_reason_beside_it(requirement: str) -> None:
    line = next(line for line in PROJECT.splitlines() if f'"{requirement}"' in line)

    assert len(line.partition("#")[2].split()) >= 3
