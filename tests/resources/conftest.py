"""Browsers for the tests of resources, as the tests of pages have them."""

from tests.pages.conftest import _condensed, _static_root, browse, own, silence

__all__ = ["_condensed", "_static_root", "browse", "own", "silence"]
