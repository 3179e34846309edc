"""What is done in one place only: each claim as a function from a module to its uses.

`Claim.breaches` finds the uses outside that place. A claim has a good and a bad sample
in `test_architecture.py`, and stands in the table of `docs/architecture.md`.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tests.conventions.loops import loops
from tests.conventions.source import Module

Uses = Callable[[Module], Iterator[str]]


@dataclass(frozen=True)
class Claim:
    """`where` holds the folders and files that may; `uses` yields each use.

    With `within` the claim is about these folders alone.
    """

    key: str
    where: tuple[str, ...]
    uses: Uses
    within: tuple[str, ...] = ("nsadmin/",)

    def is_about(self, path: str) -> bool:
        return path.startswith(self.within) and not path.startswith(self.where)

    def breaches(self, modules: Iterable[Module]) -> dict[str, list[str]]:
        """Return {path: uses} of the modules that must not and do."""
        found = {
            module.path: sorted(set(self.uses(module)))
            for module in modules
            if self.is_about(module.path)
        }
        return {path: uses for path, uses in found.items() if uses}


def _imports(*packages: str) -> Uses:
    """Use of a package: an import of it or of something in it."""

    def uses(module: Module) -> Iterator[str]:
        for name in module.imports:
            if any(f"{name}.".startswith(f"{package}.") for package in packages):
                yield name

    return uses


def _reaches(*names: str) -> Uses:
    """Use of these dotted names, however they were imported."""

    def uses(module: Module) -> Iterator[str]:
        yield from module.uses & set(names)

    return uses


def _root(node: ast.expr) -> ast.expr:
    """Return the first name of a chain of attributes and calls."""
    while isinstance(node, ast.Attribute | ast.Call):
        node = node.value if isinstance(node, ast.Attribute) else node.func
    return node


_WRITES = {
    "create",
    "update",
    "delete",
    "save",
    "bulk_create",
    "bulk_update",
    "get_or_create",
    "update_or_create",
}


def _written(module: Module, model: str) -> Iterator[ast.Call]:
    """Yield the calls that write rows of a model through its manager."""
    for call in module.calls():
        if isinstance(call.func, ast.Attribute) and call.func.attr in _WRITES:
            root = _root(call.func)
            if isinstance(root, ast.Name) and root.id == model:
                yield call


def audit_writes(module: Module) -> Iterator[str]:
    """An audit row is made or changed."""
    for call in _written(module, "AuditEvent"):
        yield ast.unparse(call.func)
    for call in module.calls():
        if isinstance(call.func, ast.Name) and call.func.id == "AuditEvent":
            yield "AuditEvent(…)"


def job_states(module: Module) -> Iterator[str]:
    """A job's state is set by a keyword of a write."""
    for call in _written(module, "Job"):
        if any(keyword.arg in ("state", "epoch") for keyword in call.keywords):
            yield ast.unparse(call.func)


def queries(module: Module) -> Iterator[str]:
    """A model's manager is used."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Attribute) and node.attr == "objects":
            root = _root(node)
            if isinstance(root, ast.Name) and root.id[:1].isupper():
                yield ast.unparse(node)


def role_tables(module: Module) -> Iterator[str]:
    """A mapping from roles to anything but a text."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Dict):
            by_role = any(key is not None and _is_role(key) for key in node.keys)
            if by_role and not all(isinstance(v, ast.Constant) for v in node.values):
                yield f"table in line {node.lineno}"


def _is_role(node: ast.AST) -> bool:
    """Tell whether the node is `Role.SOMETHING`."""
    return (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "Role"
    )


def role_tests(module: Module) -> Iterator[str]:
    """A comparison with a role, which a question for an action should be."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            if any(_is_role(n) for side in sides for n in ast.walk(side)):
                yield ast.unparse(node)


_COLOURS = {"green", "yellow", "grey", "red"}


def status_words(module: Module) -> Iterator[str]:
    """A mapping whose keys are Qdrant's colours."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Dict):
            keys = {key.value for key in node.keys if isinstance(key, ast.Constant)}
            if len(keys & _COLOURS) > 1:
                yield f"mapping in line {node.lineno}"


def lookups(module: Module) -> Iterator[str]:
    """A host name is resolved."""
    for name in module.uses:
        last = name.rpartition(".")[2]
        if last in ("getaddrinfo", "gethostbyname", "gethostbyname_ex", "getfqdn"):
            yield name


