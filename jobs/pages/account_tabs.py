"""The tabs of System Settings, by the name of each page's address."""

TABS = (
    ("account", "Main"),
    ("recurring_jobs", "Recurring Jobs"),
    ("account_history", "History"),
)
