"""Settings of a test run: those of a fresh installation, with nothing of this machine's own."""

import atexit
import os
import shutil
import tempfile
from urllib.parse import urlsplit


def _redis_of_worker(url: str) -> str:
    """A Redis database for each of pytest's processes, counted down from the one given."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    parts = urlsplit(url)
    number = int(parts.path.strip("/") or 15) - int(worker or 0)
    return parts._replace(path=f"/{number}").geturl()


def _isolate() -> None:
    """Never the operator's database, broker or state, whatever the environment holds."""
    for name in ("BROKER_URL", "DATABASE_REPLICA_URL"):
        os.environ.pop(name, None)
    for name in ("DATABASE_URL", "REDIS_URL"):
        os.environ.pop(name, None)
        if url := os.environ.get(f"OMSAUTO_TEST_{name}"):
            os.environ[name] = _redis_of_worker(url) if name == "REDIS_URL" else url
    folder = tempfile.mkdtemp(prefix="omsauto-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["OMSAUTO_VAR"] = folder


_isolate()

from omsauto.settings import *  # noqa: E402, F403 - settings modules extend each other this way
from omsauto.settings import DATABASES, STATIC_ROOT, VAR  # noqa: E402 - after the environment is set

if "sqlite3" in DATABASES["default"]["ENGINE"]:
    # A file, as in real use: the shared in-memory database locks by other rules.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
else:
    # Several runs on one server, each with databases of its own.
    DATABASES["default"]["TEST"] = {"NAME": f"omsauto_test_{os.getpid()}"}

# WhiteNoise warns about a folder that is not there; tests find static files at their source.
STATIC_ROOT.mkdir()

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
