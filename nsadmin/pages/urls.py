"""The routes of the HTML door."""

from django.urls import path

from nsadmin.pages.account.urls import account_patterns
from nsadmin.pages.audit.revert import revert
from nsadmin.pages.audit.views import audit, organization_audit
from nsadmin.pages.comparison.views import compare, compare_run, comparison
from nsadmin.pages.documents.document import document, payload, value, vector
from nsadmin.pages.documents.export import export
from nsadmin.pages.documents.listing import documents
from nsadmin.pages.jobs.detail import job
from nsadmin.pages.jobs.listing import badge, jobs, seen
from nsadmin.pages.jobs.report import report
from nsadmin.pages.namespace.advice import advice, dismissals
from nsadmin.pages.namespace.config import config
from nsadmin.pages.namespace.drift import drift
from nsadmin.pages.namespace.expiry import expiry
from nsadmin.pages.namespace.extractors import extractors
from nsadmin.pages.namespace.indexes.views import indexes
from nsadmin.pages.namespace.move_back import move_back
from nsadmin.pages.namespace.overview.views import health, overview
from nsadmin.pages.namespace.repair import repair
from nsadmin.pages.namespace.settings import settings
from nsadmin.pages.namespace.tier import tier
from nsadmin.pages.namespaces.at_work import at_work
from nsadmin.pages.namespaces.bulk.review import bulk
from nsadmin.pages.namespaces.bulk.views import new_bulk
from nsadmin.pages.namespaces.clones import clone
from nsadmin.pages.namespaces.creation import new_name_check, new_namespace
from nsadmin.pages.namespaces.deleted import deleted, tombstone
from nsadmin.pages.namespaces.deletion import delete, protection
from nsadmin.pages.namespaces.listing import home, namespaces
from nsadmin.pages.namespaces.mass_expiry import due, due_extend, due_release
from nsadmin.pages.namespaces.name_check import clone_name_check, name_check
from nsadmin.pages.namespaces.new_plan import new_plan
from nsadmin.pages.namespaces.saved_views import saved_view, saved_views
from nsadmin.pages.organization.choosing import organization_options, organizations
from nsadmin.pages.organization.join import join
from nsadmin.pages.organization.notifications.urls import notification_patterns
from nsadmin.pages.organization.second_person import second_person
from nsadmin.pages.organization.sign_in import organization_sign_in
from nsadmin.pages.organization.support import organization_support
from nsadmin.pages.organization.urls import people_patterns
from nsadmin.pages.organization.views import organization, plan
from nsadmin.pages.plans.open_plans import (
    discard_plan,
    open_plans,
    organization_plans,
)
from nsadmin.pages.plans.views import plan as plan_page
from nsadmin.pages.platform.all_jobs import all_jobs
from nsadmin.pages.platform.fleet import overview as fleet
from nsadmin.pages.platform.fleet import release
from nsadmin.pages.platform.healthz import healthz, readyz
from nsadmin.pages.platform.namespaces import all_namespaces_page
from nsadmin.pages.platform.organizations.changes import (
    limits,
    new_organization,
    subscription,
    suspension,
)
from nsadmin.pages.platform.organizations.views import (
    all_organizations,
    one_organization,
)
from nsadmin.pages.platform.schedules import schedule_run, schedules
from nsadmin.pages.platform.styleguide import styleguide
from nsadmin.pages.platform.templates import (
    new_template,
    template,
    template_use,
    templates,
)
from nsadmin.pages.platform.unreadable import finish_deletion, unreadable
from nsadmin.pages.reprocessing.views import cancel_again, process_again
from nsadmin.pages.resources.detail import resource
from nsadmin.pages.resources.listing import resource_list, resources
from nsadmin.pages.resources.map import resource_map
from nsadmin.pages.search.views import search, suggestions
from nsadmin.pages.support.views import (
    break_glass,
    end_session,
    new_session,
    support,
)

