"""Plans in the page tests: from a sent form to the page of its plan, and confirming it."""

import html
import re
from typing import Any

from django.test import Client


def hidden(text: str) -> dict[str, list[str]]:
    """Return the hidden input of the page's main part."""
    pattern = r'<input type="hidden" name="([^"]+)" value="([^"]*)">'
    found: dict[str, list[str]] = {}
    for name, value in re.findall(pattern, text.partition("<main")[2] or text):
        if name != "csrfmiddlewaretoken":
            found.setdefault(name, []).append(html.unescape(value))
    return found


def plan_address(text: str) -> str:
    """Return the address of the plan that a page shows."""
    return re.search(r'action="(/namespaces/(?:[^"/]+/)?plans/[^"/]+/)"', text)[1]


def ticks_of(text: str) -> list[str]:
    """Return the ticks that a plan asks for."""
    return re.findall(r'name="tick"\s+value="([^"]+)"', text)


def edit_address(text: str) -> str:
    """Return where a page leads back to the form of its plan."""
    found = re.search(r'href="([^"]+[?]plan=[^"]+)"', text)
    return html.unescape(found[1])


def shown_plan(client: Client, address: str, form: dict[str, Any]) -> str:
    """Send a form and return the page of its plan."""
    response = client.post(address, form, follow=True)
    assert response.status_code == 200, response.content.decode()
    assert "/plans/" in response.redirect_chain[-1][0]
    return response.content.decode()


def confirm(client: Client, shown: str, **more: Any) -> Any:
    """Confirm the plan that a page shows, as a browser would send it."""
    form = {**hidden(shown), "step": "confirm", **more}
    return client.post(plan_address(shown), form)


def accepted(shown: str) -> dict[str, str]:
    """Return the ticks of a person who accepts all that a clone loses."""
    found = re.findall(r'type="checkbox"\s+name="(accept_\w+)"\s+value="(\w+)"', shown)
    return dict(found)


def start_clone(client: Client, address: str, form: dict[str, Any]) -> Any:
    """Plan a clone, accept what it loses, start it."""
    shown = shown_plan(client, address, form)
    return confirm(client, shown, **accepted(shown))
