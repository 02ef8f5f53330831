"""A simulator of the engine: an installation of any size in virtual time, without a database.

`crowd` draws accounts, channels and jobs from a seeded mix, through the rules of `jobs.plan`;
`streams` says when changes happen; `platform` what calls cost and when platforms are away;
`state` holds jobs and runs; `workers` are time, queue and processes; `model` is the whole, with
`running`, `circuits` and `emergencies`, through the real timetable, spread, overlap, deadline,
budget and circuit; `figures` adds up, `demand` draws conclusions, `report` words them.
"""
