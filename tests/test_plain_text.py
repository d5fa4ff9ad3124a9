"""Plain text from the HTML that shops write."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from product_classifier import printable
from product_classifier.printable import strip_html


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("plain, as it is", "plain, as it is"),
        ("<ul><li>Soft</li><li>Wide</li></ul>", "Soft Wide"),
        ("a<br>b<br/>c", "a b c"),
        ("Caf&eacute; &amp; bar&nbsp;&#8211; &quot;x&quot;", 'Café & bar – "x"'),
        ("size < 5 & > 3", "size < 5 & > 3"),
        ("I <3 you", "I <3 you"),
        ("&lt;li&gt;Soft&lt;/li&gt;", "Soft"),
        ("&amp;lt;b&amp;gt;Soft&amp;lt;/b&amp;gt;", "Soft"),
        ("<script>var x = '<b>';</script>ok<style>p {}</style>", "ok"),
        ("<!-- hidden -->seen", "seen"),
        ("<![CDATA[kept]]> and <![if IE]>kept too", "kept]]> and if IE]>kept too"),
        ('<a title="5 > 4" href="javascript:alert(1)">link</a>', "link"),
        ("unclosed <b", "unclosed <b"),
    ],
)
def test_markup_is_removed_and_text_is_kept(text: str, plain: str) -> None:
    assert " ".join(strip_html(text).split()) == plain


pieces = st.sampled_from(
    ["<", ">", "!", "[", "]", "--", "/", "&", "#", "x", ";", "b", "=", '"', "?", "script", " ", "1"]
)


@settings(deadline=None, max_examples=500)
@given(st.lists(pieces, max_size=15).map("".join))
def test_broken_markup_raises_no_error(text: str) -> None:
    strip_html(text)


@given(st.text(alphabet=st.characters(exclude_characters="<&"), max_size=50))
def test_text_without_markup_is_not_changed(text: str) -> None:
    assert strip_html(text) == text


PIECES = (
    *("<p>", "</p>", "<br/>", "<br />", "<BR>", "</UL>", '<li class="a b">', '<a href="x&amp;y">'),
    *("<p", ">", "<", "</", "<p class='a'>", "<p class=a>", "<p/ >", "</p >", '<b a="<p>">'),
    *("&amp;", "&amp;amp;", "&lt;p&gt;", "&lt", "&#60;b&#62;", "&", "&nbsp;", "&notit;", "&#0;"),
    *(
        "<script>",
        "</script>",
        "<style>",
        "<!-- ",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x?>",
        "<!doctype>",
    ),
    *("wide", " ", "\n", "a < b", "é", "\u2028", '"', "="),
)


@settings(deadline=None, max_examples=500)
@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join))
def test_the_fast_path_returns_the_same_text_as_the_parser(text: str) -> None:
    assert printable._without_tags(text) == printable._parse(text)


UNCLOSED = (
    *(
        "<",
        "<a",
        "<a ",
        "<!--",
        "<!-->",
        "<!-- >",
        "<?",
        "<!",
        "</",
        "</a",
        '<a b="',
        "<a x ",
        "<a x=",
    ),
    *("<script>", "<script></scrip", "<a\n", "<a b='", "<a/", "<!-- --!", "&", "&a", "&#", "&amp;"),
    *("<div>", '<a href="x', "<a b='>", '<a b=">', "<a b=c", "&lt;a ", "<style></", "<a <!--"),
)


@pytest.mark.parametrize("piece", UNCLOSED)
def test_unclosed_markup_takes_time_in_proportion_to_its_length(piece: str) -> None:
    for end in ("", ">"):
        started = time.process_time()
        strip_html(piece * (200_000 // len(piece)) + end)
        assert time.process_time() - started < 5, end
