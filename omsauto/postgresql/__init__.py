"""Django's PostgreSQL backend, with instants read by the fastest way Python has."""
