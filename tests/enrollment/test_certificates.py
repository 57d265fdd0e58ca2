"""How certificates are rendered: names are data, in any script, on one page, accessible (ENR-10)."""

import io
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from importlib.resources import files
from types import SimpleNamespace
from typing import Any

import pytest
import typst
from pypdf import PageObject, PdfReader

from services.enrollment import certificate_pdf
from services.enrollment.certificate_pdf import Certificate, missing, render

PLAIN = Certificate(
    learner="Ada Lovelace",
    offering="First aid at work",
    kind="course",
    completed=date(2026, 3, 14),
    expires=date(2028, 3, 13),
    serial="ABCD-EFGH-IJKL-MNOP",
    address="https://rollbook.example/verify/ABCD-EFGH-IJKL-MNOP",
    issuer="Northern Hospitals",
)
NAMES = {
    "short": "Ada Lovelace",
    "accents": "Žofia Ångström-Núñez Đặng",
    "cyrillic": "Жуков Ωμέγα",
    "hebrew": "שרה כהן",
    "arabic": "محمد الخوارزمي",
    "chinese": "王小明",
    "japanese": "山田 たろう",
    "korean": "김철수",
    "many": ("Maximiliana Wolfeschlegelsteinhausenbergerdorff " * 5)[:200],
    "long": "W" * 200,
    "long arabic": "محمد" * 50,
    "long chinese": "王小明" * 66,
}
UNKNOWN = "\u0378"
"""A code point that no script has, so that no font has it."""


def read(certificate: Certificate) -> PdfReader:
    return PdfReader(io.BytesIO(render(certificate)))


def page(certificate: Certificate) -> PageObject:
    (only,) = read(certificate).pages
    return only


def letters(text: str) -> str:
    """Without what only separates lines and words."""
    return "".join(text.replace("\u200b", "").split())


def fonts(certificate: Certificate) -> set[str]:
    resources: Any = page(certificate)["/Resources"]
    return {font.get_object()["/BaseFont"].partition("+")[2] for font in resources["/Font"].values()}


def places(certificate: Certificate) -> Mapping[str, float]:
    """How far from the left each piece of text begins."""
    found = {}

    def visit(text: str, page_matrix: list[float], text_matrix: list[float], *_: object) -> None:
        found[text.strip()] = page_matrix[4] + text_matrix[4]

    page(certificate).extract_text(visitor_text=visit)
    return found


@pytest.mark.feature("ENR-10")
def test_it_names_the_learner_the_offering_the_days_the_serial_and_where_to_verify_it() -> None:
    text = page(PLAIN).extract_text()
    for words in (PLAIN.issuer, PLAIN.learner, PLAIN.offering, PLAIN.serial, PLAIN.address):
        assert words in text
    assert "has completed the course" in text
    assert "Completed 14 March 2026" in text
    assert "Valid until 13 March 2028" in text


@pytest.mark.feature("ENR-10")
def test_it_is_a_page_of_a4_on_its_side_with_a_link_to_the_verification() -> None:
    only = page(PLAIN)
    assert (round(only.mediabox.width), round(only.mediabox.height)) == (842, 595)
    links: Any = only["/Annots"]
    assert [link.get_object()["/A"]["/URI"] for link in links] == [PLAIN.address]


@pytest.mark.feature("ENR-10")
def test_one_without_end_says_nothing_of_an_end() -> None:
    assert "Valid until" not in page(replace(PLAIN, expires=None)).extract_text()


@pytest.mark.feature("ENR-10")
def test_it_is_accessible() -> None:
    root: Any = read(PLAIN).trailer["/Root"]
    metadata = root["/Metadata"].get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert "Certificate of completion: First aid at work" in metadata
    assert "<dc:language><rdf:Bag><rdf:li>en</rdf:li>" in metadata
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]


@pytest.mark.feature("ENR-10")
def test_it_has_one_heading_and_says_the_language_of_the_names() -> None:
    document: Any = read(replace(PLAIN, learner=NAMES["japanese"], language="ja")).trailer["/Root"]["/StructTreeRoot"]  # type: ignore[index]
    (top,) = document["/K"] if isinstance(document["/K"], list) else [document["/K"]]
    parts = [part.get_object() for part in top.get_object()["/K"]]
    assert [part["/T"] for part in parts if part["/S"] == "/H1"] == ["Certificate of completion"]
    assert [part["/S"] for part in parts if part.get("/Lang") == "ja"] == ["/P", "/P", "/P"]


