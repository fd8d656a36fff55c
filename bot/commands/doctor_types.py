"""What a check of `chatsurvey doctor` says."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Verdict: TypeAlias = Literal["ok", "!!", "error"]


@dataclass(frozen=True, slots=True)
class Check:
    """`found` is what is the case, `hint` what to click or type. `!!` is worth a look and fails nothing."""

    name: str
    verdict: Verdict
    found: str
    hint: str = ""
