"""Addresses on the command line of crawl.py: what cannot be asked is a usage error of one line."""

from __future__ import annotations

import sys

import pytest

from product_classifier.options.crawling import arguments


def usage_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *options: str
) -> str:
    monkeypatch.setattr(sys, "argv", ["crawl.py", *options])
    with pytest.raises(SystemExit) as ended:
        arguments("")
    assert ended.value.code == 2
    return capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("option", ["--api-url", "--from"])
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://[::1", "not an address that can be fetched"),
        ("http://", "not an address that can be fetched"),
        ("http://shop.example:99999/", "not an address that can be fetched"),
        ("http://shop.example:0/", "not an address that can be fetched"),
        ("http://sh op.example/", "not an address that can be fetched"),
        ("http://" + "a" * 9_000, "not an address that can be fetched"),
        ("http://xn--\xff/", "not an address that can be fetched"),
        ("http://\udcff/", "not an address that can be fetched"),
        ("https://me:secret@shop.example", "holds a user or a password, which are never sent"),
        ("https://secret@shop.example", "holds a user or a password, which are never sent"),
        ("https://me:se/secret@shop.example", "not an address that can be fetched"),
    ],
)
def test_what_is_no_address_is_a_usage_error_without_its_password(
    option: str,
    address: str,
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = usage_error(monkeypatch, capsys, option, address)
    assert message in error
    assert "secret" not in error


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--api-url", "ftp://shop.example"], "not an address that can be fetched"),
        (["--api-url", "https://shop.example/?pid=1"], "pass it without '?' and '#'"),
        (["--api-url", "https://shop.example/#x"], "pass it without '?' and '#'"),
        (["--contact", "me\r\nX-Injected: 1"], "not a line of at most 200 ASCII characters"),
        (["--contact", "jürgen@shop.example"], "not a line of at most 200 ASCII characters"),
        (["--contact", "me\x00"], "not a line of at most 200 ASCII characters"),
        (["--contact", "x" * 201], "not a line of at most 200 ASCII characters"),
        (["--root", "\udcff"], "not a UTF-8 text of at most 1,000 characters"),
        (["--root", "x" * 1_001], "not a UTF-8 text of at most 1,000 characters"),
    ],
)
def test_what_no_request_can_hold_is_a_usage_error(
    options: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert message in usage_error(monkeypatch, capsys, *options)


def test_a_contact_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    contact = "https://shop.example/crawler (me@shop.example)"
    monkeypatch.setattr(sys, "argv", ["crawl.py", "--contact", contact])
    assert arguments("").contact == contact
