"""Templates without the blanks at the beginning of their lines.

They make a template readable and mean nothing in a page, a fifth of which they would
be. Line ends stay, so that errors name the right line.
"""

import re

from django.template import Origin
from django.template.loaders import filesystem

# What HTML shows as it is written stays as it is written.
_INDENT = re.compile(r"(<(pre|textarea)\b.*?</\2>)|\n[ \t]+", re.DOTALL)


class Loader(filesystem.Loader):
    """Reads templates of the project's folder, without indentation."""

    def get_contents(self, origin: Origin) -> str:
        """Return the text of a template; what is no HTML stays as it is."""
        text = super().get_contents(origin)
        if not origin.name.endswith(".html"):
            return text
        return _INDENT.sub(lambda found: found[1] or "\n", text)
