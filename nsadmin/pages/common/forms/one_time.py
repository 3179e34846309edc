"""Forms that take effect once, even if the browser sends them again."""

from typing import Any, ClassVar

from django.core import signing

from nsadmin.pages.common.forms.base import ChangeForm

_AGE_S = 24 * 3600


class OneTimeForm(ChangeForm):
    """A form that carries the signed id of the object it will create.

    `salt` separates the ids of different forms. The room that creates the object
    refuses an id that has been used.
    """

    salt: ClassVar[str]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Leave `act_id` empty until `clean` reads it."""
        super().__init__(*args, **kwargs)
        self.act_id = ""

    @staticmethod
    def new_act_id() -> str:
        """Return a new id of an object to create."""
        raise NotImplementedError

    @property
    def once(self) -> str:
        """Return a new signed id, for the hidden field of the form."""
        return signing.dumps(self.new_act_id(), salt=self.salt)

    def clean(self) -> dict[str, Any]:
        """Read the signed id; add an error if it is forged or expired."""
        sent = str(self.data.get("once"))
        try:
            self.act_id = signing.loads(sent, salt=self.salt, max_age=_AGE_S)
        except signing.BadSignature:
            self.add_error(None, "The form has expired. Send it again.")
        return self.cleaned_data
