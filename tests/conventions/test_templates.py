"""Every template keeps the house rules; every rule knows good from bad."""

from pathlib import Path

import pytest

from tests.conventions import templates
from tests.conventions.templates import RULES, Rule

ROOT = Path(__file__).resolve().parents[2] / "templates"
ALL = sorted(ROOT.rglob("*.html"))

# (rule, what it allows, what it refuses)
SAMPLES: list[tuple[Rule, list[str], list[str]]] = [
    (
        templates.no_inline_style,
        ['<p class="style">style="x"</p>', '<link rel="stylesheet" href="a.css">'],
        ['<p style="color: red">', "<style>p {}</style>", "<b class='a' style='x'>"],
    ),
    (
        templates.no_inline_script,
        ['<script src="{% static "js/app.js" %}" type="module"></script>'],
        ["<script>alert(1)</script>", '<script type="module">x()</script>'],
    ),
    (
        templates.no_handlers,
        ['<button type="button" data-copy="x">', '<input name="once">'],
        [
            '<button type="button" onclick="x()">',
            '<div hx-on:click="x()">',
            '<a href="javascript:x()">',
        ],
    ),
    (
        templates.no_computed_values,
        [
            '<div hx-trigger="every 2s">',
            '<form hx-trigger="submit, input changed from:find input[type=search]">',
            """<body hx-headers='{"X-CSRFToken": "{{ csrf_token }}"}'>""",
        ],
        [
            '<div hx-trigger="click[ctrlKey]">',
            """<div hx-vals='js:{"a": b()}'>""",
        ],
    ),
    (
        templates.no_unescaped,
        ["{{ text }}", "{# |safe #}", "{{ text|breaks }}"],
        ["{{ text|safe }}", "{% autoescape off %}", "{{ texts|safeseq|join:', ' }}"],
    ),
    (
        templates.posts_have_tokens,
        [
            '<form method="post">{% csrf_token %}<button type="submit"></button></form>',
            '<form action="/search"></form>',
        ],
        ['<form method="post"><button type="submit"></button></form>'],
    ),
    (
        templates.requests_have_plain_ways,
        [
            '<a href="/x" hx-get="/x">',
            '<div hx-get="/x" hx-trigger="every 2s">',
            '<input hx-get="/x" hx-trigger="input changed delay:400ms">',
            '<form action="/x" hx-post="/x">',
        ],
        ['<button type="button" hx-get="/x">', '<div hx-post="/x">'],
    ),
    (
        templates.targets_are_named,
        [
            '<a href="/x" hx-get="/x" hx-target="#rows" hx-swap="outerHTML">',
            '<div hx-get="/x" hx-trigger="every 2s" hx-swap="outerHTML">',
        ],
        ['<a href="/x" hx-get="/x" hx-target="#rows">', '<a hx-get="/x" hx-swap="a">'],
    ),
    (
        templates.fragments_are_named,
        [
            '{% partialdef rows inline %} <div id="rows"></div> {% endpartialdef %}',
            "{% partialdef title inline %}Title{% endpartialdef %}",
        ],
        [
            '{% partialdef rows inline %}<div id="list"></div>{% endpartialdef %}',
            "{% partialdef rows inline %}<div></div>{% endpartialdef %}",
        ],
    ),
    (
        templates.links_lead_somewhere,
        ['<a href="#main">', '<a href="{% url "jobs" %}">'],
        ['<a href="#">', "<a>", '<a href="">'],
    ),
    (
        templates.buttons_have_types,
        ['<button type="submit">'],
        ["<button>", '<button class="btn">'],
    ),
    (
        templates.data_images_are_absent,
        ['<img src="/a.svg" alt="">', '<option data-x="data:">'],
        ['<img src="data:image/svg+xml,x" alt="">'],
    ),
]


@pytest.mark.parametrize("path", ALL, ids=lambda path: str(path.relative_to(ROOT)))
def test_template_keeps_every_rule(path):
    source = path.read_text()
    faults = [f"{rule.__name__}: {fault}" for rule in RULES for fault in rule(source)]
    assert faults == []


@pytest.mark.parametrize(
    ("rule", "good", "bad"), SAMPLES, ids=lambda v: getattr(v, "__name__", "")
)
def test_rule_knows_good_from_bad(rule, good, bad):
    for sample in good:
        assert list(rule(sample)) == [], sample
    for sample in bad:
        assert list(rule(sample)) != [], sample


def test_every_rule_has_samples():
    assert {rule for rule, _, _ in SAMPLES} == set(RULES)


def test_there_are_templates():
    assert len(ALL) > 20
