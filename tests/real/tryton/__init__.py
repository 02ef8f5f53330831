"""A real Tryton for tests: `server` installs and runs it, `warehouse` plays its workers."""
