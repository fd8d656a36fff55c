"""What Slack's libraries say, without what they would quote.

Their lines hold payloads, socket addresses with tickets and texts of people. So of each line only this is kept: which
function of the library spoke, at what level, and the error it met with Slack's code for it.
"""

import logging


class OnlyWhere(logging.Filter):
    """Replaces the words of a record by its place."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        said = f"the Slack library: {record.module}.{record.funcName}"
        if error is not None:
            said += f": {type(error).__name__}{_code(error)}"
        record.msg, record.args, record.exc_info, record.exc_text, record.stack_info = said, (), None, None, None
        return True


def library_log() -> logging.Logger:
    """For clients and the socket. Its level keeps them from building longer lines."""
    return _made("slack", logging.WARNING)


def app_log() -> logging.Logger:
    """For bolt, which warns of much that is meant: tokens in the environment that it need not read, and the like."""
    return _made("slack.app", logging.ERROR)


def _made(name: str, level: int) -> logging.Logger:
    log = logging.getLogger(name)
    if not any(isinstance(one, OnlyWhere) for one in log.filters):
        log.addFilter(OnlyWhere())
        log.setLevel(level)
    return log


def _code(error: BaseException) -> str:
    response = getattr(error, "response", None)
    data = getattr(response, "data", None)
    code = data.get("error") if isinstance(data, dict) else None
    return f" ({code})" if isinstance(code, str) and code.replace("_", "").isalnum() else ""
