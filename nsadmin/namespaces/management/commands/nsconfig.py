"""`manage.py nsconfig diff|apply FILE --organization … [--namespace …] [--yes]`.

With `--url` and a key it asks the API of another machine, and needs no settings here.
"""

import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser

from nsadmin.access.actor import Actor
from nsadmin.access.models import Organization
from nsadmin.access.organization.organizations import command_actor
from nsadmin.errors import Invalid, NsadminError
from nsadmin.namespaces.change import commit
from nsadmin.namespaces.change.commit import Preview
from nsadmin.namespaces.management.files import read_text
from nsadmin.namespaces.management.remote import RemoteNamespace
from nsadmin.namespaces.management.remote_api import checked_key
from nsadmin.namespaces.plan.patch_request import PatchRequest
from nsadmin.namespaces.read import configuration, queries
from nsadmin.namespaces.schema import config, yaml_text
from nsadmin.namespaces.schema.yaml_text import ParsedYaml


class _Parser(CommandParser):
    """Exits with 1 for wrong arguments, since 2 means that something differs."""

    def error(self, message: str) -> NoReturn:
        """Print the usage and the error."""
        if self.called_from_command_line:
            self.print_usage(sys.stderr)
            self.exit(1, f"{self.prog}: error: {message}\n")
        raise CommandError(f"Error: {message}")


