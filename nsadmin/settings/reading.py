"""Reading one setting: its range or form stands beside its default.

A value that is refused stands for its default until `faults` are told, all of them at
once.
"""

import os
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvValidationError

from nsadmin.settings import rules
from nsadmin.settings.rules import ListRule, Rule

_OURS: Final = "NSADMIN_"
# Names that are read elsewhere: by the tests, the demo and its servers, the proxy of
# `deploy`, and the examples for the API's calls.
_PREFIXES_ELSEWHERE: Final = (
    *("NSADMIN_TEST_", "NSADMIN_BENCH_", "NSADMIN_FAULTS_", "NSADMIN_FRESHNESS_"),
    *("NSADMIN_DEMO_", "NSADMIN_EMBEDDED_"),
)
_ELSEWHERE: Final = {
    *("NSADMIN_REQUIRE_TOOLS", "NSADMIN_CHROMIUM", "NSADMIN_QDRANT_OPENAPI"),
    *("NSADMIN_HOST", "NSADMIN_UPSTREAM", "NSADMIN_KEY"),
}


class Environment(Env):
    """The environment of this process, and the names that were read of it."""

    def __init__(self) -> None:
        super().__init__(eager=False)
        self._refused: dict[str, str] = {}

    def integer(self, name: str, default: int, *, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        rule = rules.within(int, "a whole number", least, most)
        return int(self.text(name, str(default), rule))

    def number(self, name: str, default: float, *, least: float, most: float) -> float:
        """Return a number from `least` to `most`, which may have decimals."""
        rule = rules.within(float, "a number", least, most)
        return float(self.text(name, str(default), rule))

    def switch(self, name: str, *, default: bool) -> bool:
        """Return whether something is on."""
        said = "is {input!r}; it has to be 1 or 0."
        # The library takes it, but its types do not tell so.
        told: Any = {"error_messages": {"invalid": said}}
        found = self.bool(name, default, **told)
        return default if found is None else found

    def text(self, name: str, default: str, rule: Rule) -> str:
        """Return a text that the rule takes; it may be empty if the default is."""
        if not default and not os.environ.get(name):
            return self.str(name, "") or ""
        found = self.str(name, default, validate=rule)
        return default if found is None else found

    def entries(self, name: str, default: Iterable[str], rule: ListRule) -> list[str]:
        """Return texts that were separated by commas and that the rule takes."""

        def stripped(values: Iterable[str]) -> list[str]:
            return [value.strip() for value in values if value.strip()]

        found = self.list(
            name, list(default), validate=lambda values: rule(stripped(values))
        )
        return stripped(default if found is None else found)

    def unknown_names(self) -> list[str]:
        """Return what looks like a setting and is none that was read, in order."""
        return sorted(
            name
            for name in os.environ.keys() - self.known_names() - _ELSEWHERE
            if name.startswith(_OURS) and not name.startswith(_PREFIXES_ELSEWHERE)
        )

    def known_names(self) -> set[str]:
        """Return the names of all settings that were read."""
        return {*self.dump(), *self._refused}

    def faults(self) -> dict[str, str]:
        """Return what is wrong with each setting that was refused, by its name."""
        try:
            self.seal()
        except EnvValidationError as error:
            # By the names of the settings: they were read before the faults were told.
            found = cast("Mapping[str, list[str]]", error.error_messages)
            self._refused = {name: " ".join(said) for name, said in found.items()}
        return self._refused


def refuse(faults: Mapping[str, str]) -> None:
    """Raise ImproperlyConfigured with a line for each fault, if there are any."""
    if faults:
        lines = [f"{name} {said}" for name, said in faults.items()]
        raise ImproperlyConfigured("\n".join(lines))
