"""The simulator: the product's own rules in virtual time, the same for the same seed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from itertools import pairwise
from random import Random

import pytest
from django.core.management import CommandError, call_command

from channels.connectors.base import Capability
from channels.enums import JobType, Mode, Track
from jobs import lease, tasks, wake
from jobs.plan import Facts, StableRow, make_plan
from jobs.simulation import demand, running, workers
from jobs.simulation.crowd import ChannelSpec, JobSpec, draw_crowd
from jobs.simulation.figures import Figures
from jobs.simulation.model import Simulation
from jobs.simulation.platform import Costs, Outage
from jobs.simulation.report import simulate_report
from jobs.simulation.running import Setup
from jobs.simulation.state import Job, Run
from jobs.simulation.streams import Rhythms, arrivals
from jobs.timetable import Grid, count_between

START = datetime(2026, 3, 2, tzinfo=UTC)
DAY = 86_400.0
ORDERS = Capability(JobType.RECEIVE_ORDERS, topics=("order.created",), by_id=True)


def spec(
    mode: Mode = Mode.RECURRING, period: int = 15, changes: float = 0.0, emergency: int = 60
) -> ChannelSpec:
    """A beta shop that does nothing but receive orders."""
    facts = Facts(
        type=JobType.RECEIVE_ORDERS,
        capability=ORDERS,
        mode=mode,
        track=Track.BETA,
        channel_enabled=True,
        account_enabled=True,
        offered=True,
        mapping_on=True,
        webhook_delay=None,
        emergency_period=emergency,
        main_period=period,
        delay=None,
        stable=StableRow(False, None, None),
    )
    plan = make_plan(facts)
    grid = None if plan.period is None else Grid(plan.period, plan.offset, "Europe/Berlin")
    job = JobSpec(JobType.RECEIVE_ORDERS, plan, grid, changes, safety=2.0)
    return ChannelSpec(0, "woocommerce", "Europe/Berlin", (job,))


class Watched(Simulation):
    """A simulation that looks at each claim and each end."""

    def __init__(self, setup: Setup, crowd: list[ChannelSpec]) -> None:
        self.spans: list[tuple[Run, float, float]] = []
        super().__init__(setup, crowd)

    def _begin(self, run: Run) -> float | None:
        seconds = super()._begin(run)
        if seconds is not None:
            self.spans.append((run, self.agenda.now, self.agenda.now + seconds))
        return seconds


def simulated(setup: Setup, crowd: list[ChannelSpec]) -> Figures:
    return Simulation(setup, crowd).go()


def test_one_seed_gives_one_report_and_another_seed_another() -> None:
    def report(seed: int) -> str:
        setup = Setup(hours=6, seed=seed, workers=3, lost=0.05)
        crowd = [*draw_crowd(40, seed)]
        return json.dumps(simulate_report(setup, crowd, simulated(setup, crowd)))

    assert report(7) == report(7)
    assert report(7) != report(8)


def test_a_crowd_has_as_many_channels_as_asked_for_and_only_jobs_that_run() -> None:
    crowd = [*draw_crowd(137, seed=3)]

    assert [channel.number for channel in crowd] == [*range(137)]
    assert all(job.plan.main_on for channel in crowd for job in channel.jobs)
    assert {job.plan.on_webhook for channel in crowd for job in channel.jobs} == {True, False}


@pytest.mark.parametrize("spread_minutes", [0, 10])
def test_each_slot_of_the_timetable_is_accounted_for(spread_minutes: int) -> None:
    setup = Setup(hours=24, spread_minutes=spread_minutes, workers=1)
    crowd = [*draw_crowd(30, seed=5)]

    figures = simulated(setup, crowd)

    end = START + timedelta(hours=24)
    grids = [job.grid for channel in crowd for job in channel.jobs if job.grid]
    assert figures.slots.total() == sum(count_between(grid, START, end) for grid in grids)


def test_slots_over_a_change_of_the_clock_are_those_of_the_timetable() -> None:
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    channel = spec(period=240)
    grid = channel.jobs[0].grid
    assert grid is not None

    figures = simulated(Setup(hours=24, start=start), [channel])

    assert figures.slots.total() == count_between(grid, start, start + timedelta(hours=24))


def test_a_job_never_has_two_active_runs() -> None:
    """Runs longer than their period, events meanwhile, and too few workers."""
    setup = Setup(hours=12, workers=3, lost=0.1, costs=Costs(run=400.0))
    simulation = Watched(setup, [*draw_crowd(12, seed=2)])

    figures = simulation.go()

    by_job: dict[Job, list[tuple[float, float]]] = {}
    for run, start, end in simulation.spans:
        by_job.setdefault(run.job, []).append((start, end))
    assert all(
        one[1] <= other[0] for spans in by_job.values() for one, other in pairwise(sorted(spans))
    )
    assert figures.slots["coalesced"] > 0
    assert simulation.workers.most_busy == 3


def test_a_slot_that_meets_an_active_full_run_is_coalesced() -> None:
    figures = simulated(Setup(hours=1, costs=Costs(run=600.0)), [spec(period=5)])

    assert figures.slots == {"ran": 4, "coalesced": 8}


def test_every_lost_webhook_is_rescued_within_its_sweep() -> None:
    """An emergency each hour, a sweep each four, and the minute that its window stays behind."""
    setup = Setup(hours=72, lost=0.2, seed=4)
    figures = simulated(setup, [spec(Mode.WEBHOOK, changes=200)])

    bound = timedelta(hours=4, minutes=2).total_seconds()
    assert figures.webhooks["rescued"] > 50
    assert figures.found_after.longest <= bound


def test_a_stream_that_falls_silent_is_noticed_within_the_emergency_period() -> None:
    setup = Setup(hours=48, lost=1.0)
    figures = simulated(setup, [spec(Mode.WEBHOOK, changes=100)])

    assert figures.webhooks["accepted"] == 0
    assert figures.found_after.longest <= timedelta(hours=1, minutes=2).total_seconds()


def test_without_loss_nothing_is_rescued() -> None:
    figures = simulated(Setup(hours=48, lost=0.0), [spec(Mode.WEBHOOK, changes=200)])

    assert figures.webhooks["rescued"] == figures.webhooks["not found yet"] == 0
    assert figures.webhooks["accepted"] > 300


def test_in_an_outage_runs_wait_and_catch_up_after_it() -> None:
    outage = Outage.parse("6:120")
    simulation = Watched(Setup(hours=24, outages=(outage,)), [spec(period=5)])

    figures = simulation.go()

    within = [end for run, start, end in simulation.spans if outage.start <= start < outage.end]
    after = [start for _, start, _ in simulation.spans if start >= outage.end]
    assert len(within) < 24
    assert figures.waits["for a platform that was away"] > 0
    assert after[0] - outage.end <= timedelta(minutes=15).total_seconds()
    assert figures.slots["coalesced"] > 0
    assert figures.slots.total() == 288


def test_an_outage_of_one_platform_leaves_the_others_alone() -> None:
    figures = simulated(Setup(hours=4, outages=(Outage.parse("1:60:shopify"),)), [spec(period=5)])

    assert figures.outcomes == {"succeeded": 48}


def test_a_limit_makes_runs_wait_and_is_kept() -> None:
    """More records change than the limit lets be read."""
    setup = Setup(hours=6, calls_a_minute=10.0)
    figures = simulated(setup, [spec(Mode.WEBHOOK, changes=20_000)])

    assert figures.waits["for a platform's limit"] > 0
    assert figures.outcomes["succeeded"] > 50
    # A full bucket, and what comes back meanwhile.
    assert figures.busiest_channel <= 20


def test_what_waited_for_a_platform_does_not_count_as_late() -> None:
    figures = simulated(Setup(hours=12, outages=(Outage.parse("3:60"),)), [spec(period=5)])

    assert figures.lateness["schedule"].longest < 1


def test_spreading_lowers_the_peak_and_keeps_the_slots() -> None:
    crowd = [*draw_crowd(300, seed=1)]

    together, spread_out = (demand.slots_by_minute(crowd, START, 24, bound) for bound in (0, 15))

    assert sum(together) == sum(spread_out)
    assert max(spread_out) < max(together) / 2
    before, after = (
        simulated(Setup(hours=3, spread_minutes=bound), crowd).started for bound in (0, 15)
    )
    assert max(after) < max(before)


def test_each_job_of_a_crowd_has_a_number_of_its_own() -> None:
    """By which it is spread, as the product's jobs are by theirs."""
    numbers = [spec.job_id(job) for spec in draw_crowd(50, seed=1) for job in spec.jobs]

    assert len(numbers) > 200
    assert len(set(numbers)) == len(numbers)


