"""Puts the folders `templates` and `static` into the wheel, as `nsadmin/files`."""

from pathlib import Path
from shutil import copytree, rmtree

from setuptools import setup
from setuptools.command.build_py import build_py


class BuildWithFiles(build_py):
    """Copies the files of the pages beside the modules."""

    def run(self) -> None:
        """Build the modules; then copy each folder whole, without files of before."""
        super().run()
        if self.editable_mode:
            return
        for folder in ("templates", "static"):
            target = Path(self.build_lib, "nsadmin", "files", folder)
            rmtree(target, ignore_errors=True)
            copytree(folder, target)


setup(cmdclass={"build_py": BuildWithFiles})
