"""Every Celery task has a queue, limits and, if it recurs, an end of its message."""

from django.conf import settings

from nsadmin import cli
from nsadmin.celery import app
from nsadmin.embedded.supervision import processes
from nsadmin.jobs import queues
from nsadmin.jobs.queues import (
    CLUSTERS,
    CONTROL,
    JOBS,
    MAINTENANCE,
    SAMPLING,
    TRANSFERS,
)
from nsadmin.jobs.schedules import beat
from nsadmin.notifications.sending import turns
from nsadmin.stores import webhook

# The other tasks: those of customers' clusters by their name, then the schedules.
QUEUES = {
    "nsadmin.jobs.sweep": CONTROL,
    "nsadmin.namespaces.heal": CONTROL,
    "nsadmin.health.sample": SAMPLING,
    "nsadmin.jobs.run": JOBS,
    "nsadmin.notifications.sweep": queues.NOTIFICATIONS,
    "nsadmin.notifications.deliver": queues.NOTIFICATIONS,
}
# Those that threads run also where child processes run all others.
THREADED = [name for name, queue in QUEUES.items() if queue == queues.NOTIFICATIONS]


def test_every_task_has_a_queue_and_limits() -> None:
    app.loader.import_default_modules()
    ours = {n: t for n, t in app.tasks.items() if n.startswith("nsadmin.")}
    assert len(ours) >= 15
    for name, task in ours.items():
        of_rest = CLUSTERS if name.endswith("_cluster") else MAINTENANCE
        queue = app.amqp.router.route({}, name)["queue"].name
        assert queue == QUEUES.get(name, of_rest), name
        assert 0 < task.soft_time_limit < task.time_limit, name


def test_a_message_of_beat_ends_before_the_next_one() -> None:
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        assert 0 < entry["options"]["expires"] <= beat.period_s(name), name


def test_every_queue_has_a_worker_of_its_name_in_the_demo() -> None:
    workers = [processes.control(), *processes.workers()]
    taken = {w.name: w.argv[w.argv.index("--queues") + 1] for w in workers}
    assert set(taken.values()) == set(queues.ALL)
    assert all(name.removesuffix("_2") == queue for name, queue in taken.items())


def _in_demo(name: str) -> tuple[str, ...]:
    workers = [processes.control(), *processes.workers()]
    return next(tuple(w.argv) for w in workers if w.name == name)


def test_the_demo_enforces_limits_where_customers_clusters_are_called() -> None:
    workers = [processes.control(), *processes.workers()]
    enforcing = {w.name for w in workers if "prefork" in w.argv}
    assert enforcing == {CLUSTERS, TRANSFERS}


def test_a_turn_in_a_thread_ends_within_the_limit_that_no_thread_enforces() -> None:
    app.loader.import_default_modules()
    sweep, deliver = (app.tasks[name] for name in THREADED)
    assert beat.turn_s("notifications") < sweep.soft_time_limit
    assert deliver.soft_time_limit > turns.TURN_S + webhook.DEADLINE_S


def _at_once(options: tuple[str, ...]) -> int:
    return int(options[options.index("--concurrency") + 1])


def test_more_jobs_run_at_once_than_an_organization_has_slots() -> None:
    most = max(settings.NSADMIN_JOB_SLOTS.values())
    for queue in (JOBS, TRANSFERS):
        assert _at_once(cli.WORKERS[queue]) > most
    assert _at_once(_in_demo("jobs")) + _at_once(_in_demo("jobs_2")) > most
    assert _at_once(_in_demo("transfers")) > most


def test_every_queue_has_a_worker_of_its_name_in_the_readme() -> None:
    readme = (settings.BASE_DIR / "README.md").read_text()
    for queue in queues.ALL:
        lines = [x.partition("#")[0].strip() for x in readme.splitlines()]
        assert lines.count(f"nsadmin worker {queue}") == 1
