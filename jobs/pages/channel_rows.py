"""The rows of a channel's jobs: what shows, what is known, what comes next."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.forms import BoundField

from channels.enums import TRAITS, JobType, Row, Track
from jobs.models import Job, Rescue
from jobs.pages import words
from jobs.pages.channel_form import ChannelForm, JobForm
from jobs.plan import Plan, follows_mode
from jobs.reading import jobs_in_emergency, shown_reason, shown_state
from jobs.timetable import next_slot
from jobs.world import World, capability
from oms.models import ParkedRecord, ParkedStatus
from oms.sync_inventory import mode_of

RESCUE_DAYS = 7
NEXT_SLOTS = 3
WEBHOOK_FIELDS = ("webhook_delay_minutes", "emergency_period_minutes")


@dataclass(frozen=True)
class JobRow:
    """One job on the form. `settled`: what the form says is what is stored and acts.

    `spread`: by how long its runs start after their slots. `besides`: what starts it beside its
    slots and events, in words.
    """

    job: Job
    plan: Plan
    fields: list[BoundField]
    hidden: list[BoundField]
    settled: bool
    state: str
    reason: str
    next_slots: list[datetime]
    spread: timedelta
    parked: int
    rescues: int
    has_emergency: bool
    errors: list[str]
    besides: str

    @property
    def label(self) -> str:
        return JobType(self.job.type).label

    @property
    def does(self) -> str:
        return words.DOES[JobType(self.job.type)]

    @property
    def pulls(self) -> bool:
        return TRAITS[JobType(self.job.type)].direction == "pull"

    @property
    def period_words(self) -> str:
        return words.each(self.plan.period)

    @property
    def never_renews(self) -> bool:
        return self.job.type == JobType.REFRESH_AUTHORIZATION and self.plan.period is None


class Reader:
    """Reads what the rows tell, in a handful of queries however many rows there are."""

    def __init__(self, form: ChannelForm, at: datetime) -> None:
        self.form, self.at = form, at
        self.world: World = form.target
        ids = [job.pk for job in form.world.jobs.values()]
        self.running = jobs_in_emergency(form.world.jobs.values())
        rescued = Rescue.objects.filter(
            job__in=ids, rescued_at__gte=at - timedelta(days=RESCUE_DAYS)
        )
        self.rescues = Counter(rescued.order_by().values_list("job_id", flat=True))
        self.parked = Counter(
            ParkedRecord.objects.filter(channel=form.channel, status=ParkedStatus.PARKED)
            .order_by()
            .values_list("type", flat=True)
        )

    def blocks(self) -> dict[str, list[JobRow]]:
        """The rows by their section of the page; a job that is not offered has none."""
        return {key: list(self._rows(types)) for key, types in words.BLOCKS.items()}

    def rows(self) -> list[JobRow]:
        return [row for rows in self.blocks().values() for row in rows]

    def _rows(self, types: tuple[JobType, ...]) -> Iterator[JobRow]:
        for job_type in types:
            form = self.form.jobs.get(job_type)
            if form and self._plan(form).row:
                yield self._row(form)

    def _plan(self, form: JobForm) -> Plan:
        """As the job on the form would be; `form.job` is the stored one."""
        return self.world.plan(self.world.jobs[form.job.channel_id, form.job.type])

    def _row(self, form: JobForm) -> JobRow:
        job, plan = form.job, self._plan(form)
        shown = self._shown(plan, JobType(job.type))
        owner = capability(self.form.channel, JobType(job.type))
        settled = plan == self.form.world.plan(job)
        return JobRow(
            job=job,
            plan=plan,
            fields=[form[name] for name in shown],
            hidden=self._kept(form, shown),
            settled=settled,
            state=shown_state(job, self.running) if settled else "",
            reason=shown_reason(job) if settled else plan.emergency.reason,
            next_slots=self._next_slots(plan),
            spread=self.world.spread(job, plan),
            parked=self.parked[job.type],
            rescues=self.rescues[job.pk],
            has_emergency=owner is not None and follows_mode(JobType(job.type), owner),
            errors=[str(error) for error in form.non_field_errors()],
            besides=self._besides(JobType(job.type)),
        )

    def _shown(self, plan: Plan, job_type: JobType) -> tuple[str, ...]:
        """Names of the fields of the row; none where the account decides."""
        if plan.row == Row.WEBHOOK:
            return WEBHOOK_FIELDS
        if self.form.channel.track == Track.STABLE:
            return ()
        if TRAITS[job_type].delay_on_recurring:
            return ("delay_minutes", "main_period_minutes")
        return ("main_period_minutes",)

    def _kept(self, form: JobForm, shown: tuple[str, ...]) -> list[BoundField]:
        """What was typed into fields that the chosen mode hides: it is kept, and saved."""
        hidden = [name for name in form.fields if name not in shown]
        return [
            form[name]
            for name in hidden
            if form.is_bound and _text(form[name].value()) != _text(getattr(form.job, name))
        ]

    def _besides(self, job_type: JobType) -> str:
        if job_type != JobType.SYNC_INVENTORY:
            return ""
        return words.STOCK_SENT.get(mode_of(self.form.channel), "")

    def _next_slots(self, plan: Plan) -> list[datetime]:
        grid = None if plan.suspended else self.world.grid(plan)
        slots: list[datetime] = []
        while grid and len(slots) < NEXT_SLOTS:
            slots.append(next_slot(grid, slots[-1] if slots else self.at))
        return slots


def _text(value: object) -> str:
    return "" if value is None else str(value)
