"""The routes of the HTML door."""

from django.urls import path

from nsadmin.pages.account import switch, theme
from nsadmin.pages.advice import advice, dismissals
from nsadmin.pages.audit import audit, organization_audit
from nsadmin.pages.audit_revert import revert
from nsadmin.pages.clones import clone
from nsadmin.pages.config import config
from nsadmin.pages.creation import new_name_check, new_namespace
from nsadmin.pages.deletion import delete, protection
from nsadmin.pages.drift import drift
from nsadmin.pages.due import due, due_extend, due_release
from nsadmin.pages.expiry import expiry
from nsadmin.pages.extractors import extractors
from nsadmin.pages.fleet import overview as fleet
from nsadmin.pages.indexes import indexes
from nsadmin.pages.jobs import badge, job, jobs
from nsadmin.pages.join import join
from nsadmin.pages.name_check import clone_name_check, name_check
from nsadmin.pages.namespaces import home, namespaces
from nsadmin.pages.organization import organization, plan
from nsadmin.pages.organization_invitations import invitation, new_member
from nsadmin.pages.organization_keys import keys, new_key, revoke_key
from nsadmin.pages.organization_members import member
from nsadmin.pages.overview import health, overview
from nsadmin.pages.probes import healthz, readyz
from nsadmin.pages.repair import repair
from nsadmin.pages.schedules import schedule_run, schedules
from nsadmin.pages.settings import settings
from nsadmin.pages.styleguide import styleguide
from nsadmin.pages.templates import (
    new_template,
    template,
    template_use,
    templates,
)
from nsadmin.pages.tier import tier
from nsadmin.pages.tombstones import deleted, tombstone

urlpatterns = [
    path("", home, name="home"),
    path("namespaces/", namespaces, name="namespaces"),
    path("namespaces/deleted/", deleted, name="deleted"),
    path("namespaces/new/", new_namespace, name="new_namespace"),
    path("namespaces/new/name/", new_name_check, name="new_name_check"),
    path("namespaces/due/", due, name="due"),
    path("namespaces/due/release/", due_release, name="due_release"),
    path("namespaces/due/extend/", due_extend, name="due_extend"),
    path("namespaces/<str:namespace_id>/", overview, name="overview"),
    path("namespaces/<str:namespace_id>/delete/", delete, name="delete"),
    path("namespaces/<str:namespace_id>/deleted/", tombstone, name="tombstone"),
    path("namespaces/<str:namespace_id>/protection/", protection, name="protection"),
    path("namespaces/<str:namespace_id>/health/", health, name="health"),
    path("namespaces/<str:namespace_id>/settings/", settings, name="settings"),
    path("namespaces/<str:namespace_id>/expiry/", expiry, name="expiry"),
    path("namespaces/<str:namespace_id>/extractors/", extractors, name="extractors"),
    path("namespaces/<str:namespace_id>/indexes/", indexes, name="indexes"),
    path("namespaces/<str:namespace_id>/advice/", advice, name="advice"),
    path(
        "namespaces/<str:namespace_id>/advice/dismissals/",
        dismissals,
        name="dismissals",
    ),
    path("namespaces/<str:namespace_id>/infrastructure/", tier, name="tier"),
    path("namespaces/<str:namespace_id>/drift/", drift, name="drift"),
    path("namespaces/<str:namespace_id>/repair/", repair, name="repair"),
    path("namespaces/<str:namespace_id>/clone/", clone, name="clone"),
    path("namespaces/<str:namespace_id>/template/", new_template, name="new_template"),
    path("namespaces/<str:namespace_id>/name/", name_check, name="name_check"),
    path(
        "namespaces/<str:namespace_id>/clone/name/",
        clone_name_check,
        name="clone_name_check",
    ),
    path("namespaces/<str:namespace_id>/config/", config, name="config"),
    path("namespaces/<str:namespace_id>/audit/", audit, name="audit"),
    path(
        "namespaces/<str:namespace_id>/audit/<str:op_id>/revert/",
        revert,
        name="revert",
    ),
    path("fleet/", fleet, name="fleet"),
    path("jobs/", jobs, name="jobs"),
    path("jobs/badge/", badge, name="jobs-badge"),
    path("jobs/<uuid:job_id>/", job, name="job"),
    path("templates/", templates, name="templates"),
    path("templates/<str:template_id>/", template, name="template"),
    path("templates/<str:template_id>/use/", template_use, name="template_use"),
    path("schedules/", schedules, name="schedules"),
    path("schedules/<str:name>/run/", schedule_run, name="schedule_run"),
    path("organization/", organization, name="organization"),
    path("organization/members/new/", new_member, name="organization_member_new"),
    path("organization/members/<int:member_id>/", member, name="organization_member"),
    path(
        "organization/invitations/<int:invitation_id>/",
        invitation,
        name="organization_invitation",
    ),
    path("organization/keys/", keys, name="organization_keys"),
    path("organization/keys/new/", new_key, name="organization_key_new"),
    path(
        "organization/keys/<str:key_id>/revoke/",
        revoke_key,
        name="organization_key_revoke",
    ),
    path("organization/audit/", organization_audit, name="organization_audit"),
    path("organization/plan/", plan, name="organization_plan"),
    path("organization/switch/", switch, name="switch"),
    path("join/<str:secret>/", join, name="join"),
    path("theme/", theme, name="theme"),
    path("styleguide/", styleguide, name="styleguide"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
