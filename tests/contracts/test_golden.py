"""What was stored once is readable for ever (DESIGN 2): the golden bytes of every event class."""

from uuid import UUID

import pytest
from contracts.examples import EXAMPLES, GOLDEN, STREAM, VERSION, golden

from shared.asyncapi import published
from shared.events import SYSTEM, Meta, decode, encode, registered

NAMES = sorted(path.stem for path in GOLDEN.glob("*.json"))


def topic(name: str) -> str:
    return name.partition("~")[0]


def test_every_event_class_has_an_example_and_golden_bytes() -> None:
    without = [name for name in published() if name not in EXAMPLES or not golden(name).exists()]
    assert not without, "add a line to tests/contracts/examples.py and run it"


def test_no_golden_event_has_lost_its_class() -> None:
    assert {topic(name) for name in NAMES} <= set(published())


@pytest.mark.feature("OPS-6")
@pytest.mark.parametrize("name", NAMES)
def test_golden_bytes_decode_to_the_event_that_was_meant(name: str) -> None:
    event = decode(topic(name), STREAM, VERSION, golden(name).read_bytes())
    assert event == EXAMPLES[name].upcast()
    assert (event.originator_id, event.originator_version) == (STREAM, VERSION)


@pytest.mark.parametrize("name", NAMES)
def test_what_was_decoded_encodes_to_the_same_bytes(name: str) -> None:
    stored = golden(name).read_bytes()
    again = encode(registered()[topic(name)].read(STREAM, VERSION, stored))
    assert (again.topic, again.state) == (topic(name), stored)


@pytest.mark.parametrize("name", NAMES)
def test_an_event_never_stores_its_stream_and_version_in_the_body(name: str) -> None:
    assert b"originator" not in golden(name).read_bytes()


def test_a_body_with_a_member_that_its_class_does_not_have_is_refused() -> None:
    with pytest.raises(ValueError, match="extra"):
        decode("catalog.VersionPublished.v1", STREAM, VERSION, b'{"version": 2, "colour": "red"}')


def test_a_body_without_a_member_is_refused() -> None:
    with pytest.raises(ValueError, match="version"):
        decode("catalog.VersionPublished.v1", STREAM, VERSION, b"{}")


def test_an_unknown_wire_name_is_told_apart_from_a_bad_body() -> None:
    with pytest.raises(LookupError, match=r"catalog\.VersionPublished\.v999"):
        decode("catalog.VersionPublished.v999", STREAM, VERSION, b"{}")


def test_the_stored_form_of_who_and_why_stays_the_same() -> None:
    meta = Meta(
        actor=SYSTEM,
        reason_code="directory",
        organisation=UUID(int=7),
        correlation=UUID(int=8),
        causation="cause",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    stored = (
        '{"actor":"00000000-0000-4000-8000-000000000000","reason_code":"directory",'
        '"organisation":"00000000-0000-0000-0000-000000000007","correlation":"00000000-0000-0000-0000-000000000008",'
        '"causation":"cause","traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}'
    )
    assert meta.encode() == stored
    assert Meta.model_validate_json(stored) == meta
