"""Loading the text libraries that only one language needs."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType


class MissingLibraryError(ImportError):
    """A front end needs a library that is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(
            f"The text front end needs the Python package '{library}', which is not installed. "
            f"Install it with: pip install 'harmony-speech[{extra}]'",
            name=library,
        )


def import_library(module: str, package: str, extra: str = "text") -> ModuleType:
    """Import `module`; when it is missing, say which `package` and extra bring it."""
    try:
        return import_module(module)
    except ModuleNotFoundError as exc:
        if (exc.name or "").partition(".")[0] != module.partition(".")[0]:
            raise  # the library is there; something of its own is missing
        raise MissingLibraryError(package, extra) from exc


def library_file(module: str, file: str, package: str, extra: str = "text") -> Path:
    """A data file inside an installed package, found without importing (running) the package."""
    spec = find_spec(module)
    folders = (spec.submodule_search_locations if spec else None) or []
    for folder in folders:
        path = Path(folder) / file
        if path.is_file():
            return path
    raise MissingLibraryError(package, extra)
