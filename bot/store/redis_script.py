"""The scripts that Redis runs."""

import hashlib
from importlib import resources


class Script:
    """One file of `lua/` behind `lib.lua`. `keeps`: its answer may say that something is kept, for which replicas are
    waited for where the operator asks for that."""

    def __init__(self, name: str, *, keeps: bool = False) -> None:
        folder = resources.files("bot.store") / "lua"
        parts = [(folder / f"{part}.lua").read_text("utf-8") for part in ("lib", name)]
        self.name = name
        self.keeps = keeps
        self.text = "\n".join(parts)
        self.digest = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()
