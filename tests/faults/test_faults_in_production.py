"""Parts of a running installation on PostgreSQL and Redis are killed under load.

The tests share one installation and follow one another: each begins where the last one left
everything done and counted.
"""

from __future__ import annotations

import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import pytest

from tests.faults.processes import ROOT, Process, wait_until
from tests.faults.scene import Scene
from tests.faults.servers import OwnRedis

pytestmark = [pytest.mark.faults, pytest.mark.postgres, pytest.mark.redis]

DOWN_SECONDS = 2
FROZEN_SECONDS = 5
AWAY_SECONDS = 30
RANDOM_SECONDS = 120
WATCHED_SECONDS = 4
LOAD = "import django; django.setup()"
CLOCK_STARTS = "beat: Starting"
MOST_MEMORY_MIB = 200


def test_two_clocks_at_once_take_no_slot_twice(scene: Scene) -> None:
    second = scene.installation.second_beat

    def both() -> None:
        second.start()
        time.sleep(8)

    scene.suffer("two clocks", both)

    assert second.alive
    second.terminate(5)
    assert "and is tried again" not in scene.installation.log_of("beat")


def test_a_killed_worker_leaves_nothing_undone_and_nothing_done_twice(scene: Scene) -> None:
    """It takes with it the runs under way and the messages that wait for a Delay to pass."""
    worker = scene.installation.worker

    def kill() -> None:
        worker.kill()
        time.sleep(DOWN_SECONDS)
        worker.start()

    scene.delay(minutes=1)
    figures = scene.suffer("worker killed", kill)
    scene.delay(minutes=None)

    assert figures["attempts lost"] >= 1, "the worker was killed between two runs: no fault"


def test_a_killed_clock_misses_nothing(scene: Scene) -> None:
    beat = scene.installation.beat

    def kill() -> None:
        beat.kill()
        time.sleep(DOWN_SECONDS)
        beat.start()

    scene.suffer("clock killed", kill)


def test_a_killed_web_server_keeps_what_it_accepted(scene: Scene) -> None:
    web = scene.installation.web

    def kill() -> None:
        web.kill()
        time.sleep(DOWN_SECONDS)
        web.start()
        scene.installation.wait_until_ready()

    scene.suffer("web server killed", kill, refusals=True)


def test_messages_that_vanish_from_redis_are_sent_again(scene: Scene, own_redis: OwnRedis) -> None:
    scene.suffer("Redis emptied", own_redis.flush)


def test_a_frozen_and_then_killed_redis_slows_but_loses_nothing(
    scene: Scene, own_redis: OwnRedis
) -> None:
    """Away for half a minute, and empty when it is back; events are accepted all the while."""

    def freeze_and_kill() -> int:
        own_redis.signal(signal.SIGSTOP)
        time.sleep(FROZEN_SECONDS)
        own_redis.kill()
        time.sleep(AWAY_SECONDS)
        own_redis.start()
        return 2

    scene.suffer("Redis frozen, killed, away for half a minute", freeze_and_kill)


def test_parts_killed_at_random_for_two_minutes(scene: Scene) -> None:
    """Web, worker and clock, each at any moment, amid its start too, and several at once."""
    seed = secrets.randbits(32)
    chance = random.Random(seed)  # noqa: S311 - for the test's faults
    parts = scene.installation
    killed: list[str] = []

    def kill() -> int:
        end = time.monotonic() + RANDOM_SECONDS
        while time.monotonic() < end:
            some = chance.sample([parts.web, parts.worker, parts.beat], chance.choice([1, 1, 2]))
            _kill_and_restart(some, chance.uniform(0.2, DOWN_SECONDS))
            killed.extend(part.name for part in some)
            time.sleep(chance.uniform(1, 6))
        parts.wait_until_ready()
        return len(killed)

    scene.suffer(f"killed at random (seed {seed})", kill, refusals=True)

    scene.say(", ".join(f"{name} killed {killed.count(name)} times" for name in sorted({*killed})))
    assert {"web", "worker", "beat"} <= {*killed}


def _kill_and_restart(parts: Sequence[Process], seconds: float) -> None:
    for part in parts:
        part.kill()
    time.sleep(seconds)
    for part in parts:
        part.start()


def test_a_clock_with_nothing_to_do_sleeps(scene: Scene) -> None:
    beat = scene.installation.beat
    before, memory = beat.cpu_seconds(), beat.memory_mib()

    time.sleep(WATCHED_SECONDS)

    used = beat.cpu_seconds() - before
    scene.say(f"the clock at rest: {used:.2f} s of {WATCHED_SECONDS} s, {memory:.0f} MiB")
    assert used < WATCHED_SECONDS * 0.2
    assert memory < MOST_MEMORY_MIB


def test_a_clock_told_to_stop_does_so_at_once(scene: Scene) -> None:
    """The best of three, against the time that this machine takes to load the program once.

    A busy machine slows one stop; a clock that sleeps on before it stops slows all.
    """
    took = [_stop_and_start_clock(scene) for _ in range(3)]
    loaded = _seconds_to_load(scene)

    stopped = ", ".join(f"{one:.1f}" for one in took)
    scene.say(f"the clock stopped in {stopped} s; to load takes {loaded:.1f} s")
    assert min(took) < loaded


def _seconds_to_load(scene: Scene) -> float:
    began = time.monotonic()
    environment = {**scene.installation.environment, "DJANGO_SETTINGS_MODULE": "omsauto.settings"}
    subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LOAD], cwd=ROOT, env=environment, check=True
    )
    return time.monotonic() - began


def _stop_and_start_clock(scene: Scene) -> float:
    """The seconds it took to stop; returns in the first moments of the next one."""
    parts = scene.installation
    begun = parts.log_of("beat").count(CLOCK_STARTS)
    took = parts.beat.terminate(10)
    parts.beat.start()
    wait_until(lambda: parts.log_of("beat").count(CLOCK_STARTS) > begun, 40, "the clock starts")

    return took


def test_a_worker_told_to_stop_finishes_what_it_has_begun(scene: Scene) -> None:
    worker = scene.installation.worker
    before = scene.figures.get("attempts lost", 0)
    stopped: list[float] = []

    def stop() -> None:
        stopped.append(worker.terminate(30))
        assert scene.installation.inside.ask("running") == 0, "a run was left to its lease"
        worker.start()

    figures = scene.suffer("worker stopped", stop)

    scene.say(f"the worker finished and stopped in {stopped[0]:.1f} s")
    assert figures["attempts lost"] == before
