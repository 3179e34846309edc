"""The pages whose form becomes a plan, and their input as a plan has kept it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

from django.http import HttpRequest

from nsadmin.access.actor import Actor
from nsadmin.access.web.gate import actor_of
from nsadmin.errors import Invalid, NotFound
from nsadmin.namespaces.read.queries import NamespaceView
from nsadmin.pages.common.forms.base import ChangeForm
from nsadmin.plans import finding, forms, secret
from nsadmin.plans.forms import Reading, SentForm
from nsadmin.plans.models import SavedPlan
from nsadmin.plans.requests import Wanted

# The query key by which a form's page shows the input of a kept plan.
PLAN: Final = "plan"

F = TypeVar("F", bound=ChangeForm)


@dataclass(frozen=True, slots=True)
class FormPage(Generic[F]):
    """A page of a namespace whose form becomes a plan.

    `name` is that of its URL. `form` makes the form of sent input, `wanted` is what a
    valid form asks for. `after` is the page to return to once the plan is carried out,
    by default this one; `back` is the field of the form that can name another.
    `edits` is false for a page without fields to fill in: then one goes back to the
    page `after`. `edited_at` is the page that shows the form, by default this one.
    `rereads` is false for a form that is not compared with the namespace:
    its plan is made of the request that was written down.
    """

    name: str
    form: Callable[[SentForm], F]
    wanted: Callable[[Actor, NamespaceView, F], Wanted]
    after: str = ""
    back: str = ""
    edits: bool = True
    edited_at: str = ""
    rereads: bool = True
    source: Literal["form", "yaml"] = "form"

    def returns_to(self, sent: forms.Input | None) -> str:
        """Return the name of the page to return to; `sent` is the form's kept input."""
        named = (sent or {}).get(self.back, [])
        return next(filter(is_form_page, named), self.after or self.name)

    def read(self, actor: Actor, view: NamespaceView, sent: SentForm) -> Reading:
        """Read kept input against the namespace as it is; raise Invalid."""
        form = self.form(sent)
        if not form.is_valid():
            raise Invalid(str(next(iter(form.errors.values()))[0]))
        wanted = self.wanted(actor, view, form)
        conflicts = form.contested(view.namespace)
        return Reading(wanted, tuple(c.key for c in conflicts if not c.choice))


_pages: dict[str, FormPage[Any]] = {}


def form_page(page: FormPage[F]) -> FormPage[F]:
    """Register a page, so that its kept input can be read again."""
    _pages[page.name] = page
    if page.rereads:
        forms.register(page.name, page.read)
    return page


def is_form_page(name: str) -> bool:
    """Tell whether a page of this name has a form that becomes a plan."""
    return name in _pages


def page_of(saved: SavedPlan) -> FormPage[Any] | None:
    """Return the page that made a plan; None for a plan of the API."""
    return _pages.get(saved.page)


def kept_form(request: HttpRequest, view: NamespaceView, page: FormPage[F]) -> F | None:
    """Return the form as the plan of `?plan=` kept it; None without such a plan."""
    plan_id = request.GET.get(PLAN, "")
    if not plan_id or request.method == "POST":
        return None
    try:
        saved = finding.find(actor_of(request), view.namespace.namespace_id, plan_id)
    except NotFound:
        return None
    return form_of(saved, page) if saved.page == page.name else None


def form_of(
    saved: SavedPlan, page: FormPage[F], answers: forms.Input | None = None
) -> F | None:
    """Return the form of a plan with its kept input; None if it has none."""
    if saved.form is None:
        return None
    data = forms.as_data(saved.form, answers)
    form = page.form(SentForm(data, secret.secret_of(saved), saved.request))
    form.is_valid()
    return form
