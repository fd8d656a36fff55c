"""Values as cells of a CSV file that people open with a spreadsheet. Pure.

A spreadsheet calculates a cell that begins with one of FORMULA, so text that does gets a single quote in front of it
(OWASP, CSV Injection), the full-width forms included. So does such a character behind a comma, a semicolon, a tab or a
line break: half of Europe's spreadsheets take the semicolon for what parts cells, and then quotes around a cell of ours
are no quotes, and what stands there begins a cell. Numbers are left as they are: digits alone call nothing.
"""

import csv
import io
import re
from collections.abc import Iterable

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
END = "\r\n"

_PHONE = re.compile(r"\+[1-9]\d{5,14}")
_INSIDE = re.compile(r"""([;,\t\n\r][ "']*)(?=[=＝@＠]|[+\-＋－](?!\s*\d[\d .()/%€-]*(?:[;,\t\n\r]|$))\s*[\w(.])""")
_BREAK = re.compile(r"\r\n?|[\u2028\u2029\x85]")
_BAD = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def cell(value: object) -> int | float | str:
    """A number as it is, nothing as an empty cell, all else as text that no spreadsheet takes for a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or isinstance(value, int | float):
        return "" if value is None else value
    text = _INSIDE.sub(r"\1'", str(value))
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) and not _PHONE.fullmatch(text) else text


def flat(value: object) -> object:
    """Text whose line breaks are line feeds, so that CR LF is nowhere but at the end of a line, and without what no
    file holds as text: other control characters, halves of characters."""
    return _BAD.sub("", _BREAK.sub("\n", value)) if isinstance(value, str) else value


def line(values: Iterable[object], delimiter: str = ",") -> bytes:
    """One line of RFC 4180 in UTF-8, its CR LF included, which is nowhere else in it."""
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, lineterminator=END).writerow([cell(flat(value)) for value in values])
    return out.getvalue().encode()
