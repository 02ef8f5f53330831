"""A pretended Tryton: `tables` keeps records, `business` moves them, `server` speaks JSON-RPC."""
