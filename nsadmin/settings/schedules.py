"""What beat starts, and when."""

from typing import Any

from celery.schedules import crontab

# The seconds of a schedule's turn, after which its run starts no further item; without
# a number here they are four fifths of its period.
NSADMIN_TURNS: dict[str, float] = {}
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep": {
        "task": "nsadmin.jobs.sweep",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "reconcile": {
        "task": "nsadmin.namespaces.reconcile",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "fold_counts": {
        "task": "nsadmin.namespaces.fold_counts",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "recount": {
        "task": "nsadmin.namespaces.recount",
        "schedule": crontab(minute=40, hour=2),
        "options": {"expires": 3600.0},
    },
    "purge": {
        "task": "nsadmin.namespaces.purge",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "heal": {
        "task": "nsadmin.namespaces.heal",
        "schedule": 5.0,
        "options": {"expires": 5.0},
    },
    "cleanup_expired": {
        "task": "nsadmin.namespaces.cleanup_expired",
        "schedule": crontab(minute=5),
        "options": {"expires": 1800.0},
    },
    "move_expiry": {
        "task": "nsadmin.moves.expire",
        "schedule": crontab(minute=35),
        "options": {"expires": 1800.0},
    },
    "comparison_purge": {
        "task": "nsadmin.comparison.purge",
        "schedule": crontab(minute=50),
        "options": {"expires": 1800.0},
    },
    "reprocessing": {
        "task": "nsadmin.reprocessing.run",
        "schedule": 15.0,
        "options": {"expires": 14.0},
    },
    "notifications": {
        "task": "nsadmin.notifications.sweep",
        "schedule": 10.0,
        "options": {"expires": 9.0},
    },
    "key_expiry": {
        "task": "nsadmin.notifications.key_expiry",
        "schedule": crontab(minute=10),
        "options": {"expires": 1800.0},
    },
    "drift": {
        "task": "nsadmin.health.drift",
        "schedule": crontab(minute=20, hour=2),
        "options": {"expires": 3600.0},
    },
    "drift_slices": {
        "task": "nsadmin.health.drift_slices",
        "schedule": 60.0,
        "options": {"expires": 55.0},
    },
    "trim": {
        "task": "nsadmin.jobs.trim",
        "schedule": crontab(minute=20),
        "options": {"expires": 1800.0},
    },
    "audit_verify": {
        "task": "nsadmin.jobs.verify_audit",
        "schedule": crontab(minute=30, hour=3),
        "options": {"expires": 3600.0},
    },
    "mail": {
        "task": "nsadmin.mail.retry",
        "schedule": 30.0,
        "options": {"expires": 25.0},
    },
    "auto_indexes": {
        "task": "nsadmin.advice.auto_indexes",
        "schedule": crontab(minute=0, hour="*/6"),
        "options": {"expires": 3600.0},
    },
    "finish_indexes": {
        "task": "nsadmin.advice.finish",
        "schedule": 15.0,
        "options": {"expires": 14.0},
    },
    "search": {
        "task": "nsadmin.search.fill",
        "schedule": 30.0,
        "options": {"expires": 25.0},
    },
    "sample": {
        "task": "nsadmin.health.sample",
        "schedule": 5.0,
        "options": {"expires": 4.0},
    },
    "count": {
        "task": "nsadmin.health.count",
        "schedule": 30.0,
        "options": {"expires": 25.0},
    },
}