urlpatterns = [
    path("", home, name="home"),
    path("namespaces/", namespaces, name="namespaces"),
    path("namespaces/deleted/", deleted, name="deleted"),
    path("namespaces/new/", new_namespace, name="new_namespace"),
    path("namespaces/new/name/", new_name_check, name="new_name_check"),
    path("namespaces/plans/", organization_plans, name="organization_plans"),
    path("namespaces/plans/<str:plan_id>/", new_plan, name="new_plan"),
    path("namespaces/plans/<str:plan_id>/discard/", discard_plan, name="discard_plan"),
    path("namespaces/at-work/", at_work, name="at_work"),
    path("namespaces/views/", saved_views, name="saved_views"),
    path("namespaces/views/<str:view_id>/", saved_view, name="saved_view"),
    path("namespaces/bulk/", new_bulk, name="bulk_new"),
    path("namespaces/bulk/<str:bulk_id>/", bulk, name="bulk"),
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
    path("namespaces/<str:namespace_id>/documents/", documents, name="documents"),
    path(
        "namespaces/<str:namespace_id>/documents/export/",
        export,
        name="documents_export",
    ),
    path(
        "namespaces/<str:namespace_id>/documents/<str:document_id>/",
        document,
        name="document",
    ),
    path(
        "namespaces/<str:namespace_id>/documents/<str:document_id>/value/",
        value,
        name="document_value",
    ),
    path(
        "namespaces/<str:namespace_id>/documents/<str:document_id>/payload/",
        payload,
        name="document_payload",
    ),
    path(
        "namespaces/<str:namespace_id>/documents/<str:document_id>/vector/",
        vector,
        name="document_vector",
    ),
    path("namespaces/<str:namespace_id>/resources/", resources, name="resources"),
    path(
        "namespaces/<str:namespace_id>/resources/map/",
        resource_map,
        name="resource_map",
    ),
    path(
        "namespaces/<str:namespace_id>/resources/<str:resource_kind>/",
        resource_list,
        name="resource_list",
    ),
    path(
        "namespaces/<str:namespace_id>/resources/<str:resource_kind>/<str:resource_id>/",
        resource,
        name="resource",
    ),
    path("namespaces/<str:namespace_id>/extractors/", extractors, name="extractors"),
    path(
        "namespaces/<str:namespace_id>/process-again/<str:extractor_id>/",
        process_again,
        name="process_again",
    ),
    path(
        "namespaces/<str:namespace_id>/process-again/<str:extractor_id>/cancel/",
        cancel_again,
        name="cancel_again",
    ),
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
    path("namespaces/<str:namespace_id>/plans/", open_plans, name="open_plans"),
    path(
        "namespaces/<str:namespace_id>/plans/<str:plan_id>/",
        plan_page,
        name="plan",
    ),
    path("namespaces/<str:namespace_id>/audit/", audit, name="audit"),
    path(
        "namespaces/<str:namespace_id>/audit/<str:op_id>/revert/",
        revert,
        name="revert",
    ),
    path("compare/", compare, name="compare"),
    path("compare/run/", compare_run, name="compare_run"),
    path("compare/<uuid:comparison_id>/", comparison, name="comparison"),
    path("search/", search, name="search"),
    path("search/suggestions/", suggestions, name="search_suggestions"),
    path("fleet/", fleet, name="fleet"),
    path("fleet/held/<str:kind>/", release, name="fleet_release"),
    path("platform/organizations/", all_organizations, name="platform_organizations"),
    path(
        "platform/organizations/new/",
        new_organization,
        name="platform_organization_new",
    ),
    path(
        "platform/organizations/options/",
        organization_options,
        name="organization_options",
    ),
    path("platform/namespaces/", all_namespaces_page, name="platform_namespaces"),
    path(
        "platform/organizations/<str:organization_id>/",
        one_organization,
        name="platform_organization",
    ),
    path(
        "platform/organizations/<str:organization_id>/subscription/",
        subscription,
        name="platform_subscription",
    ),
    path(
        "platform/organizations/<str:organization_id>/limits/",
        limits,
        name="platform_limits",
    ),
    path(
        "platform/organizations/<str:organization_id>/suspension/",
        suspension,
        name="platform_suspension",
    ),
    path("platform/jobs/", all_jobs, name="platform_jobs"),
    path("platform/unreadable/", unreadable, name="platform_unreadable"),
    path(
        "platform/unreadable/finish-deletion/",
        finish_deletion,
        name="platform_finish_deletion",
    ),
    path("jobs/", jobs, name="jobs"),
    path("jobs/badge/", badge, name="jobs-badge"),
    path("jobs/seen/", seen, name="jobs-seen"),
    path("jobs/<uuid:job_id>/", job, name="job"),
    path("jobs/<uuid:job_id>/report/", report, name="job_report"),
    path("templates/", templates, name="templates"),
    path("templates/<str:template_id>/", template, name="template"),
    path("templates/<str:template_id>/use/", template_use, name="template_use"),
    path("schedules/", schedules, name="schedules"),
    path("schedules/<str:name>/run/", schedule_run, name="schedule_run"),
    path("organizations/", organizations, name="organizations"),
    path("organization/", organization, name="organization"),
    *people_patterns,
    path("organization/audit/", organization_audit, name="organization_audit"),
    path("organization/plan/", plan, name="organization_plan"),
    *notification_patterns,
    path("organization/support/", organization_support, name="organization_support"),
    path(
        "organization/second-person/",
        second_person,
        name="organization_second_person",
    ),
    path("organization/sign-in/", organization_sign_in, name="organization_sign_in"),
    path("support/", support, name="support"),
    path("support/new/", new_session, name="support_new"),
    path("support/break-glass/", break_glass, name="support_break_glass"),
    path("support/<str:session_id>/end/", end_session, name="support_end"),
    path("join/<str:secret>/", join, name="join"),
    *account_patterns,
    path("styleguide/", styleguide, name="styleguide"),
    path("healthz", healthz, name="healthz"),
    path("readyz", readyz, name="readyz"),
]