@pytest.mark.feature("ENR-10")
def test_the_same_certificate_is_always_the_same_bytes_also_of_several_threads() -> None:
    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(render, [PLAIN] * 20))) == 1
    info = read(PLAIN).metadata
    assert info is not None
    assert info.title == "Certificate of completion: First aid at work"
    assert info["/CreationDate"] == info["/ModDate"] == "D:20260314000000Z"


@pytest.mark.feature("ENR-10")
@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_a_name_of_any_script_and_length_is_on_the_one_page_with_fonts_of_the_packages(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = [str(files(package)) for package in ("fontpkg_amiri", "noto_cjk_sans_otc")]
    alone = typst.Fonts(include_system_fonts=False, font_paths=packages)
    monkeypatch.setattr(certificate_pdf, "_fonts", lambda: alone)
    pdf = render(replace(PLAIN, learner=name, offering=name, issuer=f"{PLAIN.issuer} {name}"))
    assert b"<pdfuaid:part>1</pdfuaid:part>" in pdf
    (only,) = PdfReader(io.BytesIO(pdf)).pages
    text = letters(only.extract_text())
    assert all(text.count(word) >= 2 for word in name.split())


@pytest.mark.feature("ENR-10")
@pytest.mark.parametrize(
    ("name", "language", "font"),
    [
        (NAMES["hebrew"], "en", "LibertinusSerif-Regular-Identity-H"),
        (NAMES["arabic"], "en", "Amiri-Regular"),
        (NAMES["chinese"], "en", "NotoSansCJKsc-Regular-Identity-H"),
        (NAMES["chinese"], "zh-TW", "NotoSansCJKtc-Regular-Identity-H"),
        (NAMES["chinese"], "zh-Hant-HK", "NotoSansCJKhk-Regular-Identity-H"),
        (NAMES["japanese"], "en", "NotoSansCJKjp-Regular-Identity-H"),
        ("山田太郎", "ja", "NotoSansCJKjp-Regular-Identity-H"),
        (NAMES["korean"], "en", "NotoSansCJKkr-Regular-Identity-H"),
    ],
)
def test_each_script_has_its_font(name: str, language: str, font: str) -> None:
    assert font in fonts(replace(PLAIN, learner=name, language=language))


@pytest.mark.feature("ENR-10")
@pytest.mark.parametrize("name", [NAMES["hebrew"], NAMES["arabic"]], ids=["hebrew", "arabic"])
def test_a_name_that_is_read_from_right_to_left_begins_on_the_right(name: str) -> None:
    first, last = name.split()
    found = places(replace(PLAIN, learner=name))
    assert found[first] > found[last]


@pytest.mark.feature("ENR-10")
def test_with_words_of_both_directions_the_first_letter_decides() -> None:
    found = places(replace(PLAIN, learner=f"{NAMES['arabic'].split()[0]} ICU"))
    assert found["محمد"] > found["ICU"]


@pytest.mark.feature("ENR-10")
@pytest.mark.parametrize(
    "name",
    [
        '#read("/etc/passwd")',
        "*x* $y$ \\ ]",
        "_it_ `code` -- ...",
        '} " #',
        "= Heading <label> @ref",
        "// c /* d */ ~ #[",
    ],
)
def test_a_name_is_data_and_never_markup(name: str) -> None:
    text = letters(page(replace(PLAIN, learner=name, offering=name, issuer=name)).extract_text())
    assert text.count(letters(name)) == 3


@pytest.mark.feature("ENR-10")
def test_what_has_no_shape_is_left_out() -> None:
    assert "Ada Love lace" in page(replace(PLAIN, learner="A\0da\x07\n\tLo\ud800ve lace ")).extract_text()


@pytest.mark.feature("ENR-10")
def test_a_word_that_is_wider_than_the_page_is_made_smaller_and_a_longer_one_is_broken() -> None:
    def lines(word: str) -> list[str]:
        return [line for line in page(replace(PLAIN, learner=word)).extract_text().splitlines() if "WW" in line]

    assert lines("W" * 40) == ["W" * 40]
    assert len(lines("W" * 200)) > 1
    assert places(replace(PLAIN, learner="W" * 40))["W" * 40] > 80


@pytest.mark.feature("ENR-10")
def test_a_name_that_is_too_long_for_any_size_stays_on_the_one_page() -> None:
    assert page(replace(PLAIN, learner="Ada " * 2_000, offering="Q" * 8_000, issuer="Q" * 2_000))


@pytest.mark.feature("ENR-10")
def test_a_letter_without_a_font_makes_a_plain_pdf_and_a_warning_without_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said: list[str] = []
    monkeypatch.setattr(
        certificate_pdf.log, "warning", lambda event, **told: said.append(f"{event} {told}"), raising=False
    )
    assert missing(f"Ada {UNKNOWN} {NAMES['korean']}") == {UNKNOWN}
    pdf = render(replace(PLAIN, learner=f"Ada {UNKNOWN}"))
    assert b"pdfuaid" not in pdf
    assert "Ada" in PdfReader(io.BytesIO(pdf)).pages[0].extract_text()
    (warning,) = said
    assert "no font has" in warning
    assert not [part for part in ("Ada", UNKNOWN, PLAIN.serial) if part in warning]


INDIC = {
    "DEVANAGARI": "अनिता क्षत्रिय",
    "BENGALI": "রবীন্দ্রনাথ",
    "GURMUKHI": "ਗੁਰਪ੍ਰੀਤ",
    "GUJARATI": "ક્ષમા",
    "ORIYA": "ଲକ୍ଷ୍ମୀ",
    "TAMIL": "தமிழ்",
    "TELUGU": "లక్ష్మి",
    "KANNADA": "ಲಕ್ಷ್ಮಿ",
    "MALAYALAM": "ലക്ഷ്മി",
    "SINHALA": "ශ්‍රී",
    "THAI": "ปราณี",
    "LAO": "ສົມສີ",
    "TIBETAN": "བསྟན་འཛིན",
    "MYANMAR": "ကျော်",
    "KHMER": "ស្រី",
}


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The warnings, on a machine with no fonts but those of the packages."""
    packages = [str(files(package)) for package in ("fontpkg_amiri", "noto_cjk_sans_otc")]
    alone = typst.Fonts(include_system_fonts=False, font_paths=packages)
    monkeypatch.setattr(certificate_pdf, "_fonts", lambda: alone)
    found: list[str] = []
    monkeypatch.setattr(
        certificate_pdf.log, "warning", lambda event, **told: found.append(f"{event} {told}"), raising=False
    )
    return found


@pytest.mark.feature("ENR-10")
@pytest.mark.parametrize(("script", "name"), INDIC.items(), ids=INDIC)
@pytest.mark.parametrize("field", ["learner", "offering", "issuer"])
def test_a_script_that_no_font_can_shape_makes_a_plain_pdf_and_one_warning_without_the_name(
    script: str, name: str, field: str, said: list[str]
) -> None:
    pdf = render(replace(PLAIN, **{field: f"Ada {name}"}))
    assert b"pdfuaid" not in pdf
    assert len(PdfReader(io.BytesIO(pdf)).pages) == 1
    (warning,) = said
    assert warning.endswith(f"docs/operations.md says which to install {{'scripts': ['{script}']}}")


@pytest.mark.feature("ENR-10")
def test_scripts_that_are_set_letter_by_letter_and_arabic_remain_accessible_without_a_warning(said: list[str]) -> None:
    assert b"<pdfuaid:part>1</pdfuaid:part>" in render(replace(PLAIN, learner=" ".join(list(NAMES.values())[:8])))
    assert said == []


@pytest.mark.feature("ENR-10")
def test_a_font_of_noto_for_the_script_shapes_it_and_goes_before_others_that_have_its_letters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        certificate_pdf,
        "_fonts",
        lambda: SimpleNamespace(families=lambda: ["Noto Sans Devanagari", "Noto Serif Tibetan"]),
    )
    text = f"{INDIC['DEVANAGARI']}। {INDIC['TIBETAN']} {INDIC['TAMIL']}"
    assert certificate_pdf.unshaped(text) == {"TAMIL"}
    assert certificate_pdf._families(text, "hi") == [
        "Libertinus Serif",
        "Amiri",
        "Noto Sans Devanagari",
        "Noto Serif Tibetan",
        "Noto Sans CJK SC",
    ]
