"""How certificates are rendered: names are data, in any script, on one page, accessible (ENR-10)."""

import io
from dataclasses import replace
from datetime import date

import pytest
from pypdf import PdfReader

from services.enrollment.certificates import Certificate, render

PLAIN = Certificate(
    learner="Ada Lovelace",
    offering="First aid at work",
    completed=date(2026, 3, 14),
    valid_until=date(2028, 3, 13),
    serial="ABCD-EFGH-IJKL-MNOP",
    address="https://rollbook.example/verify/ABCD-EFGH-IJKL-MNOP",
    issuer="Northern Hospitals",
)


def read(certificate: Certificate) -> PdfReader:
    return PdfReader(io.BytesIO(render(certificate)))


@pytest.mark.feature("ENR-10")
def test_it_names_the_learner_the_offering_the_days_the_serial_and_where_to_verify_it() -> None:
    (page,) = read(PLAIN).pages
    text = page.extract_text()
    for words in (PLAIN.learner, PLAIN.offering, "14 March 2026", "13 March 2028", PLAIN.serial, PLAIN.address):
        assert words in text
    assert "Valid until" not in read(replace(PLAIN, valid_until=None)).pages[0].extract_text()


@pytest.mark.feature("ENR-10")
def test_it_is_accessible_and_always_the_same() -> None:
    first = render(PLAIN)
    assert first == render(PLAIN)
    found = PdfReader(io.BytesIO(first))
    assert found.metadata is not None
    assert found.metadata.title == "Certificate of completion: First aid at work"
    assert found.trailer["/Root"]["/Lang"] == "en"
    assert found.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert b"pdfuaid:part" in found.trailer["/Root"]["/Metadata"].get_data()


@pytest.mark.feature("ENR-10")
@pytest.mark.parametrize(
    "name",
    [
        "Žofia Ångström-Núñez",
        "שרה כהן",
        "محمد بن عبد الله",
        "W" * 200,
        "Maximiliana Wolfeschlegelsteinhausenbergerdorff " * 4,
        "王小明 김철수",
    ],
    ids=["accents", "hebrew", "arabic", "long", "many", "cjk"],
)
def test_every_name_stays_on_one_page(name: str) -> None:
    assert len(read(replace(PLAIN, learner=name, offering=f"{PLAIN.offering} {name}")).pages) == 1


@pytest.mark.feature("ENR-10")
@pytest.mark.parametrize(
    "name", ['#read("/etc/passwd")', "*bold* _it_ $x$ `code`", '\\ ] } " #', "= Heading <label> @ref"]
)
def test_a_name_is_data_and_never_markup(name: str) -> None:
    assert name.replace(" ", "") in read(replace(PLAIN, learner=name)).pages[0].extract_text().replace(" ", "")
