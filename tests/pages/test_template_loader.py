"""Templates are read without indentation, which no page shows."""

from pathlib import Path

import pytest
from django.template import Context, Engine

LOADER = "nsadmin.pages.template_loader.Loader"


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("<p>\n    Some\n\n\ttext\n</p>\n", "<p>\nSome\n\ntext\n</p>\n"),
        ("<pre>\n  a\n    b</pre>\n  <b>c</b>", "<pre>\n  a\n    b</pre>\n<b>c</b>"),
        ("<textarea>\n  a</textarea>", "<textarea>\n  a</textarea>"),
        ("{{ value }}", "one\n  two"),
    ],
)
def test_only_indentation_of_the_template_goes(
    tmp_path: Path, written: str, sent: str
) -> None:
    (tmp_path / "page.html").write_text(written)
    (tmp_path / "page.txt").write_text(written)
    engine = Engine(dirs=[str(tmp_path)], loaders=[LOADER])
    values = Context({"value": "one\n  two"})
    assert engine.get_template("page.html").render(values) == sent
    plain = engine.get_template("page.txt").render(values)
    assert plain == (sent if "{{" in written else written)
