"""Django settings, all from the environment; a fault stops the start and names its cure.

HES_ENV=development makes what is missing (keys in HES_HOME, mode 0600) and needs no variable at
all; HES_ENV=production makes nothing and refuses what is missing or weak. A secret may stand in
NAME or in the file named by NAME_FILE.
"""

import base64
import os
import secrets
from pathlib import Path

from hes.lib.env import DatabaseUrl, Environment, parse_master_key
from hes.lib.home import default_home, kept_secret

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment(os.environ)

HES_ENV = env.choice("HES_ENV", "development", ("development", "production"))
PRODUCTION = HES_ENV == "production"
HES_HOME = env.path("HES_HOME", default_home())
EXPORT_DIR = env.path("HES_EXPORT_DIR", HES_HOME / "export")


# --- secrets ---------------------------------------------------------------------------------


def _secret(name: str, file_name: str, make: str) -> str:
    """The configured secret; in development else the one kept in HES_HOME, made at first need."""
    value = env.secret(name)
    if value or PRODUCTION:
        return value
    try:
        return kept_secret(HES_HOME / file_name, lambda: make)
    except (OSError, ValueError) as fault:
        env.fault("HES_HOME", f"cannot keep a generated {name}: {fault}")
        return make


def _secret_key() -> str:
    key = _secret("HES_SECRET_KEY", "secret_key", secrets.token_urlsafe(64))
    if len(key) < 50 or len(set(key)) < 12 or key.startswith("django-insecure"):
        env.fault(
            "HES_SECRET_KEY", "must be 50 or more random characters, also by HES_SECRET_KEY_FILE"
        )
    return key


def _master_key() -> bytes:
    made = base64.b64encode(secrets.token_bytes(32)).decode()
    try:
        return parse_master_key(_secret("HES_MASTER_KEY", "master_key", made))
    except ValueError as fault:
        env.fault("HES_MASTER_KEY", f"(wraps all device keys) {fault}")
        return b""


SECRET_KEY = _secret_key()
HES_MASTER_KEY = _master_key()

# --- databases and broker --------------------------------------------------------------------
# Processes connect as hes_app. Only migrations and partition maintenance run with
# HES_ROLE=owner, which reads OWNER_DATABASE_URL (role hes_owner).

HES_ROLE = env.choice("HES_ROLE", "app", ("app", "owner"))
DATABASE_VARIABLE = "OWNER_DATABASE_URL" if HES_ROLE == "owner" else "DATABASE_URL"
REDIS_URL = env.secret("REDIS_URL")
# No device clock is set unless the kernel's NTP state proves ours; containers often cannot know it.
HES_REQUIRE_NTP = env.flag("HES_REQUIRE_NTP", default=PRODUCTION)
# Each association is ciphered by a key of its own, drawn for it and sent under the global one.
HES_DEDICATED_KEYS = env.flag("HES_DEDICATED_KEYS")
# Test fields only: before each change the meter is told the order, and counts executions by it.
HES_SIMULATOR_ORDER_TAG = env.flag("HES_SIMULATOR_ORDER_TAG")
if PRODUCTION and HES_SIMULATOR_ORDER_TAG:
    env.fault("HES_SIMULATOR_ORDER_TAG", "writes to an object that real meters do not have")


def _database(url: DatabaseUrl | None) -> dict[str, object]:
    if url is None:
        if PRODUCTION:
            env.fault(DATABASE_VARIABLE, "is required, for example postgres://hes_app@db/hes")
        return {"ENGINE": "hes.lib.no_database", "NAME": "hes"}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": url.name,
        "USER": url.user,
        "PASSWORD": url.password,
        "HOST": url.host,
        "PORT": url.port or "",
        "OPTIONS": {"application_name": f"hes-{HES_ROLE}", **url.options},
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(env.database(DATABASE_VARIABLE))}

# --- Django ----------------------------------------------------------------------------------

DEBUG = env.flag("HES_DEBUG")
# The status page asks nobody who they are: open it in production only behind something that does.
STATUS_PAGE = env.flag("HES_STATUS_PAGE", default=not PRODUCTION)
ALLOWED_HOSTS = env.words("HES_ALLOWED_HOSTS") or (
    [] if PRODUCTION else ["localhost", "127.0.0.1", "[::1]"]
)
CSRF_TRUSTED_ORIGINS = env.words("HES_TRUSTED_ORIGINS")
if PRODUCTION and DEBUG:
    env.fault("HES_DEBUG", "shows internals to strangers; unset it in production")