def test_changes_follow_the_hours_of_the_local_day() -> None:
    rhythm = Rhythms(START, 24 * 20).of("Asia/Tokyo")
    random = Random(1)  # noqa: S311 - nothing to guess
    times = [*arrivals(random, 500, rhythm, 20 * DAY)]

    def at_local_hour(hour: int) -> int:
        return sum((int(at // 3600) + 9) % 24 == hour for at in times)

    assert len(times) == pytest.approx(20 * 500, rel=0.05)
    assert at_local_hour(20) > 5 * at_local_hour(3)


@pytest.mark.parametrize(
    ("load", "within", "expected"),
    [
        ([60.0, 60.0], 0, 1),
        ([600.0, 0.0, 0.0], 0, 10),
        ([600.0, 0.0, 0.0], 1, 5),
        ([], 1, 1),
    ],
)
def test_enough_workers_fall_no_further_behind(
    load: list[float], within: float, expected: int
) -> None:
    assert demand.workers_for(load, within) == expected


def test_fewer_workers_make_runs_later() -> None:
    crowd = [*draw_crowd(200, seed=1)]

    few, many = (
        simulated(Setup(hours=3, workers=number), crowd).lateness["schedule"] for number in (2, 50)
    )

    assert few.percentile(0.99) > 2 * many.percentile(0.99)


def test_too_few_workers_make_slots_wait_and_not_what_was_told() -> None:
    crowd = [*draw_crowd(100, seed=3)]
    late = simulated(Setup(hours=3, workers=1), crowd).lateness

    assert late["schedule"].percentile(0.9) > 60
    assert late["webhook"].percentile(0.99) < 2


def test_the_constants_of_the_engine_are_the_products() -> None:
    assert workers.RUNS_PER_MESSAGE == wake.RUNS_PER_MESSAGE
    assert timedelta(seconds=workers.RESEND_AFTER) == wake.RESEND_AFTER
    assert workers.HANDS_BACK_AFTER == tasks.HANDS_BACK_AFTER_SECONDS
    assert timedelta(seconds=running.FIRST_WAIT) == lease.FIRST_WAIT
    assert timedelta(seconds=running.LONGEST_WAIT) == lease.LONGEST_WAIT
    assert running.MAX_ATTEMPTS == lease.MAX_ATTEMPTS


def command(*options: str) -> str:
    out = StringIO()
    call_command("simulate", "--channels", "20", "--days", "0.1", *options, stdout=out)
    return out.getvalue()


def test_the_command_says_what_it_assumed_and_found() -> None:
    text = command("--workers", "2", "--outage", "1:10:woocommerce")

    assert "a run takes a worker 0.05 s and 0.4 s for each call" in text
    assert "Workers: 2." in text
    assert "Without spreading" in text


def test_the_command_answers_in_json() -> None:
    assert json.loads(command("--json", "--seed", "9"))["setup"]["seed"] == 9


@pytest.mark.parametrize(
    "options", [("--outage", "soon"), ("--outage", "1:5:nobody"), ("--lost", "2"), ("--days", "0")]
)
def test_the_command_refuses_what_makes_no_sense(options: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        command(*options)
