"""Vendors' contracts, as they lie beside a checkout of this project (CONTRACTS_DIR; `../shared/vendor` by default).

They are not part of this repository. Where they are absent, fakes check what they know themselves, and the test run
says in its summary which contract was not checked.
"""

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS31Validator

TOP = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CONTRACTS_DIR") or TOP.parent / "shared" / "vendor")

not_checked: set[str] = set()
"""Contracts that a fake wanted and that are not there."""


# Any: a JSON document, read by path in the few places below.
def load(name: str) -> Any:
    """The document, or None where it is not there (which is noted)."""
    file = FOLDER / name
    if file.is_file():
        return json.loads(file.read_text("utf-8"))
    not_checked.add(name)
    return None


class Operation:
    """One operation of an OpenAPI file: what it refuses."""

    def __init__(self, file: str, path: str, method: str) -> None:
        document = load(file)
        self._spec: Any = document["paths"][path][method] if document is not None else None

    def faults(self, headers: Mapping[str, str], body: bytes) -> Sequence[str]:
        """What the contract has against this request; nothing where there is no contract."""
        if self._spec is None:
            return ()
        found = []
        for parameter in self._spec.get("parameters", ()):
            given = headers.get(parameter["name"])
            if given is None and parameter.get("required"):
                found.append(f"header {parameter['name']} is missing")
            elif given is not None and not re.search(parameter["schema"].get("pattern", ""), given):
                found.append(f"header {parameter['name']} is not {parameter['schema']['pattern']}")
        kind = headers.get("content-type", "").partition(";")[0]
        content = self._spec["requestBody"]["content"]
        if kind not in content:
            return [*found, f"content type {kind}"]
        validator = OAS31Validator(content[kind]["schema"], format_checker=OAS31Validator.FORMAT_CHECKER)
        return [*found, *(error.message for error in validator.iter_errors(json.loads(body)))]
