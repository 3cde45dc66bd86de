"""The installed version; pyproject.toml is where it is written."""

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("harmony-speech")
except PackageNotFoundError:  # run from a checkout that is not installed
    VERSION = "0+unknown"
