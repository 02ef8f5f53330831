"""The tabs of System Settings, by the name of each page's address."""

TABS = (
    ("account", "Main"),
    ("recurring_jobs", "Recurring Jobs"),
    ("members", "Members"),
    ("api_tokens", "API tokens"),
    ("notifications", "Notifications"),
    ("account_history", "History"),
)
