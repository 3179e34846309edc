"""The routes of webhooks and deliveries."""

from django.urls import path

from nsadmin.pages.organization.notifications.deliveries import deliveries, send_again
from nsadmin.pages.organization.notifications.secret import (
    made_secret,
    webhook_secret,
)
from nsadmin.pages.organization.notifications.webhooks import (
    new_webhook,
    notifications,
    webhook,
    webhook_act,
    webhook_delete,
)

_ROOT = "organization/notifications/"

notification_patterns = [
    path(_ROOT, notifications, name="organization_notifications"),
    path(f"{_ROOT}new/", new_webhook, name="organization_webhook_new"),
    path(f"{_ROOT}deliveries/", deliveries, name="organization_deliveries"),
    path(
        f"{_ROOT}deliveries/<int:delivery_id>/again/",
        send_again,
        name="organization_delivery_again",
    ),
    path(f"{_ROOT}<str:webhook_id>/", webhook, name="organization_webhook"),
    path(f"{_ROOT}<str:webhook_id>/act/", webhook_act, name="organization_webhook_act"),
    path(
        f"{_ROOT}<str:webhook_id>/secret/",
        webhook_secret,
        name="organization_webhook_secret",
    ),
    path(
        f"{_ROOT}<str:webhook_id>/secret/made/",
        made_secret,
        name="organization_webhook_secret_made",
    ),
    path(
        f"{_ROOT}<str:webhook_id>/delete/",
        webhook_delete,
        name="organization_webhook_delete",
    ),
]
