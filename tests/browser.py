"""Which Chromium the browser tests drive: the system's."""

import os
import shutil

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# As root, as in containers, Chromium refuses its sandbox; /dev/shm is small there.
ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"]


def chromium_path() -> str | None:
    """CHROMIUM from the environment, else the first one on the path."""
    named = os.environ.get("CHROMIUM")
    return named or next((path for path in map(shutil.which, NAMES) if path), None)
