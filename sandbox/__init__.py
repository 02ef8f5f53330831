"""A pretend shop and a pretend warehouse: HTTP APIs, signed webhooks, faults on demand.

It stands alone (standard library only) and serves the first run, outage drills and tests. Start
it with `python -m sandbox --port 8001`; the page at `/` and the JSON calls under `/control/`
drive it, `/shops/NAME/` and `/warehouses/NAME/` are the platforms' own APIs.
"""
