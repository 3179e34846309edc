"""Forms that work a single time, however often the browser sends them again."""

from typing import Any, ClassVar

from django.core import signing

from nsadmin.pages.common.forms.base import ChangeForm

_AGE_S = 24 * 3600


class OneTimeForm(ChangeForm):
    """A form that is given out with the id of the act that it asks for.

    The id is signed, so that nobody makes one up, and `salt` keeps one form's ids from
    another's. Whoever carries the act out refuses an id that has been used.
    """

    salt: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin without an act; a form that was sent names it."""
        super().__init__(*args, **kwargs)
        self.act_id = ""

    @staticmethod
    def new_act_id() -> str:
        """Return an id for an act that has not happened."""
        raise NotImplementedError

    @property
    def once(self) -> str:
        """Return what makes the form, as it is shown now, work a single time."""
        return signing.dumps(self.new_act_id(), salt=self.salt)

    def clean(self) -> dict[str, Any]:
        """Take the form for one that was given out."""
        sent = str(self.data.get("once"))
        try:
            self.act_id = signing.loads(sent, salt=self.salt, max_age=_AGE_S)
        except signing.BadSignature:
            self.add_error(None, "The form was too old. Send it once more.")
        return self.cleaned_data