def messages(module: Module) -> Iterator[str]:
    """A message is sent to a worker."""
    yield from _reaches("celery.current_app")(module)
    for call in module.calls():
        method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        if method in ("delay", "apply_async"):
            yield ast.unparse(call.func)


def bodies(module: Module) -> Iterator[str]:
    """The raw body of a request is read."""
    for node in ast.walk(module.tree):
        text = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        if text in ("request.body", "request.read"):
            yield text


def environment(module: Module) -> Iterator[str]:
    """The environment is read; naming the settings module is not reading."""
    yield from _imports("environs")(module)
    for name in module.uses:
        is_naming = name in ("os.environ", "os.environ.setdefault")
        if name.startswith(("os.environ", "os.getenv")) and not is_naming:
            yield name
    for node in ast.walk(module.tree):
        owner = module.resolved(node.value) if isinstance(node, ast.Subscript) else ""
        if owner == "os.environ":
            yield "os.environ[…]"


def minimum_versions(module: Module) -> Iterator[str]:
    """Qdrant's minimum version is written out, as numbers or in a text."""
    nodes = list(ast.walk(module.tree))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Tuple | ast.List):
            is_minimum = ast.unparse(node) in ("(1, 18)", "[1, 18]")
        else:
            is_code = isinstance(node, ast.Constant) and id(node) not in docstrings
            is_minimum = is_code and "1.18" in ast.unparse(node)
        if is_minimum:
            yield ast.unparse(node)


_NAMESPACES = "nsadmin.stores.mongo.namespaces"
_COLLECTIONS = "nsadmin.stores.qdrant.collections"

CLAIMS: tuple[Claim, ...] = (
    Claim("pymongo", ("nsadmin/stores/mongo/",), _imports("pymongo")),
    Claim("qdrant_client", ("nsadmin/stores/qdrant/",), _imports("qdrant_client")),
    Claim("qdrant_minimum", ("nsadmin/stores/qdrant/versions.py",), minimum_versions),
    Claim("httpx", ("nsadmin/stores/",), _imports("httpx", "requests", "urllib3")),
    Claim("cryptography", ("nsadmin/stores/seal.py",), _imports("cryptography")),
    Claim("resolving", ("nsadmin/stores/name_resolution.py",), lookups),
    Claim("yaml", ("nsadmin/namespaces/schema/",), _imports("yaml")),
    Claim(
        "stores",
        (),
        _imports("nsadmin.stores"),
        within=("nsadmin/pages/", "nsadmin/api/"),
    ),
    Claim(
        "replace",
        ("nsadmin/namespaces/change/compare_and_set.py", "nsadmin/stores/mongo/"),
        _reaches(f"{_NAMESPACES}.replace"),
    ),
    Claim(
        "insert_delete",
        ("nsadmin/namespaces/lifecycle/", "nsadmin/stores/mongo/"),
        _reaches(f"{_NAMESPACES}.insert", f"{_NAMESPACES}.delete"),
    ),
    Claim(
        "drop_index",
        ("nsadmin/namespaces/change/", "nsadmin/moves/", "nsadmin/stores/qdrant/"),
        _reaches(f"{_COLLECTIONS}.drop_index"),
    ),
    Claim(
        "drop_collection",
        ("nsadmin/namespaces/lifecycle/", "nsadmin/clones/", "nsadmin/stores/qdrant/"),
        _reaches(f"{_COLLECTIONS}.drop"),
    ),
    Claim("role_table", ("nsadmin/access/permissions.py",), role_tables),
    Claim("role_tests", ("nsadmin/access/",), role_tests),
    Claim("status_words", ("nsadmin/namespaces/mirror/status.py",), status_words),
    Claim("audit_writes", ("nsadmin/audit/",), audit_writes),
    Claim("job_states", ("nsadmin/jobs/",), job_states),
    Claim("messages", ("nsadmin/jobs/execution/dispatch.py",), messages),
    Claim("queries", (), queries, within=("nsadmin/pages/",)),
    Claim("bodies", ("nsadmin/api/http/parsing.py",), bodies),
    Claim("loops", ("nsadmin/embedded/", "nsadmin/pages/", "nsadmin/api/"), loops),
    Claim(
        "environment",
        (
            "nsadmin/settings/environment.py",
            "nsadmin/settings/reading.py",
            "nsadmin/settings/rules.py",
        ),
        environment,
    ),
    Claim(
        "embedded",
        ("nsadmin/embedded/",),
        _imports("nsadmin.embedded"),
    ),
)

# What does not keep a claim yet, by the claim's key. The list only gets shorter.
NOT_YET: dict[str, set[str]] = {}
