"""How the platform refuses: an HTTP status that is repeated in the body, and words that clients compare."""


class Refusal(Exception):
    """An answer with ok = false. `retry_after` in seconds, where the platform gives one."""

    def __init__(self, status: int, description: str, retry_after: int = 0) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.retry_after = retry_after

    def body(self) -> dict[str, object]:
        found: dict[str, object] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.retry_after:
            found["parameters"] = {"retry_after": self.retry_after}
        return found


def bad(words: str) -> Refusal:
    return Refusal(400, f"Bad Request: {words}")


def forbidden(words: str) -> Refusal:
    return Refusal(403, f"Forbidden: {words}")


def conflict(words: str) -> Refusal:
    return Refusal(409, f"Conflict: {words}")


def throttled(seconds: int) -> Refusal:
    return Refusal(429, f"Too Many Requests: retry after {seconds}", seconds)
