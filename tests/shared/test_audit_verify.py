"""`rollbook audit verify` on a real database (AUD-3): whatever was falsified is found, with its position."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from audited import KEY, SIZES, UNSIGNED, Audited, audited, public_key

from shared.audit import leaves, merkle
from shared.audit.notes import Checkpoint, Forged, Signer, claimed, opened, verifier_key
from shared.audit.sealing import Sealer
from shared.database import Database
from shared.errors import Corrupt
from shared.settings import Settings

LAST = SIZES[-1] + UNSIGNED
CHANGED = "UPDATE events SET body = overlay(body PLACING '\\x20' FROM 20) WHERE position = {0}"
SWAPPED = (
    "UPDATE events SET position = -1 WHERE position = {0}",
    "UPDATE events SET position = {0} WHERE position = {1}",
    "UPDATE events SET position = {1} WHERE position = -1",
)
RENUMBERED = (
    "UPDATE events SET position = position + 1000000 WHERE position {0}",
    "UPDATE events SET position = position - 1000000 + {1} WHERE position > 500000",
)
ADDED = "INSERT INTO events SELECT {0}, gen_random_uuid(), 1, type, recorded_at, meta, body FROM events WHERE position = {0} + 1"


@pytest.fixture
def history(database: Callable[..., Database], tmp_path: Path) -> Audited:
    return audited(database, tmp_path / "checkpoints")


def found(history: Audited) -> list[tuple[int, str]]:
    """Position and kind of each finding; the exit code says the same."""
    result = history.verify()
    assert result.exit_code in (0, 1), result.output
    findings = re.findall(r"position (\d+): ([a-z ]+):", result.output)
    assert bool(findings) == bool(result.exit_code), result.output
    return [(int(position), kind) for position, kind in findings]


@pytest.mark.feature("AUD-3")
def test_a_history_as_it_was_recorded_is_whole_and_says_how_far_it_is_signed(history: Audited) -> None:
    result = history.verify()
    assert result.exit_code == 0, result.output
    assert f"{LAST} events; compared up to {SIZES[-1]} with 3 checkpoints, 3 of them from outside" in result.output
    assert "as it was recorded" in result.output


@pytest.mark.feature("AUD-3")
@pytest.mark.parametrize("position", [1, 699, 700, 701, 1_024, 1_025, 2_500])
def test_one_changed_bit_is_found_at_its_position(history: Audited, position: int) -> None:
    history.execute(f"UPDATE events SET body = set_bit(body, 101, 1 - get_bit(body, 101)) WHERE position = {position}")
    assert found(history) == [(position, "changed")]


@pytest.mark.feature("AUD-3")
@pytest.mark.parametrize(
    "change",
    [
        "stream = gen_random_uuid()",
        "version = version + 10",
        "type = 'enrollment.LearnerWithdrawn.v1'",
        "recorded_at = recorded_at - interval '1 microsecond'",
        "meta = replace(meta, 'command', 'commanD')",
    ],
)
def test_all_that_is_stored_of_an_event_is_covered(history: Audited, change: str) -> None:
    history.execute(f"UPDATE events SET {change} WHERE position = 1500")
    assert found(history) == [(1_500, "changed")]


@pytest.mark.feature("AUD-3")
def test_a_removed_event_is_found_whether_it_leaves_a_gap_or_the_others_have_closed_it(history: Audited) -> None:
    history.execute("DELETE FROM events WHERE position = 1200")
    assert found(history) == [(1_200, "removed")]
    history.execute(RENUMBERED[0].format("> 1200"), RENUMBERED[1].format("", -1).replace("+ ", "", 1))
    assert found(history) == [(1_200, "removed")]


@pytest.mark.feature("AUD-3")
def test_many_removed_events_are_one_finding_for_each_gap(history: Audited) -> None:
    history.execute("DELETE FROM events WHERE position BETWEEN 100 AND 400 OR position = 402")
    assert found(history) == [(100, "removed"), (402, "removed")]


@pytest.mark.feature("AUD-3")
def test_a_whole_missing_part_is_found(history: Audited) -> None:
    history.execute("DELETE FROM events WHERE position BETWEEN 1025 AND 2048")
    assert found(history) == [(1_025, "removed")]


@pytest.mark.feature("AUD-3")
def test_an_added_event_is_found_in_the_middle_and_before_the_first(history: Audited) -> None:
    history.execute(RENUMBERED[0].format(">= 1300"), RENUMBERED[1].format("", 1), ADDED.format(1_300))
    assert found(history) == [(1_300, "added")]


@pytest.mark.feature("AUD-3")
def test_an_event_before_the_first_is_found(history: Audited) -> None:
    history.execute(ADDED.format(0))
    assert found(history) == [(0, "added")]


@pytest.mark.feature("AUD-3")
def test_a_second_event_at_one_position_is_found(history: Audited) -> None:
    again = "INSERT INTO events SELECT 50, gen_random_uuid(), 1, type, recorded_at, meta, body FROM events WHERE position = 49"
    history.execute("ALTER TABLE events DROP CONSTRAINT events_pkey", again)
    assert (50, "added") in found(history)


@pytest.mark.feature("AUD-3")
def test_two_swapped_events_are_found_at_both_positions(history: Audited) -> None:
    history.execute(*(one.format(900, 1_900) for one in SWAPPED))
    assert found(history) == [(900, "reordered"), (1_900, "reordered")]


@pytest.mark.feature("AUD-3")
@pytest.mark.parametrize("end", [2_499, 2_301, 800, 0])
def test_a_cut_tail_is_found_at_its_first_position(history: Audited, end: int) -> None:
    history.execute(f"DELETE FROM events WHERE position > {end}")
    assert found(history) == [(end + 1, "cut tail")]


@pytest.mark.feature("AUD-3")
def test_a_cut_tail_is_found_when_the_database_has_forgotten_its_checkpoints_and_its_epoch(history: Audited) -> None:
    history.execute(
        "DELETE FROM events WHERE position > 1000",
        *("DELETE FROM audit_checkpoint", "DELETE FROM audit_part", "UPDATE epoch SET id = gen_random_uuid()"),
    )
    history.seal()
    assert found(history) == [(1_001, "cut tail")]


@pytest.mark.feature("AUD-3")
def test_where_the_kept_hashes_were_rewritten_too_the_change_is_found_between_two_checkpoints(history: Audited) -> None:
    history.execute(CHANGED.format(1_500), "DELETE FROM audit_part", "DELETE FROM audit_checkpoint")
    with pytest.raises(Corrupt, match="the hashes of the first 2500 events were changed"):
        history.seal()
    assert found(history) == [(701, "changed")]
    assert "somewhere in positions 701 to 2300" in history.verify().output


@pytest.mark.feature("AUD-3")
@pytest.mark.parametrize("place", ["database", "file"])
def test_a_forged_checkpoint_is_found(history: Audited, place: str) -> None:
    wrong = Signer("b2" * 32).sign(claimed(history.notes()[1]) or Checkpoint("", 0, b""))
    if place == "file":
        notes = [history.notes()[0], wrong, history.notes()[2]]
        history.anchor.write_text("".join(json.dumps({"note": note}) + "\n" for note in notes))
    else:
        history.execute(f"UPDATE audit_checkpoint SET note = '{wrong}' WHERE size = 2300")
    assert found(history) == [(2_300, "forged checkpoint")]


@pytest.mark.feature("AUD-3")
def test_a_rewritten_history_that_another_key_has_signed_anew_is_not_believed(history: Audited) -> None:
    history.execute(CHANGED.format(1_500), "DELETE FROM audit_part", "DELETE FROM audit_checkpoint")
    history.anchor.unlink()
    Sealer("enrollment", history.database, Settings(audit_key="b2" * 32, audit_checkpoints=history.folder)).step()
    assert found(history) == [(1, "not signed"), (LAST, "forged checkpoint")]


@pytest.mark.feature("AUD-3")
def test_a_line_of_the_file_that_is_no_checkpoint_is_found_but_not_one_that_a_crash_left(history: Audited) -> None:
    whole = history.anchor.read_text()
    lines = whole.splitlines()
    history.anchor.write_text("\n".join([lines[0], lines[1][:40], *lines[1:]]) + "\n")
    assert found(history) == []
    history.anchor.write_text(whole + "nothing\n")
    assert found(history) == [(0, "forged checkpoint")]


def test_after_a_crash_between_database_and_file_the_file_gets_what_it_lacks(history: Audited) -> None:
    whole = history.anchor.read_text()
    history.anchor.write_text(whole[: len(whole) // 2])
    history.seal()
    assert found(history) == []
    assert "4 of them from outside of the database" in history.verify().output


@pytest.mark.feature("AUD-3")
def test_nothing_is_signed_over_a_history_that_lost_its_tail(history: Audited) -> None:
    history.execute("DELETE FROM events WHERE position > 2400")
    with pytest.raises(Corrupt, match="ends at position 2400, but 2500 events were hashed"):
        history.seal()
    history.execute("DELETE FROM audit_part", "DELETE FROM audit_checkpoint")
    with pytest.raises(Corrupt, match="ends at position 2400, but 2500 events were signed"):
        history.seal()
    assert len(history.notes()) == len(SIZES)


@pytest.mark.feature("AUD-3")
def test_nothing_is_hashed_beyond_a_hole(history: Audited) -> None:
    history.execute("DELETE FROM events WHERE position = 2505")
    with pytest.raises(Corrupt, match="positions are missing in the history after 2500"):
        history.seal()
    assert history.value("SELECT max(size) FROM audit_checkpoint") == SIZES[-1]


@pytest.mark.feature("AUD-3")
def test_without_a_key_to_trust_nothing_is_verified(history: Audited) -> None:
    for words in (("verify", "enrollment"), ("key",)):
        result = history.rollbook(*words, ROLLBOOK_AUDIT_KEY="", ROLLBOOK_DATA=str(history.folder))
        assert result.exit_code == 2, result.output
    assert history.rollbook("verify", "nothing").exit_code == 2
    assert history.rollbook("verify", "enrollment", "--public-key", "abc").exit_code == 2
    gone = history.database.conninfo.replace("dbname=", "dbname=no_")
    assert history.rollbook("verify", "enrollment", ROLLBOOK_DATABASE_URL=gone).exit_code == 2


@pytest.mark.feature("AUD-3")
def test_an_auditor_needs_the_public_key_and_a_copy_of_the_checkpoints_only(history: Audited) -> None:
    assert history.rollbook("key").output.strip() == public_key()
    words = ("verify", "enrollment", "--public-key", public_key(), "--checkpoints", str(history.folder))
    nothing = {"ROLLBOOK_AUDIT_KEY": "", "ROLLBOOK_AUDIT_CHECKPOINTS": ""}
    assert history.rollbook(*words, **nothing).exit_code == 0
    history.execute(CHANGED.format(7))
    assert history.rollbook(*words, **nothing).exit_code == 1


def test_postgres_and_python_make_the_same_leaves(history: Audited) -> None:
    history.execute(
        "UPDATE events SET meta = 'ünïcode ∂', recorded_at = '1999-12-31 23:59:59.999999+00' WHERE position = 3"
    )
    with history.database.connection() as conn:
        made = {one.position: one.leaf for one in leaves.placed(conn, 0, 100)}
        assert made == {event.position: leaves.leaf_of(event) for event in leaves.events_at(conn, list(range(1, 101)))}


def test_the_history_is_hashed_in_steps_and_resumes(history: Audited) -> None:
    parts = "SELECT string_agg(leaves, ''::bytea ORDER BY part) FROM audit_part"
    history.seal()
    before, root = history.value(parts), history.notes()[-1]
    history.execute("DELETE FROM audit_part WHERE part > 0", f"DELETE FROM audit_checkpoint WHERE size = {LAST}")
    history.seal()
    assert history.value(parts) == before
    assert history.notes()[-1] == root


def test_another_process_that_seals_is_left_alone(history: Audited) -> None:
    with history.database.transaction() as conn:
        conn.execute("SELECT pg_advisory_xact_lock(7400106)")
        history.seal()
    assert history.value("SELECT max(size) FROM audit_checkpoint") == SIZES[-1]


def test_a_checkpoint_is_a_signed_note_as_tools_for_transparency_logs_read_it() -> None:
    signer = Signer(KEY)
    note = signer.sign(Checkpoint("example/log", 3, bytes(32)))
    text, signature = note.split("\n\n")
    assert text == "example/log\n3\n" + "A" * 43 + "="
    assert re.fullmatch("\u2014 example/log [A-Za-z0-9+/]{91}=\n", signature)
    assert opened(note, [signer.public]) == Checkpoint("example/log", 3, bytes(32))
    assert re.fullmatch(r"example/log\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", verifier_key("example/log", signer.public))
    for forged in (
        note.replace("\n3\n", "\n4\n"),
        note.replace("\u2014 example/log", "\u2014 example/other"),
        text,
        "",
        "\n\n",
    ):
        with pytest.raises(Forged):
            opened(forged, [signer.public])


@pytest.mark.parametrize("size", [*range(1, 18), 1_023, 1_024, 1_025, 3_000])
def test_proofs_lead_to_the_root_of_the_tree_and_only_from_their_place(size: int) -> None:
    hashes = [merkle.leaf_hash(str(number).encode()) for number in range(size)]
    tree = merkle.Frontier()
    for one in hashes:
        tree.add(one)
    assert tree.root() == merkle.root(hashes) == _defined(hashes)
    for index in {0, 1, size // 2, size - 2, size - 1} & set(range(size)):
        proof = merkle.path(index, hashes)
        assert merkle.root_of_path(hashes[index], index, size, proof) == tree.root()
        for other in {index - 1, index + 1, -1, size} - {index}:
            assert merkle.root_of_path(hashes[index], other, size, proof) != tree.root()
        assert merkle.root_of_path(hashes[index], index, size, [*proof, bytes(32)]) is None


def _defined(hashes: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return merkle.node_hash(_defined(hashes[:half]), _defined(hashes[half:]))
