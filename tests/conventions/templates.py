"""The house rules for templates, each as a function from a source to its faults.

A rule has a good and a bad sample in `test_templates.py`. Style.md, htmx, rule by rule.
"""

import re
from collections.abc import Callable, Iterator

Rule = Callable[[str], Iterator[str]]

_COMMENT = re.compile(
    r"\{% comment %\}.*?\{% endcomment %\}|\{#.*?#\}|<!--.*?-->", re.DOTALL
)
_TAG = re.compile(r"<[a-zA-Z][^<>]*?(?:\"[^\"]*\"[^<>]*?|'[^']*'[^<>]*?)*>", re.DOTALL)
_DJANGO = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def tags(source: str) -> Iterator[str]:
    """Yield every HTML tag with what Django writes into it blanked."""
    plain = _DJANGO.sub(lambda m: "x" * len(m.group()), _COMMENT.sub("", source))
    for match in _TAG.finditer(plain):
        yield match.group()


def attributes(tag: str) -> dict[str, str]:
    """Return the attributes of a tag by lower-case name."""
    found = re.findall(r"([a-zA-Z@:][\w:.-]*)\s*(?:=\s*(\"[^\"]*\"|'[^']*'))?", tag[1:])
    return {name.lower(): value[1:-1] for name, value in found[1:]}


def no_inline_style(source: str) -> Iterator[str]:
    """The content policy refuses `style=` and `<style>`."""
    for tag in tags(source):
        if "style" in attributes(tag) or tag.lower().startswith("<style"):
            yield f"inline style: {tag}"


def no_inline_script(source: str) -> Iterator[str]:
    """The content policy refuses scripts that are not files."""
    for tag in tags(source):
        if re.match(r"<script\b", tag, re.IGNORECASE) and "src" not in attributes(tag):
            yield f"inline script: {tag}"


def no_handlers(source: str) -> Iterator[str]:
    """Behaviour is data attributes read by static/js/app.js."""
    for tag in tags(source):
        for name, value in attributes(tag).items():
            if re.match(r"on[a-z]+$", name) or name.startswith(("hx-on", "@", "x-on")):
                yield f"handler {name}: {tag}"
            if value.strip().lower().startswith("javascript:"):
                yield f"javascript: address: {tag}"


def no_computed_values(source: str) -> Iterator[str]:
    """`js:` values and `[filter]` triggers need eval, which is off."""
    for tag in tags(source):
        for name, value in attributes(tag).items():
            if name in ("hx-vals", "hx-headers", "hx-vars") and "js:" in value:
                yield f"computed value: {tag}"
            if name == "hx-trigger" and re.search(r"\w\[", _without_find(value)):
                yield f"filtered trigger: {tag}"


def _without_find(trigger: str) -> str:
    """Take selectors such as `from:find input[type=search]` out of a trigger."""
    return re.sub(r"(?:from|target):(?:find |closest )?[^,\s]+", "", trigger)


def no_unescaped(source: str) -> Iterator[str]:
    """Nothing a person typed may become markup."""
    plain = _COMMENT.sub("", source)
    if re.search(r"\|\s*(safe|safeseq)\b", plain):
        yield "|safe"
    if re.search(r"\{%\s*autoescape\s+off", plain):
        yield "autoescape off"


def posts_have_tokens(source: str) -> Iterator[str]:
    """A form that posts works without script, so it carries its own token."""
    plain = _COMMENT.sub("", source)
    for match in re.finditer(r"<form\b.*?</form>", plain, re.DOTALL | re.IGNORECASE):
        head = re.search(r"method\s*=\s*[\"']?post", match.group(), re.IGNORECASE)
        if head and "{% csrf_token %}" not in match.group():
            yield f"post without token: {match.group()[:80]}"


def requests_have_plain_ways(source: str) -> Iterator[str]:
    """`hx-get` stands beside an href, an action or a poll; `hx-post` beside an action.

    What a person did not ask for needs no other way: a poll, what a poll says has moved,
    a judgement while typing.
    """
    for tag in tags(source):
        found = attributes(tag)
        polls = found.get("hx-trigger", "").startswith(("every", "moved", "input"))
        if "hx-get" in found and not ({"href", "action"} & set(found) or polls):
            yield f"hx-get without href: {tag}"
        if "hx-post" in found and not {"action", "formaction"} & set(found):
            yield f"hx-post without action: {tag}"


def targets_are_named(source: str) -> Iterator[str]:
    """Target and swap stand on the element itself; only the token is inherited."""
    for tag in tags(source):
        found = attributes(tag)
        asks = {"hx-get", "hx-post"} & set(found)
        polls = found.get("hx-trigger", "").startswith("every")
        if asks and "hx-swap" not in found:
            yield f"no hx-swap: {tag}"
        if asks and not polls and "hx-target" not in found:
            yield f"no hx-target: {tag}"


def fragments_are_named(source: str) -> Iterator[str]:
    """The root element of an inline fragment has the fragment's name as its id.

    A fragment without any element is a text, such as the window's title.
    """
    plain = _COMMENT.sub("", source)
    pattern = (
        r"\{%\s*partialdef\s+([\w-]+)\s+inline\s*%\}(.*?)\{%\s*endpartialdef\s*%\}"
    )
    for name, body in re.findall(pattern, plain, re.DOTALL):
        first = next(tags(body), "")
        if first and attributes(first).get("id") != name:
            yield f"fragment {name} begins with {first[:60]}"


def links_lead_somewhere(source: str) -> Iterator[str]:
    """A link without an address is a button in disguise."""
    for tag in tags(source):
        if re.match(r"<a\b", tag, re.IGNORECASE) and attributes(tag).get(
            "href", "#"
        ) in (
            "",
            "#",
        ):
            yield f"dead link: {tag}"


def buttons_have_types(source: str) -> Iterator[str]:
    """A button without a type submits by accident."""
    for tag in tags(source):
        if re.match(r"<button\b", tag, re.IGNORECASE) and "type" not in attributes(tag):
            yield f"button without type: {tag}"


def data_images_are_absent(source: str) -> Iterator[str]:
    """The content policy refuses `data:` addresses."""
    for tag in tags(source):
        for name in ("src", "href"):
            if attributes(tag).get(name, "").startswith("data:"):
                yield f"data: address: {tag}"


RULES: tuple[Rule, ...] = (
    no_inline_style,
    no_inline_script,
    no_handlers,
    no_computed_values,
    no_unescaped,
    posts_have_tokens,
    requests_have_plain_ways,
    targets_are_named,
    fragments_are_named,
    links_lead_somewhere,
    buttons_have_types,
    data_images_are_absent,
)
