"""Hostile product feeds: XML that is damaged, endless, nested or oddly encoded."""

from __future__ import annotations

import gzip
import random
from pathlib import Path
from xml.sax.saxutils import escape

import pytest

from tests.hostile.harness import READ, REFUSED, HostileInputs, survive
from tests.hostile.imports import import_file
from tests.hostile.mutations import TEXTS, changed_bytes

pytestmark = pytest.mark.slow
PARTS = ("g:id", "title", "description", "g:product_type", "g:image_link", "link", "summary")
ENCODINGS = ("utf-8", "utf-8", "utf-16", "utf-16-be", "utf-32", "utf-7", "cp037", "latin-1")
DECLARED = (*ENCODINGS, "EBCDIC-CP-US", "UTF-7", "no-such", "\x00", "x" * 5_000)
DOCTYPES = (
    '<!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>',
    '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    '<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd">',
    '<!DOCTYPE rss [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
    '<!DOCTYPE rss [<!ATTLIST item id CDATA "default">]>',
    "<!DOCTYPE rss [" + "".join(f"<!ENTITY n{k} 'u'>" for k in range(20_000)) + "]>",
)
PIECES = (
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="file:///etc/passwd"/>',
    '<?xml-stylesheet href="http://127.0.0.1:9/x.xsl"?>',
    "<![CDATA[" + "]]" * 50 + "]]>",
    "<!-- -- -->",
    "&#0;&#x1b;&#xd800;&#x110000;",
    "&undefined;",
    "H&M ",
    "</item>",
    "</channel>",
    "<item>",
    "<entry>",
    "<a:b:c/>",
    "<é/>",
    "<a b=1 b='2' b='3'>",
)
FLOODS = (
    "<a>b</a>",
    "<a>",
    "</a>",
    "<a b=''/>",
    "&x;",
    "&",
    "<![CDATA[a]]>",
    "<!--a-->",
    "<?a b?>",
    "<item/>",
    "<product_type>A</product_type>",
    "<additional_image_link>http://shop/1.jpg</additional_image_link>",
    "text ",
)


def plain_xml(folder: Path) -> None:
    path = folder / "feed.xml"
    item = "<item><id>1</id><title>Boot</title><product_type>Shoes</product_type></item>"
    path.write_text(f"<rss><channel>{item}</channel></rss>")
    import_feed(path)


def import_feed(path: Path) -> None:
    import_file(path, "feed")  # --format feed: what begins otherwise would be taken for a table


def hostile_xml(chance: random.Random, folder: Path) -> Path:
    items = [_item(chance, number) for number in range(chance.choice([1, 3, 40]))]
    for _ in range(chance.choice([0, 1, 1, 3])):
        items.insert(chance.randrange(len(items) + 1), chance.choice(PIECES))
    if chance.random() < 0.1:
        items.insert(chance.randrange(len(items) + 1), _flood(chance))
    encoding, doctype = chance.choice(ENCODINGS), ""
    declared = encoding if chance.random() < 0.7 else chance.choice(DECLARED)
    if chance.random() < 0.1:
        doctype = chance.choice(DOCTYPES)
    root, inner = chance.choice([("rss", "channel"), ("feed", "a"), ("item", "entry"), ("a", "b")])
    text = (
        f'<?xml version="1.0" encoding="{declared}"?>{doctype}'
        f'<{root} xmlns:g="http://base.google.com/ns/1.0"><{inner}>{"".join(items)}'
        f"</{inner}></{root}>"
    )
    data = text.encode(encoding, "replace" if encoding != "utf-8" else "surrogatepass")
    if chance.random() < 0.5:
        data = changed_bytes(chance, data)
    suffix = ".xml"
    if chance.random() < 0.1:
        data, suffix = gzip.compress(data, 1), ".xml.gz"
        data = changed_bytes(chance, data) if chance.random() < 0.3 else data
    path = folder / f"feed{suffix}"
    path.write_bytes(data)
    return path


def _item(chance: random.Random, number: int) -> str:
    parts = []
    for name in PARTS:
        text = escape(chance.choice(TEXTS)) if chance.random() < 0.1 else f"x{number}"
        for _ in range(chance.choice([1, 1, 1, 0, 3])):
            parts.append(f"<{name}>{text}</{name}>")
    if chance.random() < 0.2:
        parts.insert(chance.randrange(len(parts) + 1), chance.choice(PIECES))
    tag = chance.choice(["item", "item", "item", "entry", "g:item"])
    return f"<{tag}>{''.join(parts)}</{tag}>"


def _flood(chance: random.Random) -> str:
    """Return many elements, with distinct names or the same one."""
    count = chance.choice([100, 20_000, 1_000_000])
    kind = chance.randrange(4)
    if kind == 0:
        return "".join(f"<n{k} xmlns:p{k}='u{k}'/>" for k in range(count // 10))
    if kind == 1:
        return "<a " + " ".join(f"a{k}=''" for k in range(count)) + "/>"
    flood = chance.choice(FLOODS) * count
    return f"<item><id>9</id>{flood}</item>" if kind == 2 else flood


def test_feeds_are_read_or_refused_in_one_line(tmp_path: Path) -> None:
    outcomes = survive(
        HostileInputs(make=hostile_xml, read=import_feed, warm_up=plain_xml), tmp_path
    )
    assert outcomes[READ] > outcomes[REFUSED] / 2
    assert outcomes[REFUSED]
