"""Comments and blanks go; strings, templates and regular expressions stay as they were written."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import resources
from bot.channels.assets.strip import strip_css, strip_js

JS = [
    ("let a = 1; // one\nlet b = 2;", "let a=1,b=2;"),
    ("const a = 1;\nconst { b } = a;\nconst [c] = b;\nlet d;\nlet e", "const a=1,{b}=a,[c]=b;let d,e"),
    ("const f = () => { const a = 1; const b = 2; };\nconst c = 3;", "const f=()=>{const a=1,b=2},c=3;"),
    ("const a = `; const b`;\nconst c = `${ a };`;\nconst d = 1", "const a=`; const b`,c=`${a};`,d=1"),
    ("const a = b\nf(); const c = 1", "const a=b\nf();const c=1"),
    ("const a = 1; f(); const b = 2; let c", "const a=1;f();const b=2;let c"),
    ("for (const a of b) c(a); const d = 1", "for(const a of b)c(a);const d=1"),
    ("for (let a = 1; let b;) {}", "for(let a=1;let b;){}"),
    ("if (a) b(); const c = 1; constant(c)", "if(a)b();const c=1;constant(c)"),
    ("f({ a, }, [b, ], c, ); { d; }", "f({a},[b,],c);{d}"),
    ("() => { if (a) b(); else c(); }", "()=>{if(a)b();else c()}"),
    (
        "{ if (a); } { while (f(a)); } { if (a) b; else; } { ; } { a: ; }",
        "{if(a);}{while(f(a));}{if(a)b;else;}{;}{a:;}",
    ),
    ("{ for (const a of b()) c((a)); }", "{for(const a of b())c((a))}"),
    ("f((a) => a, (b, c) => (b), async (d) => d)", "f(a=>a,(b,c)=>(b),async(d)=>d)"),
    ("x = (a) => `(b) => ${ (c) => c } ;}`", "x=a=>`(b) => ${(c)=>c} ;}`"),
    ("export const a = 1; export const b = 2", "export const a=1;export const b=2"),
    ("/** doc\n * @type {x} */\nlet a\nlet b", "let a\nlet b"),
    ("  a()\n\n\n  b()  \n", "a()\nb()"),
    ("a /* x */ b", "a b"),
    ("return /* x */ 'a'", "return'a'"),
    ("f ( a , b ) { x }", "f(a,b){x}"),
    ("const s = '// no /* comment */';", "const s='// no /* comment */';"),
    ('const s = "it\'s // \\" here";', 'const s="it\'s // \\" here";'),
    ("u = 'https://a.example/b'", "u='https://a.example/b'"),
    ("t = `a  // b\n  c`;  d", "t=`a  // b\n  c`;d"),
    ("t = `${ a /* x */ + `in  ${ b }  ner` }  // ${ { c : 1 } }`", "t=`${a+`in  ${b}  ner`}  // ${{c:1}}`"),
    ("t = `\\`  \\${ // no`;", "t=`\\`  \\${ // no`;"),
    ("t = ``; u", "t=``;u"),
    ("r = /[/'\"]  \\/ \\/\\/x/gi ; y", "r=/[/'\"]  \\/ \\/\\/x/gi;y"),
    ("return / {2}/.test( x )", "return/ {2}/.test(x)"),
    ("a = b / c / d // e", "a=b/c/d"),
    ("x = (a) / 2; y = '/'", "x=(a)/2;y='/'"),
    ("a.replace( /\\s+/g , ' ' )", "a.replace(/\\s+/g,' ')"),
    ("f = x => /a b/.test(x)", "f=x=>/a b/.test(x)"),
    ("`${ /  }/.test(x) }`", "`${/  }/.test(x)}`"),
    ("a + +b - -c", "a+ +b- -c"),
    ("a < ! --b", "a< ! --b"),
    ("f(x => /^a: b/.test( x ), y => - 1)", "f(x=>/^a: b/.test(x),y=>-1)"),
    ("1 .toString()", "1 .toString()"),
    ("/a/ in b", "/a/ in b"),
    ("a\n++b", "a\n++b"),
    ("return\nx", "return\nx"),
    ("if (a) {\n  b\n}\nelse c", "if(a){b}\nelse c"),
    ("class A { #x = 1; get y() { return this.#x } }", "class A{#x=1;get y(){return this.#x}}"),
    ("a?.b ?? c ? .5 : d", "a?.b??c?.5:d"),
    ("é = 'ü'", "é='ü'"),
]
UNSURE = ["a = 'half", "a = `half", "a = `${ b", "a = /half\nb", 'a = "half\n"']

CSS = [
    ("a { color : red ; }", "a{color :red;}"),
    ("/* x */ a,  b > c\n{}", "a,b > c{}"),
    (".a :hover { x : calc( 1px + 2px ) }", ".a :hover{x :calc( 1px + 2px )}"),
    ("a::before { content: '/*  no  */ ; {' ; }", "a::before{content:'/*  no  */ ; {';}"),
    ("a { background: url(data:image/svg+xml;a  b//c) }", "a{background:url(data:image/svg+xml;a  b//c)}"),
    ("@media (min-width: 3px) and (x) { a { b: c } }", "@media (min-width:3px) and (x){a{b:c}}"),
    ("ul li:not( .x ) {}", "ul li:not( .x ){}"),
    ('a { content: "\\"  /*" }', 'a{content:"\\"  /*"}'),
    ("a { margin: 0  auto\n 1px }", "a{margin:0 auto 1px}"),
    (":host([a='b c']) {}", ":host([a='b c']){}"),
]


@pytest.mark.parametrize(("source", "stripped"), JS)
def test_scripts(source: str, stripped: str) -> None:
    assert strip_js(source) == stripped


@pytest.mark.parametrize("source", UNSURE)
def test_a_script_that_cannot_be_read_for_sure_is_served_as_it_is(source: str) -> None:
    assert strip_js(source) == source


@pytest.mark.parametrize(("source", "stripped"), CSS)
def test_styles(source: str, stripped: str) -> None:
    assert strip_css(source) == stripped


@given(st.text("a1 \n/*'\"`\\${}()=+-;/<>[]."))
def test_any_text_can_be_asked(source: str) -> None:
    assert strip_js(strip_js(source)) is not None
    assert len(strip_css(source)) <= len(source)


@pytest.mark.parametrize("file", sorted(resources.widget().glob("*.js")), ids=lambda file: str(file.name))
def test_the_widget_is_stripped(file: object) -> None:
    """A file that the stripper is unsure of would be served whole, which nobody would see."""
    source = (resources.widget() / str(file)).read_text("utf-8")
    stripped = strip_js(source)
    assert stripped != source
    assert "/**" not in stripped
    assert strip_js(stripped) == stripped
