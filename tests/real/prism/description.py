"""The vendor's description, with the one answer that it leaves out."""

from __future__ import annotations

import json
from pathlib import Path

from tests.real.prism import install

RETRY_AFTER = 23
TOO_MANY = {
    "description": "Over 200 calls a minute (docs.shipstation.com, Usage & Rate Limits).",
    "headers": {"Retry-After": {"schema": {"type": "integer"}, "example": RETRY_AFTER}},
    "content": {"application/json": {"example": {"errors": [{"message": "Slow down."}]}}},
}


def shipengine() -> Path:
    """ShipEngine 1.1 of April 2023; every call may answer 429 as well, as its guide says."""
    description = json.loads(install.description("api/shipengine.com.json").read_text())
    for calls in description["paths"].values():
        for call in calls.values():
            if isinstance(call, dict) and "responses" in call:
                call["responses"]["429"] = TOO_MANY
    served = install.CACHE / "shipengine-served.json"
    served.write_text(json.dumps(description))
    return served
