"""Where the files that come with the program are: inside the package once it is installed, else in the source tree.

The wheel holds `flows.yaml` and `web_widget/` under `bot/shipped/`; `pyproject.toml` puts them there.
"""

from functools import cache
from pathlib import Path


@cache
def root() -> Path:
    """The folder that holds `flows.yaml` and `web_widget/`."""
    package = Path(__file__).resolve().parent
    shipped = package / "shipped"
    return shipped if shipped.is_dir() else package.parent


def flows() -> Path:
    """The shipped flow file."""
    return root() / "flows.yaml"


def widget() -> Path:
    """The folder with the widget's scripts, styles and pages."""
    return root() / "web_widget"