if PRODUCTION and not ALLOWED_HOSTS:
    env.fault("HES_ALLOWED_HOSTS", "is required: the host names users type, separated by commas")

INSTALLED_APPS = [
    "hes",
    "devices",
    "workorders",
    "integration",
    "listeners",
    # Not the stock admin: its autodiscovery would import third-party admin modules, one of
    # which needs a GDAL library on the host.
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
ROOT_URLCONF = "hes.urls"
WSGI_APPLICATION = "hes.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"  # Device-local time is made at the borders, from the device's zone.
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = env.path("HES_STATIC_ROOT", HES_HOME / "static")
STATICFILES_DIRS = [folder for folder in (BASE_DIR / "static",) if folder.is_dir()]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_AUTOREFRESH = WHITENOISE_USE_FINDERS = not PRODUCTION

# --- transport security ----------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_HTTPONLY = True
SECURE_SSL_REDIRECT = PRODUCTION
# Probes and scrapers come from inside, without TLS.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
X_FRAME_OPTIONS = "DENY"
if env.flag("HES_BEHIND_PROXY"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SILENCED_SYSTEM_CHECKS = [
    # Names beside and above ours belong to the utility: its decision, not ours.
    "security.W005",  # HSTS for sub-domains
    "security.W021",  # HSTS preload list
]

# --- what leaves: hubs, blobs, how long blocks are kept -------------------------------------------
# A stream is served where a connection string or a namespace (then by managed identity) is named.

EVENT_HUB_CONNECTION_STRING = env.secret("HES_EVENTHUB_CONNECTION_STRING")
EVENT_HUB_NAMESPACE = env.text("HES_EVENTHUB_NAMESPACE")  # fully qualified, without a scheme
EVENT_HUB_ENDPOINT = env.text("HES_EVENTHUB_ENDPOINT")  # sb://host:port in place of the named one
EVENT_HUB_CA_FILE = env.text("HES_EVENTHUB_CA_FILE")  # authorities that sign the hub's certificate
EVENT_HUB_EMULATOR = env.flag("HES_EVENTHUB_EMULATOR")  # plain TCP, for development only
EVENT_HUBS_MAY_BE_SHARED = env.flag("HES_EVENTHUBS_MAY_BE_SHARED")  # by several companies
BLOB_CONTAINER_URL = env.secret("HES_BLOB_CONTAINER_URL")  # with a create+write SAS
BLOB_CONNECTION_STRING = env.secret("HES_BLOB_CONNECTION_STRING")
BLOB_CONTAINER = env.text("HES_BLOB_CONTAINER", "hes-export")  # with the connection string
BLOCK_DAYS = env.integer("HES_BLOCK_DAYS", 35, minimum=2)
EXPORT_LAG_ALARM = env.integer("HES_EXPORT_LAG_ALARM", 300)  # seconds
# Below the floor no new bulk visit starts. The path lies on the disk of the database.
DATABASE_DISK = env.path("HES_DATABASE_DISK", HES_HOME)
DISK_FLOOR = env.integer("HES_DISK_FLOOR", 2 * 1024**3, maximum=2**50)  # bytes; 0: never
METRICS_PAGE = env.flag("HES_METRICS_PAGE", default=not PRODUCTION)
if EVENT_HUB_CONNECTION_STRING and EVENT_HUB_NAMESPACE:
    env.fault("HES_EVENTHUB_NAMESPACE", "is named beside HES_EVENTHUB_CONNECTION_STRING; keep one")
if PRODUCTION and (EVENT_HUB_EMULATOR or "DevelopmentEmulator" in EVENT_HUB_CONNECTION_STRING):
    env.fault("HES_EVENTHUB_EMULATOR", "sends everything unencrypted; unset it in production")
if BLOB_CONTAINER_URL and BLOB_CONNECTION_STRING:
    env.fault("HES_BLOB_CONTAINER_URL", "is named beside HES_BLOB_CONNECTION_STRING; keep one")

# --- where devices report by themselves ----------------------------------------------------------
# Told to concentrators by their technical configuration; the documents' names stand in
# `devices.reporting`. Production has no address that would do: where it is empty, none is told.

SPONTANEOUS_ADDRESS = env.address("HES_SPONTANEOUS_ADDRESS", "" if PRODUCTION else "127.0.0.1")
WAKE_UP_PORT = env.integer("HES_WAKE_UP_PORT", 58_692, minimum=1, maximum=65_535)
LAST_GASP_PORT = env.integer("HES_LAST_GASP_PORT", 58_693, minimum=1, maximum=65_535)
# Load balancers, access servers and NAT behind which senders have other addresses than their own.
LISTENER_RELAYS = env.networks("HES_LISTENER_RELAYS")
LISTENER_SUSPECTS_ALARM = env.integer("HES_LISTENER_SUSPECTS_ALARM", 100, minimum=1)  # in 2 min

# --- REST: /api/v1 ---------------------------------------------------------------------------

API_MAX_BODY = env.integer("HES_API_MAX_BODY", 8 * 1024**2, minimum=1024)  # bytes
# A stream of events keeps a thread; `hes web` gives them half of its threads at most.
EVENT_STREAMS = env.integer("HES_EVENT_STREAMS", 4)  # of a web process
EVENT_STREAMS_OF_USER = env.integer("HES_EVENT_STREAMS_OF_USER", 2, minimum=1)  # of those
EVENT_STREAM_SECONDS = env.integer("HES_EVENT_STREAM_SECONDS", 600, minimum=1)  # then it reconnects
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "workorders.api.access.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["workorders.api.parsing.BoundedJsonParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "workorders.api.errors.answer",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "HES",
    "DESCRIPTION": "Work orders of the head-end system; docs/rest.md tells how to begin.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    # Nothing is fetched from another host.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "validatorUrl": None},
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
}

# --- listening: UDP and TCP at the two ports ------------------------------------------------------

LISTEN_ADDRESS = env.address("HES_LISTEN_ADDRESS", "127.0.0.1")  # of this host; 0.0.0.0: all
LISTEN_BUFFER = env.integer("HES_LISTEN_BUFFER", 64 * 1024**2, minimum=4096)  # bytes, each socket
# Where datagrams wait while PostgreSQL is away; at 2,000 a second an hour takes 1 GiB.
LISTEN_SPOOL = env.path("HES_LISTEN_SPOOL", HES_HOME / "spool")
LISTEN_SPOOL_LIMIT = env.integer("HES_LISTEN_SPOOL_LIMIT", 4 * 1024**3, maximum=2**50)  # bytes
LISTEN_LAG_ALARM = env.integer("HES_LISTEN_LAG_ALARM", 60, minimum=1)  # seconds
# How long what came of it is kept (`listeners.retention`); no document says, all are *assumed*:
# a history of messages over two years, changes of power over one, outages for five years of figures
# to regulators (counted anew for 40 days). Whole months, beside the one that runs.
DATAGRAM_DAYS = env.integer("HES_DATAGRAM_DAYS", 35, minimum=2)  # raw datagrams
MESSAGE_MONTHS = env.integer("HES_MESSAGE_MONTHS", 24, minimum=1, maximum=1200)
SUSPECT_MONTHS = env.integer("HES_SUSPECT_MONTHS", 6, minimum=1, maximum=1200)
POWER_CHANGE_MONTHS = env.integer("HES_POWER_CHANGE_MONTHS", 13, minimum=1, maximum=1200)
OUTAGE_MONTHS = env.integer("HES_OUTAGE_MONTHS", 60, minimum=2, maximum=1200)

# --- Celery: wakes, schedules and controls; it never owns work ---------------------------------


def _broker_url(redis_url: str) -> str:
    """Celery's spelling of a Redis address; without Redis a broker that reaches nobody."""
    if not redis_url:
        return "memory://"
    return redis_url.replace("unix://", "redis+socket://", 1)


CELERY_BROKER_URL = _broker_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # By default a worker dies after 46 min without Redis.
CELERY_BROKER_CHANNEL_ERROR_RETRY = True  # By default a read-only Redis ends the worker at once.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    # Many green threads acknowledge at once; below this kombu raises MaxConnectionsError.
    "max_connections": 10_000,
    "socket_connect_timeout": 5,
    "socket_timeout": 30,
}
CELERY_RESULT_BACKEND = None
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_DEFAULT_QUEUE = "control"
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(HES_HOME / "beat-schedule")

# --- logging: to stderr, the process manager keeps it ------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "hes.lib.logs.UtcFormatter",
            "format": "{asctime} {levelname} {name} [{process}] {message}",
            "style": "{",
        }
    },
    "filters": {"redact": {"()": "hes.lib.logs.RedactSecrets"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["redact"]}
    },
    "root": {"handlers": ["stderr"], "level": env.text("HES_LOG_LEVEL", "INFO")},
    "loggers": {
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "azure": {"level": "WARNING"},  # below it tells every change of state of every link
    },
}

env.require_valid()
