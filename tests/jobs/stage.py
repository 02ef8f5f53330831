"""Tells an engine story step by step with the clock: move time, tick, let a worker work."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import time_machine

from accounts.models import Account
from channels.models import Channel
from jobs import clock, configure, intake
from jobs.change import Change
from jobs.dispatch import Request, request_run
from jobs.execute import execute
from jobs.models import Event, Job, Run
from jobs.overlap import Sort, Trigger
from tests.jobs import platform

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


class Stage:
    """`now` is frozen; `at("12:05")` moves it, later the same day or, if past, the next one."""

    def __init__(self, traveller: time_machine.Traveller, account: Account) -> None:
        self._traveller = traveller
        self.account = account
        self.now = START
        self.goto(START)

    def goto(self, moment: datetime) -> Stage:
        self.now = moment
        self._traveller.move_to(moment, tick=False)
        return self

    def at(self, clock_time: str) -> Stage:
        """Move to this UTC time, never back."""
        hour, minute, *second = (int(part) for part in clock_time.split(":"))
        moment = self.now.replace(
            hour=hour, minute=minute, second=second[0] if second else 0, microsecond=0
        )
        return self.goto(moment if moment >= self.now else moment + timedelta(days=1))

    def wait(self, **duration: float) -> Stage:
        return self.goto(self.now + timedelta(**duration))

    def tick(self) -> Stage:
        clock.tick(self.now)
        return self

    def work(self) -> list[int]:
        """One worker does everything that may start now; answers the runs it did, in order."""
        done: list[int] = []
        while True:
            due = Run.objects.filter(status="queued", not_before__lte=self.now).order_by("pk")
            did = [run.pk for run in due if execute(run.pk, lambda: self.now)]
            if not did:
                return done
            done += did

    def go(self) -> list[int]:
        """A tick, then a worker, as a running program does."""
        self.tick()
        return self.work()

    def run_until(self, moment: datetime, step: timedelta = timedelta(minutes=1)) -> list[int]:
        """Let the program run from now to a moment, looking each `step`."""
        done: list[int] = []
        while self.now < moment:
            done += self.go()
            self.goto(min(self.now + step, moment))
        return done + self.go()

    def save(self, channel: Channel, **values: object) -> list[str]:
        """Save channel fields, or job fields as `receive_orders={...}`; answers the sentences."""
        jobs = {(channel.pk, k): v for k, v in values.items() if isinstance(v, dict)}
        own = {k: v for k, v in values.items() if not isinstance(v, dict)}
        change = Change(channels={channel.pk: own} if own else {}, jobs=jobs)
        found = configure.apply(self.account, change, self.now)
        channel.refresh_from_db()
        return [one.sentence for one in found]

    def deliver(self, channel: Channel, topic: str, *entities: str, number: int = 0) -> Event:
        headers, body = platform.deliver(topic, *entities, number=number)
        fresh = Channel.objects.select_related("account").get(pk=channel.pk)
        receipt = intake.receive(fresh, headers, body, self.now)
        assert receipt.event, receipt
        return Event.objects.get(pk=receipt.event)

    def run_of(self, event: Event) -> Run:
        """The run the event is attached to now."""
        event.refresh_from_db()
        assert event.run_id
        return Run.objects.get(pk=event.run_id)

    def ask_for(
        self, channel: Channel, *external_ids: str, job_type: str = "receive_orders"
    ) -> Run:
        """An entity run for these records, as the retry of parked ones opens it."""
        job = self.job(channel, job_type)
        asked = Request(job, Trigger.RETRY, Sort.ENTITY, self.now, entities=external_ids)
        ticket = request_run(asked, self.now)
        assert ticket.run
        return ticket.run

    def job(self, channel: Channel, job_type: str = "receive_orders") -> Job:
        return Job.objects.with_channel().get(channel=channel, type=job_type)

    def runs(self, channel: Channel, job_type: str = "receive_orders") -> list[Run]:
        return list(Run.objects.filter(channel=channel, type=job_type).order_by("pk"))
