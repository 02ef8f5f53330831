"""Where data and messages live: the database and broker settings of each process."""

from pathlib import Path
from typing import Any

SQLITE_OPTIONS: dict[str, Any] = {
    # A deferred transaction that turns into a writer fails at once with "database is locked";
    # an immediate one waits for its turn.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}

# With these a frozen Redis costs a request two seconds, and a dead one nothing. Batches of
# messages are only pipelined while retry_on_timeout is off.
REDIS_OPTIONS: dict[str, Any] = {
    "socket_timeout": 2,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
    "retry_on_timeout": False,
    "health_check_interval": 25,
    # Messages are acknowledged on receipt, so redelivery is left to the clock.
    "visibility_timeout": 3600,
}


# Messages are small and not confirmed: only a RabbitMQ that takes nothing any more makes a
# publisher wait, and that for two seconds.
RABBITMQ_OPTIONS: dict[str, Any] = {"connect_timeout": 1, "write_timeout": 2}


def database(base: dict[str, Any], process: str, threads: int) -> dict[str, Any]:
    """Complete what the database's URL said for the process that will use it.

    `process` is "web", "worker", "beat" or "command", `threads` the web server's threads.
    """
    if "sqlite3" in base["ENGINE"]:
        return {**base, "OPTIONS": SQLITE_OPTIONS, "CONN_MAX_AGE": None}
    options = {**base.get("OPTIONS", {}), "connect_timeout": 5}
    if not base.get("DISABLE_SERVER_SIDE_CURSORS"):  # as behind a pooler of transactions
        options.setdefault("prepare_threshold", 5)
    if process == "web":
        # A thread holds its connection while it publishes: one for each, or they queue up.
        # Django refuses a pool together with connections of its own keeping.
        options["pool"] = {"min_size": 1, "max_size": threads, "timeout": 5}
        age: int | None = 0
    else:
        age = None if process in {"worker", "beat"} else 0
    return {
        **base,
        "ENGINE": "omsauto.postgresql",
        "OPTIONS": options,
        "CONN_MAX_AGE": age,
        "CONN_HEALTH_CHECKS": True,
    }


def broker(url: str, folder: Path) -> tuple[str, str, dict[str, Any]]:
    """The broker's URL, transport and transport options; without a URL, files in `folder`.

    No transport means the one that the URL names: Redis, or RabbitMQ (`amqp`, `amqps`).
    """
    if url.startswith(("amqp://", "amqps://")):
        return url, "", RABBITMQ_OPTIONS
    if url:
        return url, "", REDIS_OPTIONS
    messages, control = folder / "messages", folder / "control"
    for path in (messages, control):
        path.mkdir(parents=True, exist_ok=True)
    options = {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": control,
        "polling_interval": 0.1,
    }
    return "filesystem://localhost", "omsauto.broker:Transport", options
