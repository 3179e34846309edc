"""The data files that the vega_datasets package installs (nothing is downloaded)."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def _folder() -> Path:
    # Looked up, not imported: importing the package imports pandas, a second lost.
    found = find_spec("vega_datasets")
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError("vega_datasets is not installed (extra: demo)")
    return Path(found.submodule_search_locations[0]) / "_data"


def data_file(name: str) -> Path:
    """One of the files of vega_datasets."""
    return _folder() / name
