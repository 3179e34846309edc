"""What a page is made of, as a parser sees it."""

from collections import Counter
from html.parser import HTMLParser


class _Parts(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: Counter[str] = Counter()
        self.scripts: list[str] = []
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "wbr":  # where a long word may break depends on its letters
            return
        names = sorted(name for name, _ in attrs)
        self.found[f"<{tag} {' '.join(names)}>"] += 1
        self._inside = tag
        for name, value in attrs:
            if name in ("href", "src", "action", "formaction", "data"):
                scheme = (value or "").strip().lower().partition(":")[0]
                if scheme in ("javascript", "vbscript", "data"):
                    self.found[f"{name} leads to {scheme}:"] += 1

    def handle_data(self, data: str) -> None:
        if self._inside in ("script", "style") and data.strip():
            self.found[f"text in <{self._inside}>"] += 1

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 - the parser's name
        self._inside = ""


def parts_of(page: str) -> Counter[str]:
    """Count the elements with the names of their attributes, and what would run."""
    parser = _Parts()
    parser.feed(page)
    parser.close()
    return parser.found


def is_dangerous(part: str) -> bool:
    """Tell whether a part has no place in any page, whatever it shows."""
    names = part.strip("<>").split()
    tag, attributes = names[0], names[1:]
    return (
        not part.startswith("<")
        or any(name.startswith(("on", "hx-on")) for name in attributes)
        or tag in ("iframe", "object", "embed", "base", "style", "marquee", "math")
        or "srcdoc" in attributes
        or "http-equiv" in attributes
        or (tag == "script" and "src" not in attributes)
    )
