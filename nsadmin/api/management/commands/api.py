"""`manage.py api OPERATION … --url URL --key-file FILE`: one call of an nsadmin's API.

The operations and their arguments are those of the OpenAPI document of this release. It
needs no settings here.
"""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from pydantic import ValidationError

from nsadmin.api.http.idempotency import IDEMPOTENCY_KEY
from nsadmin.api.http.openapi import NDJSON
from nsadmin.api.management.operations import Call, call_of, declare, operations
from nsadmin.api.schemas.errors import ErrorEnvelope
from nsadmin.errors import NsadminError, Unavailable
from nsadmin.namespaces.management.files import read_text
from nsadmin.namespaces.management.remote_api import Answer, RemoteApi, checked_key


class Command(BaseCommand):
    """Calls an operation and prints its answer."""

    # A call of another machine's API needs no settings.
    requires_system_checks = []  # noqa: RUF012 - Django's own attribute
    help = (
        "Call an operation of the API of an nsadmin. The answer is printed as JSON. "
        "Exit status: 0 if it was done, 4 if it was refused (HTTP status 4xx), 5 if "
        "the server failed (5xx), 3 for a redirect, which is not followed, 2 for wrong "
        "arguments, 1 if there was no answer or it cannot be used."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare each operation as a subcommand."""
        named = parser.add_subparsers(
            dest="operation", metavar="OPERATION", required=True
        )
        for operation in operations().values():
            about = operation.about.replace("%", "%%")
            one = named.add_parser(
                operation.name,
                help=about.partition("\n")[0],
                description=about,
                # `--key SECRET` is refused, and not taken for the name of a file.
                allow_abbrev=False,
            )
            declare(one, operation)
            one.add_argument("--url", required=True, help="where it is, https://…")
            one.add_argument(
                "--key-file",
                metavar="FILE",
                required=True,
                help="a file with an API key",
            )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Send the request, print the answer, exit with a status."""
        try:
            file = options["key_file"]
            key = checked_key(read_text(file), file)
            call = call_of(operations()[options["operation"]], options)
            answer = _sent(RemoteApi(options["url"], key), call, options.get("body"))
            if answer.is_success:
                self._print(answer)
                return
        except NsadminError as error:
            raise CommandError(error.message) from None
        self.stderr.write(_refusal(answer))
        sys.exit(answer.status // 100)

    def _print(self, answer: Answer) -> None:
        if answer.headers.get("Content-Type", "").startswith(NDJSON):
            self.stdout.write(answer.body.decode(errors="replace"), ending="")
        elif answer.body:
            self.stdout.write(json.dumps(answer.json(), indent=2, ensure_ascii=False))


def _sent(api: RemoteApi, call: Call, file: str | None) -> Answer:
    """Return the answer to a call with the body in a file, if there is one.

    Raises Unavailable if there is none; then its message says how to repeat the call.
    """
    body = None if file is None else _body(file)
    try:
        return api.send(
            call.method, call.path, query=call.query, headers=call.headers, body=body
        )
    except Unavailable as error:
        keys = [key for name, key in call.headers.items() if name in IDEMPOTENCY_KEY]
        if not keys:
            raise
        message = (
            f"{error.message} It may have been carried out. Repeated with "
            f"--idempotency-key {keys[0]} it is carried out once."
        )
        raise Unavailable(message) from None


def _body(file: str) -> bytes:
    text = read_text(file)
    try:
        json.loads(text)
    except ValueError as error:
        raise CommandError(f"{file} is not JSON: {error}.") from None
    return text.encode()


def _refusal(answer: Answer) -> str:
    """Return the message of an error, and in a line each what else it says of places.

    The message is the first of these itself, with its place or without.
    """
    try:
        error = ErrorEnvelope.model_validate_json(answer.body).error
    except ValidationError:
        return f"The address answers with HTTP status {answer.status}."
    marks = [f"HTTP status {answer.status}", error.code, error.details.request_id]
    faults = {
        ": ".join(filter(None, [fault.location, fault.message])): fault.message
        for fault in error.details.validation_errors or []
    }
    others = [
        line for line, message in faults.items() if error.message not in (line, message)
    ]
    return "\n".join([f"{error.message} ({', '.join(filter(None, marks))})", *others])
