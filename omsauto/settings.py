"""Settings. Every value an operator may want to change comes from the environment."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django_stubs_ext
import environ

from omsauto import keys, logs, storage

django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# Which process this is: web, worker, beat, or command for everything else. The Procfile says so.
PROCESS: str = env.str("OMSAUTO_PROCESS", default="command")

# State: database file, embedded broker, logs, keys.
VAR = Path(env.str("OMSAUTO_VAR", default=str(BASE_DIR / "var"))).resolve()
VAR.mkdir(parents=True, exist_ok=True)

HOST: str = env.str("HOST", default="127.0.0.1")
PORT: int = env.int("PORT", default=8000)

# --- omsauto's own settings ---------------------------------------------------------------------

# The demo account with its sandbox shop and warehouse.
OMSAUTO_DEMO: bool = env.bool("OMSAUTO_DEMO", default=True)
# Whether connectors may call loopback and private addresses. Off, an operator of one account
# cannot make this server talk to its own network.
OMSAUTO_ALLOW_PRIVATE_HOSTS: bool = env.bool("OMSAUTO_ALLOW_PRIVATE_HOSTS", default=OMSAUTO_DEMO)
# The address platforms reach us at: the start of each webhook URL that is registered there.
OMSAUTO_PUBLIC_URL: str = env.str("OMSAUTO_PUBLIC_URL", default=f"http://{HOST}:{PORT}").rstrip("/")
# Where it is set, others know this installation by it, whatever name a proxy asks by.
OMSAUTO_HAS_PUBLIC_URL: bool = "OMSAUTO_PUBLIC_URL" in env
# Served over HTTPS, behind a proxy that sets X-Forwarded-Proto: secure cookies, HSTS, redirects.
OMSAUTO_HTTPS: bool = env.bool("OMSAUTO_HTTPS", default=OMSAUTO_PUBLIC_URL.startswith("https://"))
# Largest webhook body, in bytes; above it the answer is 413.
OMSAUTO_WEBHOOK_MAX_BODY: int = env.int("OMSAUTO_WEBHOOK_MAX_BODY", default=1024 * 1024)
# Longest webhook delay that travels as the message's countdown; the clock sends longer ones.
OMSAUTO_COUNTDOWN_LIMIT_SECONDS: int = env.int("OMSAUTO_COUNTDOWN_LIMIT_SECONDS", default=300)
# An emergency sweep comes at the earliest this long after the last proof.
OMSAUTO_SWEEP_MINIMUM_MINUTES: int = env.int("OMSAUTO_SWEEP_MINIMUM_MINUTES", default=60)
# A longer window is worked in consecutive parts of this length.
OMSAUTO_WINDOW_PART_HOURS: int = env.int("OMSAUTO_WINDOW_PART_HOURS", default=24)
# A by-ID run asks for at most this many open records, each by its identifier. Where more are
# open, the next run goes on with those after the last one asked for, so each has its turn.
OMSAUTO_BY_ID_BATCH: int = env.int("OMSAUTO_BY_ID_BATCH", default=1000)
# An open record is no longer asked for when we have had it for this many days.
OMSAUTO_BY_ID_MAX_AGE_DAYS: int = env.int("OMSAUTO_BY_ID_MAX_AGE_DAYS", default=90)
# An open record that could not be read in this many by-ID runs in a row is parked, and asked for
# again only when a retry of the parked record has worked.
OMSAUTO_BY_ID_GIVE_UP_RUNS: int = env.int("OMSAUTO_BY_ID_GIVE_UP_RUNS", default=5)
# This share of what a platform lets a channel ask for is kept for runs by hand and by webhook.
OMSAUTO_BUDGET_RESERVE_PERCENT: int = env.int("OMSAUTO_BUDGET_RESERVE_PERCENT", default=20)
# A channel's runs wait after this many connection, time-out, 5xx or login errors in a row. Its
# platform is tried again after this many seconds, then after twice as many, up to 15 minutes.
OMSAUTO_CIRCUIT_FAILURES: int = env.int("OMSAUTO_CIRCUIT_FAILURES", default=5)
OMSAUTO_CIRCUIT_FIRST_WAIT_SECONDS: int = env.int("OMSAUTO_CIRCUIT_FIRST_WAIT_SECONDS", default=30)
# Events older than this are deleted; duplicates are recognised for as long (at least 7 days).
OMSAUTO_EVENT_RETENTION_DAYS: int = env.int("OMSAUTO_EVENT_RETENTION_DAYS", default=30)
# So far back a trace knows which run created, changed or sent a record.
OMSAUTO_TRACE_DAYS: int = env.int("OMSAUTO_TRACE_DAYS", default=90)

# --- Secrets ------------------------------------------------------------------------------------

SECRET_KEY: str = env.str("SECRET_KEY", default="") or keys.kept_secret(VAR / "secret_key", size=48)
# Former ones, comma separated: what they signed (sessions) stays valid until they are removed.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# Fernet keys, comma separated, or lines of the file. The first encrypts, all decrypt: put a new
# one first, restart, run manage.py rotate_keys, then remove the old one.
OMSAUTO_ENCRYPTION_KEYS: list[str] = (
    env.list("OMSAUTO_ENCRYPTION_KEYS", default=[])
    or keys.kept_secret(VAR / "encryption_key").split()
)

# --- Applications -------------------------------------------------------------------------------

DEBUG: bool = env.bool("DEBUG", default=False)
ROOT_URLCONF = "omsauto.urls"
WSGI_APPLICATION = "omsauto.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_USER_MODEL = "accounts.User"

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "django_htmx",
    "django_celery_beat",
    "csp",
    "axes",
    "accounts",
    "channels",
    "oms",
    "jobs",
    "notifications",
    "omsauto",
]

MIDDLEWARE = [
    # Webhooks and probes leave here; the rest of the list costs them nothing.
    "omsauto.lean.lean_paths",
    "omsauto.replica.pages_from_replica",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "jobs.pages.middleware.account_zone",
    # Answers in the place of a view that found too many failed attempts.
    "axes.middleware.AxesMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "jobs.pages.nav.nav",
            ],
            "libraries": {"omsauto": "jobs.pages.tags", "lucide": "jobs.pages.icons"},
        },
    }
]

LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    # Refuses whoever failed too often, before a password is looked at.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator"},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
]

# --- Database -----------------------------------------------------------------------------------

# Threads of one web process, and so the size of its database pool.
WEB_THREADS: int = env.int("WEB_THREADS", default=16)
DATABASES = {
    "default": storage.database(
        env.db_url("DATABASE_URL", default=f"sqlite:///{VAR / 'omsauto.sqlite3'}"),
        PROCESS,
        WEB_THREADS,
    )
}
# A replica that pages read from: the same database, a few seconds older, read only.
DATABASE_REPLICA_URL: str = env.str("DATABASE_REPLICA_URL", default="")
if DATABASE_REPLICA_URL and PROCESS == "web":
    DATABASES["replica"] = storage.database(
        env.db_url_config(DATABASE_REPLICA_URL), PROCESS, WEB_THREADS
    )
    DATABASE_ROUTERS = ["omsauto.replica.PagesRouter"]

# --- Celery -------------------------------------------------------------------------------------

REDIS_URL: str = env.str("REDIS_URL", default="")
# redis://... or amqp://...: messages alone go there, nothing else uses Redis.
BROKER_URL: str = env.str("BROKER_URL", default="") or REDIS_URL
CELERY_BROKER_URL, CELERY_BROKER_TRANSPORT, CELERY_BROKER_TRANSPORT_OPTIONS = storage.broker(
    BROKER_URL, VAR / "broker"
)
# Remote control needs a broadcast; in the embedded broker it would only cost folder listings.
CELERY_WORKER_ENABLE_REMOTE_CONTROL = bool(BROKER_URL)
CELERY_BROKER_CONNECTION_TIMEOUT = 2
# A worker waits for a broker that is away, for as long as it takes.
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_DEFAULT_QUEUE = "omsauto"
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
# A message is a wake-up call: lost with a killed worker, the clock sends the next.
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_SOFT_TIME_LIMIT = env.int("TASK_SOFT_TIME_LIMIT", default=15 * 60)
CELERY_TASK_TIME_LIMIT = CELERY_TASK_SOFT_TIME_LIMIT + 60
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CONCURRENCY = env.int("WORKER_CONCURRENCY", default=2)
# A worker process that grew beyond this many KiB is replaced after its task.
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 512 * 1024
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_SEND_TASK_EVENTS = False
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "omsauto.beat:ClockScheduler"
DJANGO_CELERY_BEAT_TZ_AWARE = True
# The few maintenance entries; Beat keeps them as rows that an admin sees and tunes.
CELERY_BEAT_SCHEDULE = {
    "forget old events": {"task": "jobs.forget_old_events", "schedule": timedelta(hours=1)},
    "forget old changes": {"task": "jobs.forget_old_changes", "schedule": timedelta(hours=1)},
    "forget ended logins": {"task": "jobs.forget_ended_logins", "schedule": timedelta(hours=1)},
    "wake replays": {"task": "jobs.wake_replays", "schedule": timedelta(minutes=1)},
    "reconcile": {"task": "jobs.reconcile", "schedule": timedelta(hours=1)},
    "reconcile stock": {"task": "jobs.reconcile_stock", "schedule": timedelta(hours=1)},
    "audit subscriptions": {"task": "jobs.audit_subscriptions", "schedule": timedelta(hours=1)},
    # Past their end they are refused at once; this wipes them from the database.
    "forget former webhook secrets": {
        "task": "jobs.forget_former_secrets",
        "schedule": timedelta(minutes=1),
    },
    # A message that waited for longer is superseded by the next one.
    "tell": {
        "task": "notifications.tell",
        "schedule": timedelta(minutes=1),
        "options": {"expires": 60},
    },
}

# --- API ----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["jobs.api.parsing.Json"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "jobs.api.paging.Page",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "EXCEPTION_HANDLER": "jobs.api.errors.answer",
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Tokens are stored hashed and last until they are revoked, unless made with an expiry.
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": None, "TOKEN_PREFIX": "oms_"}
# The model of tokens by the name that migrations know it by.
KNOX_TOKEN_MODEL = "knox.AuthToken"  # noqa: S105 - the name of a model
SPECTACULAR_SETTINGS = {
    "TITLE": "omsauto",
    "DESCRIPTION": "When information flows between channels, and proof that it does.",
    "VERSION": "v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "jobs.api.description.describe",
    ],
    # Words that several things use under one name, each set of them named once.
    "ENUM_NAME_OVERRIDES": {
        "JobTypeEnum": "channels.enums.JobType",
        "RunStatusEnum": "jobs.models.RunStatus",
        "EventStatusEnum": "jobs.models.EventStatus",
        "OrderStatusEnum": "oms.models.OrderStatus",
        "ShipmentStatusEnum": "oms.models.ShipmentStatus",
        "ParkedStatusEnum": "oms.models.ParkedStatus",
    },
}

# --- Mail ---------------------------------------------------------------------------------------

# Where mail leaves: smtp+tls://user:password@host:587 and the other forms of django-environ.
# Without it none is sent, and pages show the links that it would have carried.
EMAIL_CONFIG = env.email_url("EMAIL_URL", default="consolemail://")
vars().update(EMAIL_CONFIG)
# The sender of every mail.
DEFAULT_FROM_EMAIL: str = env.str("OMSAUTO_MAIL_FROM", default="omsauto@localhost")
# A page that sends mail waits this long for the mail server, in seconds, at each step.
EMAIL_TIMEOUT: int = env.int("OMSAUTO_MAIL_TIMEOUT_SECONDS", default=5)

# --- Security -----------------------------------------------------------------------------------

ALLOWED_HOSTS: list[str] = env.list(
    "ALLOWED_HOSTS",
    default=["localhost", "127.0.0.1", "[::1]", HOST, urlsplit(OMSAUTO_PUBLIC_URL).hostname],
)
CSRF_TRUSTED_ORIGINS = [OMSAUTO_PUBLIC_URL] if OMSAUTO_HTTPS else []
CSRF_COOKIE_SECURE = SESSION_COOKIE_SECURE = SECURE_SSL_REDIRECT = OMSAUTO_HTTPS
CSRF_COOKIE_HTTPONLY = SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = SESSION_COOKIE_SAMESITE = "Lax"
# Two servers side by side on one host differ in their port alone, which cookies do not see.
# The prefix makes browsers refuse such a cookie from a sibling domain or over plain HTTP.
_HOST_ONLY = "__Host-" if OMSAUTO_HTTPS else ""
SESSION_COOKIE_NAME = f"{_HOST_ONLY}omsauto_session_{PORT}"
CSRF_COOKIE_NAME = f"{_HOST_ONLY}omsauto_csrf_{PORT}"
# A login ends after so many days, used or not.
SESSION_COOKIE_AGE = int(timedelta(days=env.int("OMSAUTO_SESSION_DAYS", default=7)).total_seconds())
SECURE_HSTS_SECONDS = int(timedelta(days=365).total_seconds()) if OMSAUTO_HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if OMSAUTO_HTTPS else None
DEFAULT_EXCEPTION_REPORTER_FILTER = "omsauto.error_reports.Filter"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    # HSTS for sibling subdomains and for browsers' preload lists is a promise about the
    # operator's whole domain, which only its proxy can make.
    "security.W005",
    "security.W021",
]
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "manifest-src": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}

# So many of our own proxies stand in front and append to X-Forwarded-For; with 0 the header is not
# believed, and all who come through one proxy count as one address.
OMSAUTO_TRUSTED_PROXIES: int = env.int("OMSAUTO_TRUSTED_PROXIES", default=0)
# Failed attempts to log in, of one user name from one address or of one user's codes, until
# further ones are refused for so many minutes.
AXES_FAILURE_LIMIT: int = env.int("OMSAUTO_LOGIN_ATTEMPTS", default=5)
AXES_COOLOFF_TIME = timedelta(minutes=env.int("OMSAUTO_LOGIN_WAIT_MINUTES", default=15))
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_PARAMETERS = "accounts.attempts.counted_by"
AXES_LOCKOUT_CALLABLE = "accounts.attempts.too_many"
AXES_USERNAME_CALLABLE = "accounts.attempts.known_as"
AXES_CLIENT_IP_CALLABLE = "accounts.attempts.address_of"
AXES_USERNAME_FORM_FIELD = "username"
# Neither kept nor logged: some type their password where their name belongs.
AXES_SENSITIVE_PARAMETERS = [
    "username", "old_password", "new_password1", "new_password2", "code", "csrfmiddlewaretoken",
    "next",
]  # fmt: skip
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

# --- Language, time, files ----------------------------------------------------------------------

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# --- Logs ---------------------------------------------------------------------------------------

_TO_FILE = PROCESS != "command"
if _TO_FILE:
    (VAR / "logs").mkdir(exist_ok=True)
LOGGING = logs.logging_config(
    level=env.str("LOG_LEVEL", default="INFO").upper(),
    console=env.str("LOG_FORMAT", default="console" if sys.stderr.isatty() else "json"),
    file=VAR / "logs" / f"{PROCESS}.log" if _TO_FILE else None,
)
logs.configure_structlog()
