"""`responses.jsonl`: one line a revision, appended and synced before it counts as written (`files/appender.py`).

Each line is the whole response, in the shape of the web hook's `data` (`shape.py`).
"""

from collections.abc import Callable, Sequence

import msgspec

from bot.crm.base import Event, Parcel, Receipt
from bot.crm.config import WriterConfig
from bot.crm.files.appender import Appender, Line, keys
from bot.crm.shape import data_of
from bot.crm.spec import Spec
from bot.errors import DeliveryError, Permanent, Retryable
from bot.model import Response

SPEC = Spec(
    "jsonl",
    "a JSONL file",
    keys=keys("never"),
    fields=False,
    samples=True,
)


class _Written(msgspec.Struct):
    chat: str
    revision: int


_written = msgspec.json.Decoder(_Written)


class JsonLines:
    """See `line_file.Form`."""

    suffix = ".jsonl"
    head = b""
    end = b"\n"

    def read(self, line: bytes) -> tuple[str, int] | None:
        try:
            found = _written.decode(line)
        except msgspec.MsgspecError:
            return None  # the first one may be cut by the window; others are not ours
        return found.chat, found.revision

    def ours(self, start: bytes) -> bool:
        return start[:1] in (b"{", b"")


class JsonlWriter:
    """See `bot.crm.base.FileWriter`. Demo responses say `"sample": true`."""

    transcript = False
    batch = 256
    parallel = 1

    def __init__(self, config: WriterConfig, clock: Callable[[], int]) -> None:
        self.name, self.samples = config.name, config.samples
        self._file = Appender(config, JsonLines(), clock, "never")

    def wants(self, response: Response) -> Sequence[Event]:
        """Every revision."""
        return ("answered",)

    async def write(self, parcels: Sequence[Parcel]) -> Sequence[Receipt]:
        return [Receipt(error=error) for error in await self.write_all([parcel.response for parcel in parcels])]

    async def write_all(self, responses: Sequence[Response]) -> Sequence[DeliveryError | None]:
        lines: list[Line] = []
        errors: list[DeliveryError | None] = []
        for response in responses:
            try:
                lines.append((response.chat, response.revision, msgspec.json.encode(data_of(response)) + b"\n"))
                errors.append(None)
            except (UnicodeEncodeError, msgspec.MsgspecError):
                errors.append(Permanent("it cannot be written as JSON", "json"))
        failed = await self._file.append(lines) if lines else ""
        return [Retryable(failed) if failed and error is None else error for error in errors]

    async def check(self) -> str:
        return await self._file.check()

    async def close(self) -> None:
        await self._file.close()


def make(config: WriterConfig, clock: Callable[[], int]) -> JsonlWriter:
    return JsonlWriter(config, clock)
