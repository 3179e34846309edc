"""The routes of the HTML door."""

from django.urls import path

from nsadmin.pages.audit.revert import revert
from nsadmin.pages.audit.views import audit, organization_audit
from nsadmin.pages.namespace.advice import advice, dismissals
from nsadmin.pages.namespace.config import config
from nsadmin.pages.namespace.drift import drift
from nsadmin.pages.namespace.expiry import expiry
from nsadmin.pages.namespace.extractors import extractors
from nsadmin.pages.namespace.indexes import indexes
from nsadmin.pages.namespace.move_back import move_back
from nsadmin.pages.namespace.overview import health, overview
from nsadmin.pages.namespace.repair import repair
from nsadmin.pages.namespace.settings import settings
from nsadmin.pages.namespace.tier import tier
from nsadmin.pages.namespaces.clones import clone
from nsadmin.pages.namespaces.creation import new_name_check, new_namespace
from nsadmin.pages.namespaces.deleted import deleted, tombstone
from nsadmin.pages.namespaces.deletion import delete, protection
from nsadmin.pages.namespaces.listing import home, namespaces
from nsadmin.pages.namespaces.mass_expiry import due, due_extend, due_release
from nsadmin.pages.namespaces.name_check import clone_name_check, name_check
from nsadmin.pages.organization.account import switch, theme
from nsadmin.pages.organization.invitations import invitation, new_member
from nsadmin.pages.organization.join import join
from nsadmin.pages.organization.keys import keys, new_key, revoke_key
from nsadmin.pages.organization.members import member
from nsadmin.pages.organization.views import organization, plan
from nsadmin.pages.platform.fleet import finish_deletion, release
from nsadmin.pages.platform.fleet import overview as fleet
from nsadmin.pages.platform.healthz import healthz, readyz
from nsadmin.pages.platform.jobs import badge, job, jobs
from nsadmin.pages.platform.schedules import schedule_run, schedules
from nsadmin.pages.platform.styleguide import styleguide
from nsadmin.pages.platform.templates import (
    new_template,
    template,
    template_use,
    templates,
)
from nsadmin.pages.search.views import search, suggestions

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
    path(
        "namespaces/<str:namespace_id>/infrastructure/back/",
        move_back,
        name="move_back",
    ),
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
    path("search/", search, name="search"),
    path("search/suggestions/", suggestions, name="search_suggestions"),
    path("fleet/", fleet, name="fleet"),
    path("fleet/held/<str:kind>/", release, name="fleet_release"),
    path("fleet/finish-deletion/", finish_deletion, name="fleet_finish_deletion"),
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