class Command(BaseCommand):
    """Compares a configuration file with a namespace, or applies it."""

    # A call of another machine's API needs no settings; `_local_actor` checks them.
    requires_system_checks = []  # noqa: RUF012 - Django's own attribute
    help = (
        "Compare a configuration with a namespace, or apply it. Exit status: 0 if "
        "nothing differs or it was applied, 2 if something differs (diff), 1 for "
        "an error."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs `diff` and `apply`; wrong arguments exit with 1."""
        parser.__class__ = _Parser
        verbs = parser.add_subparsers(dest="verb", required=True)
        for verb, text in (("diff", "print the changes"), ("apply", "apply them")):
            one = verbs.add_parser(verb, help=text)
            one.add_argument("file", metavar="FILE", help="YAML; - is standard input")
            one.add_argument(
                "--organization",
                metavar="ID-OR-NAME",
                help="the owner; with --url an id, and only for a key of staff",
            )
            one.add_argument("--url", help="ask the API there, https://…")
            key = one.add_mutually_exclusive_group()
            key.add_argument("--key", help="an API key; others may see arguments")
            key.add_argument("--key-file", metavar="FILE", help="a file with the key")
            one.add_argument(
                "--namespace",
                metavar="ID-OR-NAME",
                help="the namespace, if it is not the one that the file names",
            )
            if verb == "apply":
                one.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *args: Any, **options: Any) -> None:  # noqa: ARG002
        """Print the steps of the plan; with `apply`, ask and then apply it."""
        try:
            actor = None if options["url"] else self._local_actor(options)
            text = read_text(options["file"], most_bytes=yaml_text.MAX_BYTES + 1)
            parsed = config.from_yaml(text)
            identifier = options["namespace"] or str(
                parsed.data.get("namespace_name") or ""
            )
            if not identifier:
                raise CommandError("The file names no namespace: use --namespace.")
            if actor is None:
                self._remote(identifier, text, options)
            else:
                self._local(actor, identifier, parsed, options)
        except NsadminError as error:
            raise CommandError(_sentences(error)) from None

    def _local_actor(self, options: dict[str, Any]) -> Actor:
        """Check this machine's settings; return an admin of the organization."""
        if not options["organization"]:
            raise CommandError("Name the --organization, or a --url with a key.")
        if not options.get("skip_checks"):
            self.check(tags=["nsadmin"])
        return _actor(options["organization"])

    def _local(
        self,
        actor: Actor,
        identifier: str,
        parsed: ParsedYaml,
        options: dict[str, Any],
    ) -> None:
        """Work on the stores of the settings of this machine."""
        preview, wanted = _preview(actor, identifier, parsed)
        self._print_plan(
            preview.view.namespace.name,
            preview.plan.revision,
            [step.sentence() for step in preview.plan.steps],
            [warning.sentence for warning in preview.plan.warnings],
            qdrant_silent=preview.qdrant_silent,
        )
        if self._goes_on(options, is_empty=preview.plan.is_empty):
            self._apply(actor, preview, wanted)

    def _remote(self, identifier: str, text: str, options: dict[str, Any]) -> None:
        """Work through the API at --url."""
        there = RemoteNamespace(
            options["url"], _key(options), identifier, options["organization"] or ""
        )
        plan = there.plan(text)
        self._print_plan(
            identifier,
            plan.revision,
            plan.steps,
            plan.warnings,
            qdrant_silent=plan.qdrant_silent,
        )
        if self._goes_on(options, is_empty=not plan.steps):
            self.stdout.write(f"Applied as revision {there.apply(text, plan)}.")

    def _goes_on(self, options: dict[str, Any], *, is_empty: bool) -> bool:
        """Tell whether to apply; a `diff` that found something exits with 2."""
        if is_empty:
            return False
        if options["verb"] == "diff":
            sys.exit(2)
        self._require_consent(yes=options["yes"])
        return True

    def _print_plan(
        self,
        name: str,
        revision: int,
        steps: Sequence[str],
        warnings: Sequence[str],
        *,
        qdrant_silent: bool,
    ) -> None:
        if not steps:
            self.stdout.write(f"Nothing to change: {name} is as the file says.")
            return
        self.stdout.write(f"{name}, from revision {revision}:")
        for sentence in steps:
            self.stdout.write(f"  {sentence}")
        for sentence in warnings:
            self.stdout.write(f"  ! {sentence}")
        if qdrant_silent:
            self.stdout.write("  ! Qdrant does not answer; numbers are missing.")

    def _require_consent(self, *, yes: bool) -> None:
        if yes:
            return
        if not sys.stdin.isatty():
            raise CommandError("There is no terminal to ask: use --yes.")
        if input("Apply this? [y/N] ").strip().lower() not in ("y", "yes"):
            raise CommandError("Nothing was written.")

    def _apply(self, actor: Actor, preview: Preview, wanted: PatchRequest) -> None:
        outcome = commit.commit(
            actor,
            preview.view.namespace.namespace_id,
            wanted,
            digest=preview.plan.digest,
        )
        revision = outcome.view.namespace.revision
        if outcome.converged:
            self.stdout.write(f"Applied as revision {revision}.")
        else:
            self.stdout.write(
                f"Accepted as revision {revision}; Qdrant is catching up. "
                f"{outcome.error}".rstrip()
            )


def _actor(organization: str) -> Actor:
    """Return the command's actor, an admin of the organization."""
    rows = Organization.objects.all()
    owner = (
        rows.filter(organization_id=organization).first()
        or rows.filter(name__iexact=organization).first()
    )
    if owner is None:
        raise CommandError(f"There is no organization {organization}.")
    return command_actor(owner, "nsconfig")


def _key(options: dict[str, Any]) -> str:
    """Return the API key, from the arguments or from the file that they name."""
    file = options["key_file"]
    if file:
        return checked_key(read_text(file), file)
    if not options["key"]:
        raise CommandError("An address needs a key: use --key-file or --key.")
    return checked_key(options["key"], "--key")


def _preview(
    actor: Actor, identifier: str, parsed: ParsedYaml
) -> tuple[Preview, PatchRequest]:
    view = queries.get_stored(actor, identifier, organization_id=actor.organization_id)
    asked = configuration.request_of(parsed, view.namespace)
    if asked.contests:
        raise configuration.conflict_of(asked)
    own_id = view.namespace.namespace_id
    try:
        return commit.preview(actor, own_id, asked.wanted), asked.wanted
    except Invalid as error:
        raise config.with_line_numbers(error, parsed) from None


def _sentences(error: NsadminError) -> str:
    """Return every message with its line, one in a line of its own."""
    errors = error.errors if isinstance(error, Invalid) else {}
    lines = [f"{p}: {s}" for p, messages in errors.items() for s in messages if p]
    return "\n".join(lines) or error.message
