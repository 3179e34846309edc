"""`manage.py load_fleet`: a world of many namespaces, for measurements."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nsadmin.embedded.fleet.plan import PASSWORD, FleetPlan
from nsadmin.embedded.seed.data.people import OPERATOR, PEOPLE
from nsadmin.errors import NsadminError


class Command(BaseCommand):
    """Fill the configured stores with many organizations and namespaces."""

    help = (
        "Fill the configured stores with a world for measurements: organizations of "
        "uneven size, namespaces of realistic size, and a few collections."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--namespaces", type=int, default=10_000)
        parser.add_argument("--organizations", type=int, default=100)
        parser.add_argument(
            "--seed", type=int, default=17, help="another seed makes another world"
        )
        parser.add_argument(
            "--collections",
            type=int,
            default=12,
            help="how many namespaces have data in Qdrant",
        )
        parser.add_argument(
            "--add",
            action="store_true",
            help="write into a namespace store that others use",
        )

        parser.add_argument(
            "--without-mirror",
            action="store_true",
            help="leave filling the mirror to the schedules of a running nsadmin",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Load, with progress lines, and say who can sign in."""
        if options["namespaces"] < 1 or options["organizations"] < 1:
            raise CommandError("A fleet has at least one namespace and organization.")
        names = ("namespaces", "organizations", "seed", "collections")
        plan = FleetPlan(**{name: options[name] for name in names})
        load = _loader()
        try:
            mirrored = not options["without_mirror"]
            load(plan, self.say, add=options["add"], mirrored=mirrored)
        except NsadminError as error:
            raise CommandError(error.message) from None
        self.say(f"sign in as admin@{plan.owners[0].slug}.example: {PASSWORD}")
        for person in PEOPLE:
            if person.roles[0][0] == OPERATOR.slug:
                self.say(f"{person.roles[0][1]} {person.email}: {person.password}")

    def say(self, line: str) -> None:
        """Print a line at once."""
        self.stdout.write(line)
        self.stdout.flush()


def _loader() -> Callable[..., None]:
    """Return what loads a plan; raise CommandError where its packages are missing."""
    try:
        from nsadmin.embedded.fleet.load import load
    except ModuleNotFoundError as error:
        raise CommandError(
            f"load_fleet needs the package {error.name}, which is not installed: "
            "install the extra 'demo'."
        ) from None
    return load
