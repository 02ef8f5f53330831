"""What becomes of a request for a run: the whole table, and when a manual one brings forward."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jobs.overlap import ActiveRun, Decision, Sort, Trigger, decide, forward_to

AT = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
FULL = (Trigger.SCHEDULE, Trigger.EMERGENCY, Trigger.MANUAL, Trigger.RETRY)
ENTITY = (Trigger.WEBHOOK, Trigger.RETRY, Trigger.CHANGE)
REQUESTS = [(one, Sort.FULL) for one in FULL] + [(one, Sort.ENTITY) for one in ENTITY]
RUNNING = {sort: ActiveRun(sort, running=True) for sort in Sort}
BETWEEN_ATTEMPTS = {sort: ActiveRun(sort, running=False) for sort in Sort}


@pytest.mark.parametrize(("trigger", "sort"), REQUESTS)
def test_without_any_run_a_request_opens_one(trigger: Trigger, sort: Sort) -> None:
    assert decide(trigger, sort, None, waiting=False) == Decision.OPEN


@pytest.mark.parametrize(("trigger", "sort"), REQUESTS)
def test_a_request_joins_the_waiting_run_of_its_sort(trigger: Trigger, sort: Sort) -> None:
    assert decide(trigger, sort, None, waiting=True) == Decision.JOIN_WAITING


@pytest.mark.parametrize("waiting", [True, False])
@pytest.mark.parametrize("active", [RUNNING[Sort.FULL], BETWEEN_ATTEMPTS[Sort.FULL]])
def test_during_a_full_run_slots_are_coalesced_and_emergencies_dropped(
    active: ActiveRun, waiting: bool
) -> None:
    assert decide(Trigger.SCHEDULE, Sort.FULL, active, waiting) == Decision.COALESCE
    assert decide(Trigger.EMERGENCY, Sort.FULL, active, waiting) == Decision.DROP


@pytest.mark.parametrize("trigger", FULL)
@pytest.mark.parametrize("active", [RUNNING[Sort.ENTITY], BETWEEN_ATTEMPTS[Sort.ENTITY]])
def test_during_an_entity_run_full_runs_wait(trigger: Trigger, active: ActiveRun) -> None:
    assert decide(trigger, Sort.FULL, active, waiting=False) == Decision.OPEN
    assert decide(trigger, Sort.FULL, active, waiting=True) == Decision.JOIN_WAITING


@pytest.mark.parametrize("trigger", ENTITY)
@pytest.mark.parametrize("active", [*RUNNING.values(), *BETWEEN_ATTEMPTS.values()])
def test_entity_requests_never_touch_an_active_run(trigger: Trigger, active: ActiveRun) -> None:
    assert decide(trigger, Sort.ENTITY, active, waiting=False) == Decision.OPEN
    assert decide(trigger, Sort.ENTITY, active, waiting=True) == Decision.JOIN_WAITING


@pytest.mark.parametrize("waiting", [True, False])
def test_a_manual_request_brings_the_next_attempt_forward(waiting: bool) -> None:
    between = BETWEEN_ATTEMPTS[Sort.FULL]
    assert decide(Trigger.MANUAL, Sort.FULL, between, waiting) == Decision.BRING_FORWARD


def test_a_manual_request_during_a_running_full_run_gets_a_run_of_its_own() -> None:
    running = RUNNING[Sort.FULL]
    assert decide(Trigger.MANUAL, Sort.FULL, running, waiting=False) == Decision.OPEN
    assert decide(Trigger.MANUAL, Sort.FULL, running, waiting=True) == Decision.JOIN_WAITING


@pytest.mark.parametrize(
    ("next_attempt", "retry_after", "forward"),
    [
        (10, None, 0),
        (10, 5, 5),
        (10, 10, 10),
        (10, -5, 0),
        (-1, None, -1),  # due already: nothing to bring forward
        (-1, 5, -1),
    ],
)
def test_forward_means_now_but_never_before_a_retry_after(
    next_attempt: int, retry_after: int | None, forward: int
) -> None:
    asked = AT + timedelta(minutes=retry_after) if retry_after is not None else None
    moved = forward_to(AT, AT + timedelta(minutes=next_attempt), asked)
    assert moved == AT + timedelta(minutes=forward)


@pytest.mark.parametrize("running", [True, False])
def test_a_slot_that_is_to_start_later_waits_for_a_full_run(running: bool) -> None:
    active = ActiveRun(Sort.FULL, running)
    for waiting, decision in ((False, Decision.OPEN), (True, Decision.JOIN_WAITING)):
        assert decide(Trigger.SCHEDULE, Sort.FULL, active, waiting, later=True) == decision
    assert decide(Trigger.EMERGENCY, Sort.FULL, active, False, later=True) == Decision.DROP
