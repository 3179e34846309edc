"""Sign-in by one click, on the sign-in page of a demo."""

from typing import Any

from allauth.account.views import LoginView
from django.core.exceptions import NON_FIELD_ERRORS
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_POST

from nsadmin.access.signin import demo_logins


class DemoSignIn(LoginView):  # type: ignore[misc]
    """Sends the sign-in form of a login of the demo, as if its password were typed.

    So limits, second factors, providers and where it leads hold as for that form. It is
    404 for all but the demo's logins, and always outside of a demo.
    """

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        """Find the login whose button was pressed."""
        email = request.POST.get("email", "")
        password = demo_logins.passwords().get(email)
        if password is None:
            raise Http404("There is no such login.")
        self._typed = {"login": email, "password": password}
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response

    def get_form_kwargs(self) -> dict[str, Any]:
        """Fill in the form."""
        return {**super().get_form_kwargs(), "data": self._typed}

    def form_invalid(self, form: Form) -> HttpResponse:
        """Ask for the password of a login that was given another one."""
        if form.has_error(NON_FIELD_ERRORS, "email_password_mismatch"):
            del form.errors[NON_FIELD_ERRORS]
            form.add_error(None, "This login has another password by now. Enter it.")
        response: HttpResponse = super().form_invalid(form)
        return response


demo_sign_in = require_POST(DemoSignIn.as_view())
