"""Beat sends what is due, again and again, and renews its heartbeat meanwhile."""

from datetime import timedelta

import redis

from nsadmin.celery import app
from nsadmin.jobs.queues import CONTROL
from nsadmin.jobs.schedules.beat import SWEEP
from nsadmin.jobs.schedules.scheduler import Scheduler
from tests.embedded_servers import running_redis


def _make_due(scheduler, name):
    entry = scheduler.schedule[name]
    entry.last_run_at -= timedelta(seconds=60)
    scheduler.populate_heap()


def test_each_look_sends_what_is_due_and_nothing_else(tmp_path, monkeypatch, settings):
    beats = tmp_path / "heartbeat"
    settings.NSADMIN_HEARTBEAT_FILE = str(beats)
    with running_redis(tmp_path / "redis") as server:
        monkeypatch.setattr(app.conf, "broker_url", server.url)
        monkeypatch.setattr(app.conf, "broker_write_url", server.url)
        scheduler = Scheduler(app, schedule_filename=str(tmp_path / "schedule"))
        with redis.Redis.from_url(server.url) as client:
            for sent in (1, 2):
                _make_due(scheduler, SWEEP)
                assert scheduler.tick() == 0
                assert client.llen(CONTROL) == sent
                assert 0 < scheduler.tick() <= 5
                assert client.llen(CONTROL) == sent
        scheduler.close()
    assert beats.exists()
