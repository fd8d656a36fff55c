"""Names are shortened where they can only be variables, to names that stand nowhere else; all others stay."""

import re

import pytest

from bot import resources
from bot.channels.assets.names import OF_WINDOW
from bot.channels.assets.strip import strip_js

SHORTENED = [
    ("function f(){const word=1;return word+word}", "function f(){const e=1;return e+e}"),
    ("function f(first,...rest){first(rest)}", "function f(e,...t){e(t)}"),
    ("() => { for (const line of f()) line() }", "()=>{for(const e of f())e()}"),
    ("() => { try {} catch (error) { f(error) } }", "()=>{try{}catch(e){f(e)}}"),
    ("() => { const [one, two] = f(); return `${one} one ${two}` }", "()=>{const[e,t]=f();return`${e} one ${t}`}"),
    ("f((word, e) => e ? word : [word])", "f((t,e)=>e?t:[t])"),
    ("(() => { let word = 'word'; return /word/.test(word) })()", "(()=>{let e='word';return/word/.test(e)})()"),
    ("() => { let word = 0; f({ key: word, ...word }) }", "()=>{let e=0;f({key:e,...e})}"),
    ("() => { const { key: word } = f(); word() }", "()=>{const{key:word}=f();word()}"),
]
"""The last: the pattern declares it, and patterns are not read."""

KEPT = [
    "function f(word){return a.word(word)}",
    "function f(word){return a?.word(word)}",
    "function f(word){return{word}}",
    "function f(word){const{word:a}=word}",
    "function f(word){const{a,word=1}=b}",
    "function f(word){return{word:1}}",
    "function f(word){return{a,word(){}}}",
    "function f(word){return{get word(){return 1}}}",
    "function f(word){return{async word(){}}}",
    "function f(word){word:for(;;)break word}",
    "function f(word){return class{a(){}word(){}}}",
    "function f(word){return class{word=1}}",
    "function f(word){return class{a=1\nword\nb=2}}",
    "function f(word){return class extends A{static word=1}}",
    "function f(word){return class word{}}",
    "const word=1;function f(){return word}",
    "function word(){}f(word=>1)",
    "export function word(){}f(word=>1)",
    "()=>{word()}",
    "function f(name,top,self){return name+top+self}",
    "function f(of,async){}",
]


@pytest.mark.parametrize(("source", "served"), SHORTENED)
def test_a_variable_gets_a_shorter_name(source: str, served: str) -> None:
    assert strip_js(source) == served


@pytest.mark.parametrize("source", KEPT)
def test_what_may_be_more_than_a_variable_keeps_its_name(source: str) -> None:
    assert strip_js(source) == source


def test_a_new_name_stands_nowhere_else_and_no_two_share_one() -> None:
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    words = [f"word{i}" for i in range(60)]
    served = strip_js(f"function f({','.join(words)}){{a(t,n)}}")
    names = re.findall(r"\w+", served.partition("(")[2].partition(")")[0])
    assert len(set(names)) == len(words)
    assert set(names) & {"a", "t", "n", "f"} == set()
    assert max(map(len, names)) == 2
    assert set(letters) - {"a", "t", "n", "f"} <= set(names)


@pytest.mark.parametrize("name", sorted(path.name for path in resources.widget().glob("*.js")))
def test_our_scripts_are_all_read(name: str) -> None:
    source = (resources.widget() / name).read_text("utf-8")
    assert len(strip_js(source)) < len(source)
    assert not re.search(r"\b(?:eval|with)\s*\(", source)


def test_no_name_of_a_window_is_taken_for_a_variable() -> None:
    for name in OF_WINDOW:
        assert strip_js(f"function f({name}){{{name}}}") == f"function f({name}){{{name}}}"
