"""omsauto between the real systems: its own processes, driven through its API alone."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx

from tests.faults.installation import Installation
from tests.faults.processes import ROOT, wait_until

Json = dict[str, Any]
PULL_SECONDS = 60
RUN_SECONDS = 240
"""Of a run with its retries: the wait before the second attempt alone may take 30 s."""


class Omsauto:
    """One account of an installation, as its admin's token sees it."""

    def __init__(self, installation: Installation) -> None:
        self.installation = installation
        made = self._create_account()
        self.account = int(made["account"])
        self._client = httpx.Client(
            base_url=f"{installation.url}/api/v1/",
            headers={"Authorization": f"Bearer {made['token']}"},
            timeout=30,
            trust_env=False,
        )

    def _create_account(self) -> Json:
        command = [sys.executable, "manage.py", "create_account", "Brand", "--timezone", "UTC"]
        who = ["--admin", "admin@brand.example", "--password", "for-tests-only-17"]
        done = subprocess.run(  # noqa: S603 - our own command
            [*command, *who],
            cwd=ROOT,
            env=self.installation.environment,
            check=True,
            capture_output=True,
            timeout=60,
        )
        answer: Json = json.loads(done.stdout)
        return answer

    def close(self) -> None:
        self._client.close()

    def call(self, method: str, path: str, body: Json | None = None, **query: Any) -> Any:
        response = self._client.request(method, path, json=body, params=query)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text}"
        return response.json() if response.content else None

    def rows(self, path: str, **query: Any) -> list[Json]:
        """All rows of a list, whatever its pages."""
        found: list[Json] = []
        answer = self.call("GET", path, **query)
        while True:
            found += answer["results"]
            if not answer["next"]:
                return found
            answer = self.call("GET", answer["next"])

    def connect(
        self, connector: str, name: str, settings: Json, secrets: Json | None = None
    ) -> Json:
        """A new beta channel."""
        body = {
            "name": name,
            "connector": connector,
            "track": "beta",
            "settings": settings,
            "secrets": secrets or {},
        }
        channel: Json = self.call("POST", "channels/", body)
        return channel

    def patch(self, path: str, **values: Any) -> Json:
        answer: Json = self.call("PATCH", path, values)
        return answer

    def set_mode(self, channel: int, mode: str) -> None:
        self.patch(f"channels/{channel}/", mode=mode)

    def start(self, channel: int, job_type: str) -> int:
        """Run now; the run's id."""
        return int(self.call("POST", f"channels/{channel}/jobs/{job_type}/run/")["id"])

    def run(self, channel: int, job_type: str) -> Json:
        """Run now and wait for the end; it must have succeeded and parked nothing."""
        run = self.ended(self.start(channel, job_type))
        assert (run["status"], run["parked"]) == ("succeeded", 0), run
        return run

    def pull(self, channel: int, job_type: str, true: Callable[[], object], what: str) -> None:
        """Run now, again and again, until it is true: a window ends some seconds before now."""

        def ran() -> object:
            self.run(channel, job_type)
            return true()

        wait_until(ran, PULL_SECONDS, what, every=1)

    def ended(self, run_id: int) -> Json:
        seen: Json = {}

        def over() -> bool:
            seen.update(self.call("GET", f"runs/{run_id}/"))
            return seen["status"] not in ("queued", "running")

        wait_until(over, RUN_SECONDS, f"run {run_id} ends; so far {seen.get('error')}", every=0.2)
        return seen

    def wait(self, true: Callable[[], object], what: str, seconds: float = RUN_SECONDS) -> float:
        return wait_until(true, seconds, what, every=0.2)

    def orders(self, channel: int, external_id: str) -> list[Json]:
        return self.rows("orders/", channel=channel, external_id=external_id)

    def shipments_of(self, order: int) -> list[Json]:
        return [one for one in self.rows("shipments/") if one["order"] == order]
