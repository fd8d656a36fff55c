"""`chatsurvey try`: plays a flow in the terminal, with a clock that can be moved and a record that can be kept.

With `--desk` somebody can be asked for, and the terminal plays that agent too.

The visitor's lines stand at the left, what the machine did at the right, in at most 78 columns. Works piped: a script
of lines gives a transcript. Nothing is stored and nobody is told.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from bot import settings
from bot.commands.try_view import Page, length_of, parse_length
from bot.errors import UserMistake
from bot.flows.load import load
from bot.flows.machine import compile_book, zone_of
from bot.flows.playing import stored
from bot.flows.recording import Recording
from bot.flows.stage import AGENT, Opening, Stage
from bot.model import Turn
from bot.settings import Settings

CASES = Path("tests/flows/cases")
NOWHERE = ZoneInfo.no_cache("UTC")
"""Stands for a time zone that there is not."""
ACTIONS = ("back", "skip", "stop", "restart", "human", "help")


def add(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("flow", nargs="?", default="", help="the flow to play (default: the file's first)")
    parser.add_argument("--flows", type=Path, help="the flow file (default: as for serve)")
    parser.add_argument("--lang", default="", help="the person's language, e.g. fr or fr-CA")
    parser.add_argument("--timezone", default="", help="the person's time zone, e.g. Europe/Paris")
    parser.add_argument("--contact", action="append", default=[], metavar="KEY=VALUE", help="a fact about the person")
    parser.add_argument("--channel", default="web", help="the channel that is played (default: web)")
    parser.add_argument("--desk", action="store_true", help="there is a desk: play the agent with :join :agent :leave")
    parser.add_argument("--at", default="", metavar="TIME", help='when it begins: "2025-11-24 10:00" (default: now)')
    parser.add_argument("--record", type=Path, metavar="FILE", help="write the played chat as a test case on leaving")


def run(args: argparse.Namespace) -> int:
    known = settings.load()
    file: Path = args.flows or known.flows
    try:
        book = load(file.read_bytes(), file.name)
    except OSError as error:
        raise UserMistake(f'"{file}" cannot be read: {error.strerror}', "name a flow file with --flows") from None
    name = args.flow or next(iter(book.flows))
    if name not in book.flows:
        raise UserMistake(f'there is no flow "{name}" in {file.name}', "flows: " + ", ".join(book.flows))
    if args.timezone and zone_of(args.timezone, NOWHERE) is NOWHERE:
        raise UserMistake(f'there is no time zone "{args.timezone}"', "for example  --timezone Europe/Paris")
    program = compile_book(book, known.hours, known.timezone, args.desk)[name]
    opening = Opening(args.lang, args.channel, args.timezone, _facts(args.contact))
    stage = Stage(program, opening, _moment(args.at, args.timezone))
    page = Page(sys.stdout)
    page.line(f"{name} {book.version[:6]}, as {args.channel}, in {program.language(stage.chat.locale)}", head=True)
    session = Session(stage, Recording(stage, opening), page, known)
    try:
        session.play(_lines(page))
    except KeyboardInterrupt:
        page.line("")
    if args.record:
        session.save(args.record)
    return 0


class Session:
    """One played chat. A line that begins with a colon is for the machine, any other is the visitor's."""

    def __init__(self, stage: Stage, recording: Recording, page: Page, known: Settings) -> None:
        self._stage = stage
        self._recording = recording
        self._page = page
        self._known = known
        self._told_end = False
        page.turn(stage.opening, stage.ask)

    def play(self, lines: Iterator[str]) -> None:
        for line in lines:
            text = line.strip()
            if text in (":quit", ":q"):
                return
            if text.startswith(":"):
                word, _, rest = text[1:].partition(" ")
                self._command(word, rest.strip())
            elif text:
                self._says(text)

    def save(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._recording.text, "utf-8")
        except OSError as error:
            raise UserMistake(f'"{file}" cannot be written: {error.strerror}') from None
        self._page.line(f"saved  {file}")

    def _says(self, text: str) -> None:
        ask = self._stage.ask
        offers = ask.suggest if ask and ask.kind == "text" else ()
        if text.isdecimal() and 0 < int(text) <= len(offers):
            label = offers[int(text) - 1].label
            self._act("taps", label, lambda: self._stage.taps(label))
        elif self._stage.chat.ended and self._stage.chat.address.channel != "web":
            self._act("comments", text, lambda: self._stage.comments(text))
        else:
            self._act("says", text, lambda: self._stage.says(text))

    def _command(self, word: str, rest: str) -> None:
        stage = self._stage
        if word in ACTIONS:
            self._act("does", word, lambda: stage.does(word))
        elif word == "lang" and rest:
            self._act("speaks", rest, lambda: stage.speaks(rest))
        elif word == "click" and rest:
            self._act("clicks", rest, lambda: stage.clicks(rest))
        elif word == "tap" and rest:
            self._act("taps", rest, lambda: stage.taps(int(rest) if rest.isdecimal() else rest))
        elif word in ("join", "agent", "leave"):
            self._agent(word, rest)
        elif word == "wait":
            self._wait(rest)
        elif word == "state":
            self._state()
        elif word == "save" and rest:
            self.save(CASES / f"{Path(rest).stem}.yaml")
        else:
            self._page.line("  known: :back :skip :stop :restart :human :help :lang fr :wait 20h :tap VALUE")
            self._page.line("         :click STEP/LINK :state :save NAME :quit")
            self._page.line("  where somebody was asked for: :join NAME :agent WORDS :leave")

    def _agent(self, word: str, rest: str) -> None:
        """The agent's part. It needs somebody who was asked for."""
        stage = self._stage
        if not stage.program.desk:
            self._page.line("  there is no desk:  chatsurvey try --desk")
        elif not stage.chat.handoff:
            self._page.line("  nobody was asked for: the visitor writes  human")
        elif word == "join":
            self._act("join", rest or AGENT, lambda: stage.agent("join", name=rest or AGENT), agent=True)
        elif word == "leave":
            self._act("leave", "", lambda: stage.agent("leave"), agent=True)
        else:
            self._act("say", rest, lambda: stage.agent("say", rest), agent=True)

    def _act(self, does: str, words: str, perform: Callable[[], Turn], *, agent: bool = False) -> None:
        before = self._stage.chat
        turn = perform()
        if turn.ignored:
            self._page.remark(f"nothing changed: {turn.ignored}")
            return
        record = self._recording.add_agent if agent else self._recording.add
        record(does, words, (turn,), self._stage.chat)
        self._page.changed(before, self._stage.chat)
        self._page.turn(turn, self._stage.ask)
        self._end()

    def _wait(self, rest: str) -> None:
        length = parse_length(rest)
        if not length:
            self._page.line("  a length of time, for example  :wait 20h   (m, h, d)")
            return
        before = self._stage.chat
        began = self._stage.now
        turns = self._stage.wait(length)
        self._recording.add("wait", rest.replace(" ", ""), tuple(turns), self._stage.chat)
        if not turns:
            self._page.line(f"  ... {length_of(length)} later: nothing happened")
        for turn in turns:
            chat, timers = turn.conversation, self._stage.program.timers
            what = f"moved to {chat.state}" if chat.state else f"ended, {chat.outcome}"
            if chat.reminded > before.reminded:
                quiet = ", quiet hours kept" if timers.quiet else ""
                what = f"reminder sent ({chat.reminded} of {timers.remind_max}){quiet}"
            at = chat.ended or chat.reminded_at or chat.asked
            self._page.line(f"  ... {length_of(max(at - began, 0))} later: {what}")
            self._page.turn(turn, self._stage.ask)
            before = chat
        self._end()

    def _state(self) -> None:
        chat = self._stage.chat
        zone = zone_of(chat.timezone, self._stage.program.zone)
        self._page.line(f"  step     {chat.state or f'none: {chat.outcome}'}, question {chat.step_seq}")
        self._page.line(f"  score    {'-' if chat.score is None else f'{chat.score}, {chat.segment}'}")
        for key, value in stored(chat).items():
            self._page.line(f"  answer   {key} = {value}")
        due = self._stage.due
        timer = f"{datetime.fromtimestamp(due / 1000, zone):%a %d %b %H:%M} {zone.key}" if due else "none"
        self._page.line(f"  timer    {timer}")
        self._page.line(f"  response revision {chat.revision}, version {chat.version}, {chat.seq} entries")

    def _end(self) -> None:
        chat = self._stage.chat
        if not chat.ended or self._told_end:
            return
        self._told_end = True
        count = len(chat.answers)
        self._page.remark(f"ended, {chat.outcome} in {count} answer{'' if count == 1 else 's'}")
        if chat.revision:
            writers = ["responses.jsonl" if one.name == "jsonl" else one.name for one in self._known.writers]
            self._page.line("")
            self._page.line(f"would  write response revision {chat.revision} -> {', '.join(writers) or 'records'}")


def _lines(page: Page) -> Iterator[str]:
    """Lines of the visitor until the end of input. Piped lines are repeated in the transcript."""
    if sys.stdin.isatty():
        import readline  # noqa: F401, PLC0415 - gives input() its line editing; not wanted in a pipe
    while True:
        try:
            if sys.stdin.isatty():
                yield input("> ")
            else:
                line = sys.stdin.readline()
                if not line:
                    return
                page.line(f"> {line.rstrip()}")
                yield line
        except EOFError:
            page.line("")
            return


def _facts(pairs: list[str]) -> dict[str, str]:
    facts = dict(pair.partition("=")[::2] for pair in pairs)
    if "" in facts or not all("=" in pair for pair in pairs):
        raise UserMistake("a fact is a key and a value", "--contact first_name=Ana")
    return facts


def _moment(at: str, timezone: str) -> int:
    if not at:
        return time.time_ns() // 1_000_000
    try:
        zone = zone_of(timezone, ZoneInfo("UTC"))
        return round(datetime.fromisoformat(at).replace(tzinfo=zone).timestamp() * 1000)
    except ValueError:
        raise UserMistake(f'"{at}" is no moment', '--at "2025-11-24 10:00"') from None
