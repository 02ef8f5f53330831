"""`manage.py simulate`: an installation of any size in virtual time; touches no data."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from jobs.simulation.crowd import draw_crowd
from jobs.simulation.model import Simulation
from jobs.simulation.platform import Costs, Outage
from jobs.simulation.report import say, simulate_report
from jobs.simulation.running import Setup


class Command(BaseCommand):
    help = (
        "Simulates accounts and channels drawn from a seeded mix, their slots, webhooks, limits "
        "and outages, through the real rules, and says what that takes. Reads and writes no data."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        setup, costs = Setup(), Costs()
        number, share = _at_least(0), _at_least(0, 1)
        add = parser.add_argument
        add("--channels", type=_whole(1), default=1000, help="how many (default: 1000)")
        add("--days", type=_at_least(0.01), default=1.0, help="virtual days (default: 1)")
        add("--seed", type=int, default=setup.seed, help="draws crowd and events (default: 1)")
        add("--workers", type=_whole(0), default=0, help="processes; 0: as many as needed")
        add("--spread-minutes", type=_whole(0), default=0, help="bound (default: 0, no spread)")
        add("--lost", type=share, default=setup.lost, help="share of webhooks that never come")
        add("--limit", type=number, help="calls a minute for each channel, not the platform's own")
        add(
            "--outage",
            type=_outage,
            action="append",
            default=[],
            metavar="HOUR:MINUTES[:CONNECTOR]",
            help="platforms answer nothing from that hour on; may be repeated",
        )
        add("--run-seconds", type=number, default=costs.run, help="of a worker, without calls")
        add("--call-seconds", type=number, default=costs.call, help="until a platform answers")
        add("--time-out-seconds", type=number, default=costs.time_out, help="of a failed call")
        add("--dispatch-rate", type=_at_least(1), default=costs.dispatch_rate, help="runs a second")
        add("--json", action="store_true", help="figures instead of sentences")

    def handle(self, *args: Any, **options: Any) -> None:
        setup = _setup(options)
        crowd = [*draw_crowd(options["channels"], setup.seed)]
        report = simulate_report(setup, crowd, Simulation(setup, crowd).go())
        if options["json"]:
            self.stdout.write(json.dumps(report, indent=2))
        else:
            self.stdout.write("\n".join(say(report)))


def _setup(options: dict[str, Any]) -> Setup:
    return Setup(
        hours=options["days"] * 24,
        seed=options["seed"],
        workers=options["workers"] or None,
        spread_minutes=options["spread_minutes"],
        lost=options["lost"],
        calls_a_minute=options["limit"],
        outages=tuple(options["outage"]),
        costs=Costs(
            run=options["run_seconds"],
            call=options["call_seconds"],
            time_out=options["time_out_seconds"],
            dispatch_rate=options["dispatch_rate"],
        ),
    )


def _at_least(least: float, most: float = float("inf")) -> Callable[[str], float]:
    def number(text: str) -> float:
        value = float(text)
        if not least <= value <= most:
            raise ArgumentTypeError(f"{text} is not between {least:g} and {most:g}")
        return value

    return number


def _whole(least: int) -> Callable[[str], int]:
    def whole(text: str) -> int:
        if int(text) < least:
            raise ArgumentTypeError(f"{text} is less than {least}")
        return int(text)

    return whole


def _outage(text: str) -> Outage:
    try:
        return Outage.parse(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error
