"""What a simulation found: figures for a program, sentences for a person. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from math import ceil
from typing import Any

from jobs.simulation import demand
from jobs.simulation.crowd import ChannelSpec
from jobs.simulation.figures import Figures, Lateness, by_hour
from jobs.simulation.running import Setup

WITHIN_MINUTES = 1.0
"""So far behind may workers fall that are called enough."""


def simulate_report(setup: Setup, crowd: Sequence[ChannelSpec], figures: Figures) -> dict[str, Any]:
    """Plain values, ready for JSON."""
    return {
        "setup": _setup(setup, crowd),
        "runs": _runs(setup, figures),
        "slots": dict(sorted(figures.slots.items())),
        "late_seconds": {name: _lateness(each) for name, each in sorted(figures.lateness.items())},
        "workers": _workers(setup, figures),
        "calls": _calls(setup, figures),
        "webhooks": _webhooks(figures),
        "spreading": [asdict(each) for each in _spreading(setup, crowd, figures)],
    }


def _setup(setup: Setup, crowd: Sequence[ChannelSpec]) -> dict[str, Any]:
    outages = [asdict(outage) for outage in setup.outages]
    return {
        "channels": len(crowd),
        "jobs": sum(len(channel.jobs) for channel in crowd),
        "hours": setup.hours,
        "from": setup.start.isoformat(),
        "seed": setup.seed,
        "workers": setup.workers,
        "spread_minutes": setup.spread_minutes,
        "webhooks_lost": setup.lost,
        "calls_a_minute": setup.calls_a_minute,
        "outages": outages,
        "costs": asdict(setup.costs),
    }


def _runs(setup: Setup, figures: Figures) -> dict[str, Any]:
    total = figures.runs.total()
    return {
        "total": total,
        **{name: figures.runs[name] for name in sorted(figures.runs)},
        "an_hour": round(total / setup.hours, 1),
        "busiest_hour": int(max(by_hour(figures.started))),
        "busiest_minute": int(max(figures.started)),
        "outcomes": dict(sorted(figures.outcomes.items())),
    }


def _lateness(late: Lateness) -> dict[str, float]:
    return {"p50": late.percentile(0.5), "p99": late.percentile(0.99), "longest": late.longest}


def _workers(setup: Setup, figures: Figures) -> dict[str, Any]:
    return {
        "seconds": round(figures.worker_seconds, 1),
        "busy_on_average": round(figures.worker_seconds / setup.end, 2),
        "most_at_once": figures.most_at_once,
        "longest_queue": figures.waits["longest queue"],
        "enough": demand.workers_for(figures.load, WITHIN_MINUTES),
    }


def _calls(setup: Setup, figures: Figures) -> dict[str, Any]:
    return {
        "total": int(sum(figures.calls)),
        "busiest_minute": int(max(figures.calls)),
        "busiest_channel_a_minute": figures.busiest_channel,
        "of_its_limit": round(figures.busiest_share, 3),
        "runs_that_waited_for_a_limit": figures.waits["for a platform's limit"],
        "runs_that_waited_for_a_platform": figures.waits["for a platform that was away"],
    }


def _webhooks(figures: Figures) -> dict[str, Any]:
    return {
        "accepted": figures.webhooks["accepted"],
        "busiest_second_of_a_minute": round(max(figures.events) / 60, 2),
        "lost": figures.webhooks["lost"],
        "rescued": figures.webhooks["rescued"],
        "not_found_yet": figures.webhooks["not found yet"],
        "found_after_seconds": _lateness(figures.found_after),
    }


def _spreading(
    setup: Setup, crowd: Sequence[ChannelSpec], figures: Figures
) -> list[demand.Spreading]:
    other = [load - slots for load, slots in zip(figures.load, figures.slots_load, strict=True)]
    slots = max(figures.runs["schedule"], 1)
    bounds = (0, *demand.SPREADS)
    return demand.compare_spreads(
        (
            (bound, demand.slots_by_minute(crowd, setup.start, setup.hours, bound))
            for bound in bounds
        ),
        other,
        sum(figures.slots_load) / slots,
        WITHIN_MINUTES,
    )


def say(report: dict[str, Any]) -> Iterator[str]:
    """The report in lines of text."""
    yield from _say_setup(report["setup"])
    yield ""
    yield from _say_runs(report)
    yield from _say_workers(report)
    yield from _say_platforms(report)
    yield ""
    yield from _say_spreading(report)


def _say_setup(setup: dict[str, Any]) -> Iterator[str]:
    costs = setup["costs"]
    yield (
        f"{setup['channels']:,} channels with {setup['jobs']:,} jobs, {setup['hours']:g} hours "
        f"from {setup['from']}, seed {setup['seed']}."
    )
    yield (
        f"Assumed: a run takes a worker {costs['run']:g} s and {costs['call']:g} s for each call, "
        f"{costs['time_out']:g} s for one to a platform that is away; a list has "
        f"{costs['page']} records a call, a by-ID run asks for {costs['open_records']} open ones; "
        f"the clock starts {costs['dispatch_rate']:,.0f} runs a second; "
        f"{setup['webhooks_lost']:.2%} of webhooks never come."
    )
    workers = setup["workers"]
    spread = setup["spread_minutes"]
    yield (
        f"Workers: {'as many as there is work for' if workers is None else workers}. "
        f"Slots spread: {f'within {spread} min' if spread else 'no'}. "
        f"Outages: {len(setup['outages']) or 'none'}."
    )


def _say_runs(report: dict[str, Any]) -> Iterator[str]:
    runs, slots = report["runs"], report["slots"]
    kinds = ", ".join(
        f"{name} {runs[name]:,}" for name in ("schedule", "webhook", "emergency") if name in runs
    )
    yield f"Runs           {runs['total']:,} ({kinds}); {runs['an_hour']:,} an hour"
    yield (
        f"Peaks          {runs['busiest_hour']:,} in the busiest hour, "
        f"{runs['busiest_minute']:,} in the busiest minute"
    )
    yield f"Slots          {slots.get('ran', 0):,} ran, {slots.get('coalesced', 0):,} coalesced"
    outcomes = ", ".join(f"{name} {count:,}" for name, count in runs["outcomes"].items())
    yield f"Outcomes       {outcomes or 'none'}"
    for name, late in report["late_seconds"].items():
        yield (
            f"Late           {name}: half within {late['p50']:g} s, 99 % within {late['p99']:g} s, "
            f"at most {late['longest']:g} s"
        )


def _say_workers(report: dict[str, Any]) -> Iterator[str]:
    workers = report["workers"]
    yield (
        f"Workers        {workers['seconds']:,} worker seconds; {workers['busy_on_average']:,} "
        f"busy on average, {workers['most_at_once']:,} at most; {workers['longest_queue']:,} runs "
        f"queued at most; {workers['enough']:,} never fall a minute behind"
    )
    slots, rate = (
        report["spreading"][0]["busiest_minute"],
        report["setup"]["costs"]["dispatch_rate"],
    )
    yield (
        f"Clock          {slots:,} slots in the busiest minute where none is spread: "
        f"{ceil(slots / rate * 10) / 10:g} s until the last of them is sent"
    )


def _say_platforms(report: dict[str, Any]) -> Iterator[str]:
    calls, hooks = report["calls"], report["webhooks"]
    yield (
        f"Calls          {calls['total']:,}, {calls['busiest_minute']:,} in the busiest minute; "
        f"one channel at most {calls['busiest_channel_a_minute']} a minute, and "
        f"{calls['of_its_limit']:.0%} of its platform's limit"
    )
    yield (
        f"Waits          {calls['runs_that_waited_for_a_limit']:,} for a limit, "
        f"{calls['runs_that_waited_for_a_platform']:,} for a platform that was away"
    )
    found = hooks["found_after_seconds"]
    yield (
        f"Webhooks       {hooks['accepted']:,} accepted, {hooks['busiest_second_of_a_minute']:,} a "
        "second in the busiest minute"
    )
    yield (
        f"Rescues        {hooks['lost']:,} lost, {hooks['rescued']:,} rescued (half after "
        f"{found['p50'] / 60:.0f} min, all after {found['longest'] / 60:.0f}), "
        f"{hooks['not_found_yet']:,} not found yet"
    )


def _say_spreading(report: dict[str, Any]) -> Iterator[str]:
    none = report["spreading"][0]
    yield (
        f"Without spreading {none['busiest_minute']:,} slots are due in the busiest minute; with "
        f"runs of average length {none['workers']:,} workers never fall a minute behind."
    )
    for each in report["spreading"][1:]:
        yield (
            f"Spread within {each['minutes']} min (by a hash of the job, less than its period): "
            f"{each['busiest_minute']:,} and {each['workers']:,}."
        )
