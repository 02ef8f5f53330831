"""A backup made under load, a disaster, the way back: everything that was accepted is there again.

What was accepted before the backup is in it. What came after is no longer known, and is fetched
from the platforms by the emergency job, which the restored database itself sets off: by it no web
process took webhooks since the backup.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import need, running
from tests.faults.installation import Installation, fresh_database
from tests.faults.load import Load
from tests.faults.processes import wait_until
from tests.faults.scene import SKU, TOTALS, Scene
from tests.faults.servers import OwnRedis

pytestmark = pytest.mark.faults

BEFORE_SECONDS = 3
AFTER_SECONDS = 4
APART_SECONDS = 61
"""A full run on a webhook row leaves out the last minute; and so long is silence of web a fault."""
FETCHED_SECONDS = 240
ONE_SHOP = 1
"""Emergency runs are spread over five minutes across jobs; the first one comes at once."""


@pytest.fixture
def on_servers(tmp_path: Path, own_redis: OwnRedis) -> Iterator[Scene]:
    need("postgres", shutil.which("pg_dump"))
    with (
        fresh_database() as database,
        running(Installation(tmp_path, database, own_redis.url), ONE_SHOP) as made,
    ):
        yield made


@pytest.fixture
def on_files(tmp_path: Path) -> Iterator[Scene]:
    with running(Installation(tmp_path), ONE_SHOP) as made:
        yield made


@pytest.mark.postgres
@pytest.mark.redis
def test_postgresql_goes_on_from_its_backup(on_servers: Scene) -> None:
    def everything_is_missed() -> None:
        said = on_servers.installation.health()
        assert {name for name, words in said.items() if words != "well"} == {
            "clock",
            "worker",
            "web",
        }

    _lose_and_restore(on_servers, "PostgreSQL restored from a backup", everything_is_missed)
    on_servers.suffer("after the restore", lambda: 0)


def test_sqlite_goes_on_from_its_backup(on_files: Scene) -> None:
    var = on_files.installation.folder

    def lose_the_disk() -> None:
        for path in [*var.glob("omsauto.sqlite3*"), var / "secret_key", var / "encryption_key"]:
            path.unlink()

    _lose_and_restore(on_files, "SQLite restored from a backup", lose_the_disk)
    on_files.suffer("files: after the restore", lambda: 0)


def _lose_and_restore(scene: Scene, name: str, meanwhile: Callable[[], None]) -> None:
    """`meanwhile`: what happens after all has been stopped and before the backup comes back."""
    parts, folder = scene.installation, scene.installation.folder / "backups"
    with Load(scene.lines, SKU, scene.roads) as before:
        time.sleep(BEFORE_SECONDS)
    scene.wait_until_quiet()
    with Load(scene.lines, SKU, scene.roads) as after:
        parts.manage("backup", str(folder))
        time.sleep(AFTER_SECONDS)
    parts.stop()
    stopped = time.monotonic()
    time.sleep(APART_SECONDS)
    meanwhile()
    parts.manage("restore", str(next(folder.iterdir())))
    began = time.monotonic()
    lost = scene.lost_orders(after.accepted)
    parts.start()

    def fetched() -> bool:
        return not scene.lost_orders(after.accepted)

    wait_until(fetched, FETCHED_SECONDS, "what came after the backup is fetched", every=0.5)
    scene.wait_until_quiet()
    scene.deliveries = list(before.accepted)
    scene.say(f"{name}: {lost} orders were not in it, down for {began - stopped:.0f} s")
    TOTALS.faults += 1
    TOTALS.accepted += len(after.accepted)
    scene.reckon(name, before, time.monotonic() - began)
    assert lost, "the backup held everything: nothing was lost"
