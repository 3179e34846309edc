"""Progress: percentages that never lie about the end, speed, and the time left."""

import json
import time

from nsadmin.jobs.execution.progress import Progress, Stage


def _progress() -> Progress:
    return Progress(
        [
            Stage(key="a", title="First", unit="things", weight=1),
            Stage(key="b", title="Second", unit="points", weight=3),
        ]
    )


def test_weights_make_the_percentage():
    progress = _progress()
    progress.begin("a", total=4)
    progress.advance("a", done=2)
    assert progress.to_json()["percent"] == 12
    progress.end("a")
    assert progress.to_json()["percent"] == 25


def test_a_hundred_is_for_the_end():
    progress = _progress()
    progress.begin("a", total=1)
    progress.end("a")
    progress.begin("b", total=1000)
    progress.advance("b", done=1000)
    progress.stage("b").done = 999
    assert progress.to_json()["percent"] == 99
    progress.end("b")
    assert progress.to_json()["percent"] == 100


def test_an_empty_stage_is_done_when_it_ends():
    progress = _progress()
    progress.begin("a", total=0)
    assert progress.to_json()["percent"] == 0
    progress.end("a")
    assert progress.stage("a").state == "done"


def test_speed_and_time_left_come_from_the_last_seconds():
    progress = _progress()
    progress.begin("a", total=0)
    progress.end("a")
    progress.begin("b", total=100)
    time.sleep(0.6)
    progress.advance("b", done=50)
    stored = progress.to_json()
    assert 40 < stored["rate"] < 90
    assert 0.3 < stored["left_s"] < 1.2


def test_it_survives_being_written_down():
    progress = _progress()
    progress.begin("a", total=4)
    progress.advance("a", done=3)
    stored = json.loads(json.dumps(progress.to_json()))
    stored["stages"][0]["unknown"] = 1
    again = Progress.read(stored)
    assert again.stage("a").done == 3
    assert again.to_json()["percent"] == progress.to_json()["percent"]
    assert Progress.read({}).to_json()["stages"] == []


def test_the_pace_is_remembered_over_restarts(monkeypatch):
    progress = _progress()
    clock = iter(range(0, 10_000, 2))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    progress.begin("b", total=1000)
    for done in range(1, 4):
        progress.advance("b", done=done * 10)
    stored = json.loads(json.dumps(progress.to_json()))
    assert len(stored["history"]) == 3
    assert all(rate > 0 for _, rate in stored["history"])
    again = Progress.read(stored)
    again.begin("b", total=1000)
    assert again.history == stored["history"], "a restart is no pace"


def test_the_remembered_pace_spans_the_job_in_few_entries(monkeypatch):
    progress = _progress()
    clock = iter(range(0, 100_000, 2))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    progress.begin("b", total=100_000)
    for done in range(1000):
        progress.advance("b", done=done)
    stored = progress.to_json()
    assert 20 < len(stored["history"]) <= 80
    assert stored["every_s"] > 1


def test_the_pace_is_that_of_the_largest_stage(monkeypatch):
    progress = _progress()
    clock = iter(range(0, 10_000, 2))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    progress.begin("a", total=10)
    for done in range(1, 6):
        progress.advance("a", done=done)
    assert progress.history == [], "its things are no points"
    progress.end("a")
    progress.begin("b", total=100)
    progress.advance("b", done=10)
    progress.advance("b", done=20)
    assert [rate for _, rate in progress.history] == [2.5, 2.5]
