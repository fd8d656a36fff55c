"""`responses-2026-11.csv`: one line a revision, appended and synced before it counts as written (`files/appender.py`).

The first two columns are always `chat` and `revision`: of the lines of one chat the one with the greatest revision is
the truth. The others are those of the mapping, in its order, or those of `columns.py` where there is none. Where a file
has other columns than these another file is begun, so that each is one table. Text is no formula to any spreadsheet
(`csv_cells.py`).
"""

from collections.abc import Callable, Sequence

from bot.crm.base import EVENTS, Event, Parcel, Receipt
from bot.crm.config import WriterConfig
from bot.crm.files.appender import Appender, Line, keys
from bot.crm.files.columns import TARGET, Columns
from bot.crm.files.csv_cells import END, line
from bot.crm.spec import Key, Spec
from bot.errors import DeliveryError, Retryable
from bot.model import Response

DELIMITERS = {"comma": ",", "semicolon": ";", "tab": "\t"}
BOM = b"\xef\xbb\xbf"

SPEC = Spec(
    "csv",
    "a CSV file",
    keys=(
        *keys("monthly"),
        Key("delimiter", "choice", "comma", choices=tuple(DELIMITERS)),
        Key("bom", "flag", False),
    ),
    targets=(TARGET,),
    samples=True,
)

KEYS = ("chat", "revision")


class CsvLines:
    """See `line_file.Form`."""

    suffix = ".csv"
    end = END.encode()

    def __init__(self, names: Sequence[str], delimiter: str, bom: bool) -> None:
        self._delimiter = delimiter.encode()
        self.head = (BOM if bom else b"") + line(names, delimiter)

    def read(self, line: bytes) -> tuple[str, int] | None:
        chat, revision, *_ = (*line.split(self._delimiter, 2), b"", b"")
        if not chat or not revision.isdigit() or len(revision) > 9:
            return None
        return chat.decode("utf-8", "replace"), int(revision)

    def ours(self, start: bytes) -> bool:
        """A file of ours, perhaps with other columns. Whoever saved it from an editor has changed its line ends, and
        may have torn lines that are none."""
        first, end, _ = start.partition(b"\n")
        return first.removeprefix(BOM).startswith(self._delimiter.join((b"chat", b"revision"))) and (
            not end or first.endswith(b"\r")
        )


class CsvWriter:
    """See `bot.crm.base.FileWriter`."""

    batch = 256
    parallel = 1

    def __init__(self, config: WriterConfig, clock: Callable[[], int]) -> None:
        self.name, self.samples = config.name, config.samples
        self._mapping, self.transcript = config.mapping, config.mapping.transcript
        self._columns = Columns(config.mapping, config.link)
        self._names = tuple(name for name in self._columns.names if name not in KEYS)
        self._delimiter = DELIMITERS[config.text("delimiter") or "comma"]
        form = CsvLines((*KEYS, *self._names), self._delimiter, bool(config.options.get("bom")))
        self._file = Appender(config, form, clock, "monthly")

    def wants(self, response: Response) -> Sequence[Event]:
        every = self._mapping.on == EVENTS and self._mapping.when is None
        return self._mapping.wants(response) or (("answered",) if every else ())

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        return [Receipt(error=error) for error in await self.write_all([parcel.response for parcel in parcels])]

    async def write_all(self, responses: Sequence[Response]) -> Sequence[DeliveryError | None]:
        lines: list[Line] = [(r.chat, r.revision, self._line(r)) for r in responses]
        failed = await self._file.append(lines) if lines else ""
        return [Retryable(failed) if failed else None for _ in responses]

    async def check(self) -> str:
        return await self._file.check()

    async def close(self) -> None:
        await self._file.close()

    def _line(self, response: Response) -> bytes:
        values = self._columns.of(response)
        found = [values.get(name) for name in self._names]
        return line((response.chat, response.revision, *found), self._delimiter)


def make(config: WriterConfig, clock: Callable[[], int]) -> CsvWriter:
    return CsvWriter(config, clock)
