"""A preview for people: each revision, what came with it, and the requests as they would go out."""

from collections.abc import Sequence
from urllib.parse import parse_qsl, urlsplit

from bot.commands.crm_play import Played
from bot.crm.config import WriterConfig


def told(made: WriterConfig, played: Sequence[Played]) -> str:
    lines = [f"What {made.name} would be sent. Nothing leaves this machine: a stand-in answers."]
    about = ""
    for one in played:
        if one.about != about:
            about = one.about
            lines += ["", about, "-" * len(about)]
        lines += ["", f"revision {one.revision}: {', '.join(one.moments) or 'a later answer'}"]
        for request in one.requests:
            lines += ["", f"{request.method} {request.url}"]
            query = parse_qsl(urlsplit(request.url).query) if "%" in request.url else ()
            lines += [f"    {name} = {value}" for name, value in query]
            lines += [f"{name}: {value}" for name, value in request.headers.items()]
            lines += [request.body] if request.body else []
        lines += ["", *one.lines] if one.lines else []
        lines += [f"-> {one.outcome}"] if one.outcome else []
    return "\n".join(lines)
