"""A platform that quotes our credentials does not get them onto pages, into the API or messages."""

from __future__ import annotations

import pytest

from channels.connectors.base import ConnectorError, Misconfigured, Permanent
from channels.models import Channel
from jobs import control
from jobs.models import RunAttempt, RunLog
from tests.jobs.platform import Platform
from tests.jobs.stage import Stage

KEY = "ck_0123456789"


@pytest.mark.parametrize("error", [Misconfigured, Permanent])
def test_a_quoted_secret_is_hidden_wherever_the_error_is_told(
    stage: Stage, shop: Channel, shopfloor: Platform, error: type[ConnectorError]
) -> None:
    shop.secrets = {**shop.secrets, "consumer_key": KEY}
    shop.save(update_fields=["secrets_encrypted"])
    shopfloor.fail(error(f"GET https://shop.example/orders?key={KEY}: 401 for {KEY}."))
    stage.wait(hours=1)
    control.run_now(stage.job(shop), stage.now)
    stage.work()

    run = stage.runs(shop)[-1]
    shop.refresh_from_db()
    assert run.status == "failed"
    assert "key=(hidden): 401 for (hidden)." in run.error
    lines = RunLog.objects.filter(run=run).values_list("message", flat=True)
    attempts = RunAttempt.objects.filter(run=run).values_list("error", flat=True)
    told = [run.error, run.reason, shop.needs_attention, *lines, *attempts]
    assert not any(KEY in text for text in told)
