"""An address is what was typed, or it is refused with what is wrong."""

import pytest

from shared.addresses import NotAnAddress, read_address


@pytest.mark.feature("DIR-1", "NTF-1")
@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ana@straße.example", "ana@xn--strae-oqa.example"),
        ("ana@STRAẞE.example", "ana@xn--strae-oqa.example"),
        ("ana@xn--strae-oqa.example", "ana@xn--strae-oqa.example"),
        ("ana@βόλος", "ana@xn--nxasmm1c"),
        ("ana@βόλος.example", "ana@xn--nxasmm1c.example"),
        ("ana@نامه\u200cای.example", "ana@xn--mgba3gch31f060k.example"),
        ("ana@例え。jp", "ana@xn--r8jz45g.jp"),
        ("ana@e\u0301.example", "ana@xn--9ca.example"),
        ("Ana.O'Hara+x=y@Example.ORG", "Ana.O'Hara+x=y@Example.ORG"),
        ("!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"),
        ("root@localhost", "root@localhost"),
        ("grüße@straße.example", "grüße@xn--strae-oqa.example"),
        ("l" * 64 + "@example.org", "l" * 64 + "@example.org"),
    ],
)
def test_the_domain_is_that_of_idna_2008_and_the_rest_is_as_typed(typed: str, meant: str) -> None:
    assert str(read_address(typed)) == meant


@pytest.mark.feature("DIR-1")
def test_only_a_name_that_is_not_ascii_needs_an_extension_of_smtp() -> None:
    assert [read_address(f"{name}@straße.example").international for name in ("ana", "grüße")] == [False, True]


@pytest.mark.feature("DIR-1")
@pytest.mark.parametrize(
    ("typed", "wrong"),
    [
        ("a(b)@x.example", "comment"),
        ("a@x.example(b)", "comment"),
        ("a(b@x.example", "comment"),
        ('"a b"@x.example', "space"),
        ('"a@b"@x.example', "quotation marks"),
        ('"a"@x.example', "quotation marks"),
        ("a@b@x.example", "more than one @"),
        ("a@x.example\n", "space or a line break"),
        ("a@x.example\r\nBcc: b@y.example", "space or a line break"),
        ("a b@x.example", "space or a line break"),
        ("a\u00a0b@x.example", "space or a line break"),
        ("a\x00@x.example", "invisible"),
        ("a\x7f@x.example", "invisible"),
        ("a\u200b@x.example", "invisible"),
        ("a@x\u200b.example", "invisible"),
        ("a@ex\u00adample.org", "invisible"),
        ("a\u202e@x.example", "invisible"),
        ("a\ud800@x.example", "invisible"),
        ("Ana <a@x.example>", "space or a line break"),
        ("<a@x.example>", "before the @"),
        ("a,b@x.example", "before the @"),
        ("a:b;@x.example", "before the @"),
        ("a\\b@x.example", "before the @"),
        ("[a]@x.example", "before the @"),
        ("a..b@x.example", "dot before the @"),
        (".a@x.example", "dot before the @"),
        ("a.@x.example", "dot before the @"),
        ("a@[127.0.0.1]", "not a valid domain name"),
        ("a@x..example", "not a valid domain name"),
        ("a@x.example.", "not a valid domain name"),
        ("a@-x.example", "not a valid domain name"),
        ("a@x_y.example", "not a valid domain name"),
        ("a@x.example,b", "not a valid domain name"),
        ("a@℀.example", "domain contains an invalid character"),
        ("a@☃.example", "domain contains an invalid character"),
        ("a@\u200cö.example", "domain contains an invalid character"),
        ("a", "needs a name, an @ and a domain"),
        ("@x.example", "needs a name, an @ and a domain"),
        ("a@", "needs a name, an @ and a domain"),
        ("", "needs a name, an @ and a domain"),
        ("l" * 65 + "@example.org", "longer than 64 bytes"),
        ("ü" * 33 + "@example.org", "longer than 64 bytes"),
        ("a@" + "l" * 64 + ".example", "not a valid domain name"),
        ("a@" + ".".join(["l" * 63] * 4), "longer than 253 bytes"),
        ("l" * 64 + "@" + ".".join(["l" * 63, "l" * 63, "l" * 62]), "longer than 254 bytes"),
    ],
)
def test_what_is_not_one_plain_address_is_refused_with_what_is_wrong(typed: str, wrong: str) -> None:
    with pytest.raises(NotAnAddress, match=wrong):
        read_address(typed)
