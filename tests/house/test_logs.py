"""Log lines."""

import io
import json
import logging
import logging.config
from pathlib import Path

import pytest
import structlog

from omsauto import logs


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """What the JSON formatter writes for a logger of its own."""
    formatter = logs.logging_config("INFO", "json", None)["formatters"]["json"]
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter.pop("()")(**formatter))
    logger = logging.getLogger("tests.logs")
    monkeypatch.setattr(logger, "handlers", [handler])
    monkeypatch.setattr(logger, "propagate", False)
    logger.setLevel(logging.INFO)
    return stream


def test_a_line_is_json_with_time_level_and_fields(lines: io.StringIO) -> None:
    structlog.get_logger("tests.logs").info("run ended", run=17)
    line = json.loads(lines.getvalue())

    assert (line["event"], line["run"], line["level"]) == ("run ended", 17, "info")
    assert line["timestamp"].endswith("Z")


def test_plain_logging_ends_up_in_the_same_form(lines: io.StringIO) -> None:
    logging.getLogger("tests.logs").warning("slow", extra={"seconds": 3})

    assert json.loads(lines.getvalue())["seconds"] == 3


@pytest.mark.parametrize("name", ["token", "Authorization", "webhook_secret", "consumer_key"])
def test_a_secret_is_blanked(lines: io.StringIO, name: str) -> None:
    structlog.get_logger("tests.logs").info("calling", **{name: "abc123"})

    assert "abc123" not in lines.getvalue()


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Not Found: /invitations/Zk3-secret_part/", "Not Found: /invitations/[hidden]/"),
        ("POST /webhooks/Zk3-secret_part/ 503", "POST /webhooks/[hidden]/ 503"),
        ("sent Authorization: Bearer Zk3-secret_part", "Bearer [hidden]"),
        ("token oms_Zk3secretpart revoked", "token oms_[hidden] revoked"),
        ("signed with whsec_Zk3/secret_part", "whsec_[hidden]"),
        ("GET https://x.example/a?page=1&api_key=Zk3secretpart&b=2", "api_key=[hidden]&b=2"),
        (
            "postgresql://" + "omsauto:Zk3secretpart@db:5432/oms",
            "postgresql://[hidden]@db:5432/oms",
        ),
    ],
)
@pytest.mark.parametrize("form", ["json", "console"])
def test_what_looks_like_a_secret_is_blanked_wherever_it_stands(
    lines: io.StringIO, form: str, text: str, left: str
) -> None:
    formatter = logs.logging_config("INFO", form, None)["formatters"][form]
    logging.getLogger("tests.logs").handlers[0].setFormatter(formatter.pop("()")(**formatter))
    logging.getLogger("tests.logs").warning("%s", text)

    assert left in lines.getvalue()
    assert "Zk3" not in lines.getvalue()


def test_a_library_s_error_is_blanked_in_the_traceback_too(lines: io.StringIO) -> None:
    try:
        raise ConnectionError("redis://:" + "Zk3secretpart@redis:6379/0 does not answer")
    except ConnectionError:
        logging.getLogger("tests.logs").exception("no broker")

    assert "redis://[hidden]@redis:6379/0 does not answer" in lines.getvalue()
    assert "Zk3" not in lines.getvalue()


def test_ordinary_words_stay(lines: io.StringIO) -> None:
    said = "run 7 of shop@example.com: 3 events at https://shop.example/orders/7?page=2"
    logging.getLogger("tests.logs").info(said)

    assert json.loads(lines.getvalue())["event"] == said


def fail_with(secret: str) -> None:
    local = secret.upper()
    raise ValueError(f"{len(local)} characters are too few")


def log_a_failure() -> None:
    try:
        fail_with("-".join(["s3cret", "of", "a", "channel"]))
    except ValueError:
        logging.getLogger("tests.logs").exception("run failed")


def test_a_traceback_shows_no_local_variable(lines: io.StringIO) -> None:
    log_a_failure()

    written = lines.getvalue()
    assert "fail_with" in written
    assert "characters are too few" in written
    assert "s3cret-of" not in written.lower()


def test_nor_does_the_terminal_s(lines: io.StringIO) -> None:
    formatter = logs.logging_config("INFO", "console", None)["formatters"]["console"]
    logging.getLogger("tests.logs").handlers[0].setFormatter(formatter.pop("()")(**formatter))
    log_a_failure()

    assert "characters are too few" in lines.getvalue()
    assert "s3cret-of" not in lines.getvalue().lower()


def test_the_whole_configuration_is_accepted(tmp_path: Path) -> None:
    config = logs.logging_config("INFO", "console", tmp_path / "web.log")

    logging.config.DictConfigurator(config)  # reads, applies nothing
    assert config["root"]["handlers"] == ["console", "file"]
