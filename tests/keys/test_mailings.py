"""Keys by e-mail: who gets one, with which words, and who is told (KEY-11)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from keys.harness import NOW, Keys, problem
from keys.mailing import Pool, causes, fetched, notifier

from shared.contracts.keys import KeySent

WRITTEN = {"en": {"subject": "Hi {name}", "text": "{key} for {course}, {sender}"}}


@pytest.mark.feature("KEY-11", "KEY-5")
def test_each_recipient_gets_a_key_of_their_own(keys: Keys) -> None:
    ada = keys.person(keys.head, "Ada", "Lind")
    keys.settle()
    pool = Pool(keys)
    assert pool.outcomes(ada, "Bo@Example.org") == ["sent", "sent"]
    assert pool.counts == {"free": 1, "sent": 2}
    told = [fetched(keys, cause).json() for cause in causes(keys)]
    assert [one["email"] for one in told] == [f"Ada.Lind.{ada}@example.org", "Bo@Example.org"]
    secrets = {one["key"] for one in told}
    assert len(secrets) == 2
    assert secrets < pool.texts()
    for one in told:
        assert one["key"] in one["text"]
        assert one["subject"] == "Your key for Forklift"
    assert "Hello Ada Lind,\n\nHead office has a place for you" in told[0]["text"]
    assert "Hello,\n\nHead office" in told[1]["text"]
    listed = {one["person_id"]: one for one in pool.listed()}
    assert listed[str(ada)]["person_name"] == "Ada Lind"
    assert listed[str(ada)]["email"] is None
    assert listed[None]["email"] == "Bo@Example.org"
    assert {one["key_state"] for one in listed.values()} == {"sent"}
    (first, _) = [event for event in keys.events() if isinstance(event, KeySent)]
    assert listed[str(ada)]["key_id"] == str(first.originator_id)
    shown = keys.http.get(f"/api/keys/pools/{pool.id}/keys").json()["items"]
    sent_to = [(one["sent_to_id"], one["sent_to_name"], one["sent_to_email"]) for one in shown if one["sent_at"]]
    assert sorted(sent_to, key=str) == [(str(ada), "Ada Lind", None), (None, None, "Bo@Example.org")]
    assert [one["state"] for one in shown if not one["sent_at"]] == ["free"]
    assert len(keys.http.get(f"/api/keys/pools/{pool.id}/keys?state=sent").json()["items"]) == 2
    pool.take_back(*(one["id"] for one in pool.listed()))
    assert {one["sent_at"] for one in keys.http.get(f"/api/keys/pools/{pool.id}/keys").json()["items"]} == {None}


@pytest.mark.feature("KEY-11")
def test_every_recipient_is_told_what_became_of_them(keys: Keys) -> None:
    ada, other, gone = keys.person(keys.head), keys.person(keys.branch), uuid4()
    keys.settle()
    pool = Pool(keys, 10)
    assert pool.outcomes(ada, ada, other, gone) == ["sent", "duplicate", "other-organisation", "other-organisation"]
    own = f"Ada.Lind.{ada}@EXAMPLE.org"
    typed = ("no address", own, "b@example.org", " B@example.org ")
    assert pool.outcomes(*typed) == ["bad-address", "already-sent", "sent", "duplicate"]
    assert pool.outcomes(ada, own) == ["already-sent", "duplicate"]
    secret = fetched(keys, causes(keys)[0]).json()["key"]
    keys.redeem(ada, secret)
    keys.admit(keys.asked()[0])
    assert pool.outcomes(ada, own, "b@example.org") == ["already-redeemed", "duplicate", "already-sent"]
    assert pool.counts == {"free": 8, "sent": 1, "redeemed": 1}
    answer = pool.send("no address")
    assert answer.json()["result"]["results"] == [{"line": 1, "outcome": "bad-address"}]
    assert "no address" not in answer.text


@pytest.mark.feature("KEY-11", "KEY-4")
def test_a_sent_key_is_redeemed_by_whoever_has_it_and_is_the_recipients_again_where_that_fails(keys: Keys) -> None:
    ada, bo = keys.person(keys.head), keys.person(keys.head, "Bo", "Berg")
    keys.settle()
    pool = Pool(keys, 1)
    pool.outcomes(ada)
    secret = fetched(keys, causes(keys)[0]).json()["key"]
    assert keys.redeem(bo, secret).status_code == 202
    assert pool.counts == {"reserved": 1}
    keys.refuse(keys.asked()[0])
    assert pool.counts == {"sent": 1}
    keys.redeem(bo, secret)
    keys.admit(keys.asked()[1])
    assert pool.counts == {"redeemed": 1}
    (listed,) = pool.listed()
    assert listed["key_state"] == "redeemed"
    assert listed["redeemed_at"] is not None


@pytest.mark.feature("KEY-11")
@pytest.mark.parametrize("at_once", [500, 0])
def test_too_few_free_keys_are_refused_before_anybody_is_sent_one(keys: Keys, at_once: int) -> None:
    keys.restart(key_mailing_at_once=at_once)
    pool = Pool(keys, 1)
    answer = pool.send("a@example.org", "b@example.org")
    assert (answer.status_code, problem(answer)) == (409, "too-few-keys")
    assert (answer.json()["free"], answer.json()["needed"]) == (1, 2)
    assert pool.counts == {"free": 1}
    assert causes(keys) == []
    assert pool.listed() == []


@pytest.mark.feature("KEY-11", "ADM-5")
def test_a_mailing_to_many_is_a_job_and_says_the_same(keys: Keys) -> None:
    keys.restart(key_mailing_at_once=2)
    pool = Pool(keys, 5)
    answer = pool.send("a@example.org", "b@example.org", "no address")
    assert answer.status_code == 202
    view = f"{pool.path}/{answer.json()['result']['mailing_id']}"
    assert keys.http.get(view).json()["results"] is None
    keys.settle()
    assert keys.http.get(answer.headers["Location"]).json()["result"] == {"sent": 2, "bad-address": 1}
    outcomes = [one["outcome"] for one in keys.http.get(view).json()["results"]]
    assert outcomes == ["sent", "sent", "bad-address"]
    assert pool.counts == {"free": 3, "sent": 2}
    assert len(causes(keys)) == 2
    with keys.database.connection() as conn:
        assert conn.execute("SELECT count(*) FROM mailing WHERE waiting IS NOT NULL").fetchone() == (0,)
        assert conn.execute("SELECT count(*) FROM job WHERE job::text LIKE '%@example.org%'").fetchone() == (0,)


@pytest.mark.feature("KEY-11", "ADM-5")
def test_a_job_that_finds_too_few_keys_sends_none(keys: Keys) -> None:
    keys.restart(key_mailing_at_once=1)
    pool = Pool(keys, 2)
    answer = pool.send("a@example.org", "b@example.org")
    (key, *_) = keys.http.get(f"/api/keys/pools/{pool.id}/keys").json()["items"]
    assert keys.http.post(f"/api/keys/keys/{key['id']}/revoke", json={}).status_code == 200
    keys.settle()
    assert keys.http.get(answer.headers["Location"]).json()["result"] == {"sent": 0, "needed": 2, "free": 1}
    assert pool.counts == {"free": 1, "revoked": 1}


@pytest.mark.feature("KEY-11")
def test_a_command_sent_twice_sends_one_key(keys: Keys) -> None:
    pool = Pool(keys)
    headers = {"Idempotency-Key": "once"}
    first = pool.send("a@example.org", headers=headers)
    again = pool.send("a@example.org", headers=headers)
    assert first.json() == again.json()
    assert len(causes(keys)) == 1


@pytest.mark.feature("KEY-11")
def test_a_dry_run_shows_the_email_of_a_real_recipient_in_both_languages_and_sends_nothing(keys: Keys) -> None:
    ada = keys.person(keys.head, "Ada", "{key}")
    keys.settle()
    pool = Pool(keys, 1)
    answer = pool.send(ada, "b@example.org", dry_run=True)
    assert answer.status_code == 200
    shown = answer.json()
    assert (shown["free"], shown["needed"]) == (1, 2)
    assert [one["outcome"] for one in shown["results"]] == ["sent", "sent"]
    assert shown["texts"]["en"]["text"].startswith("Hello Ada {key},\n\nHead office has a place for you")
    assert shown["texts"]["de"]["subject"] == "Ihr Schlüssel für Forklift"
    assert "Guten Tag Ada {key}," in shown["texts"]["de"]["text"]
    for text in shown["texts"].values():
        assert "XXXXX-XXXXX-XXXXX-XXXXX-XXXXXX" in text["text"]
        assert "Oda Kern" in text["text"]
    assert (pool.counts, causes(keys)) == ({"free": 1}, [])


@pytest.mark.feature("KEY-11")
def test_the_texts_of_a_pool_are_checked_and_go_with_its_keys(keys: Keys) -> None:
    pool = Pool(keys)
    address = f"/api/keys/pools/{pool.id}/mail-template"
    before = keys.http.get(address)
    assert before.headers["ETag"] == '"0"'
    assert set(before.json()["texts"]) == {"en", "de"}
    bad = {"en": {"subject": "Hi", "text": "no placeholder"}}
    assert problem(keys.http.put(address, json=bad)) == "key-missing"
    bad["en"] = {"subject": "Hi {key}", "text": "{key}"}
    assert problem(keys.http.put(address, json=bad)) == "key-in-subject"
    bad["en"] = {"subject": "Hi", "text": "{key} {nmae}"}
    refused = keys.http.put(address, json=bad)
    assert (problem(refused), refused.json()["field"]) == ("unknown-placeholder", "texts.en.text")
    assert keys.http.put(address, json=WRITTEN, headers={"If-Match": '"0"'}).status_code == 200
    assert keys.http.put(address, json=WRITTEN, headers={"If-Match": '"0"'}).status_code == 412
    pool.outcomes("a@example.org", language="de")
    told = fetched(keys, causes(keys)[0]).json()
    assert (told["subject"], told["language"]) == ("Hi", "en")
    assert told["text"] == f"{told['key']} for Forklift, Oda Kern"
    assert problem(pool.send("b@example.org", texts=bad)) == "unknown-placeholder"


@pytest.mark.feature("KEY-11")
def test_the_email_says_the_senders_title_and_contact_where_the_text_has_them(keys: Keys) -> None:
    pool = Pool(keys)
    address = f"/api/keys/pools/{pool.id}/mail-template"
    delivered = keys.http.get(address).json()["texts"]["en"]
    without = pool.send("a@example.org", dry_run=True).json()["texts"]["en"]["text"]
    assert without.endswith("Kind regards,\nOda Kern\nHead office\n"), without
    signed = {**delivered, "title": "Head of training, {key}", "contact": "+44 20 7946 0000\nMondays to Fridays"}
    previewed = pool.send("a@example.org", dry_run=True, texts={"en": signed}).json()["texts"]["en"]["text"]
    end = "Oda Kern\nHead of training, {key}\nHead office\n+44 20 7946 0000\nMondays to Fridays"
    assert previewed.endswith(end), "what somebody typed is never taken for a placeholder"
    assert keys.http.put(address, json={"en": signed}).status_code == 200
    assert keys.http.get(address).json()["texts"]["en"] == signed
    assert pool.outcomes("a@example.org") == ["sent"]
    assert fetched(keys, causes(keys)[0]).json()["text"].endswith(end)


@pytest.mark.feature("KEY-11")
@pytest.mark.parametrize("part", ["title", "contact"])
def test_a_text_that_needs_a_title_or_contact_within_a_line_and_has_none_is_refused(keys: Keys, part: str) -> None:
    texts = {"en": {"subject": "Hi", "text": f"{{key}} from our {{{part}}}"}}
    refused = Pool(keys).send("a@example.org", texts=texts, dry_run=True)
    assert (problem(refused), refused.json()["field"]) == ("value-missing", f"texts.en.{part}")


@pytest.mark.feature("KEY-11")
def test_people_are_written_to_in_their_language_and_addresses_in_the_one_that_was_chosen(keys: Keys) -> None:
    ada = keys.person(keys.head)
    keys.settle()
    pool = Pool(keys)
    pool.outcomes(ada, "b@example.org", language="de")
    to_ada, to_b = causes(keys)
    assert [fetched(keys, to_ada, one).json()["language"] for one in ("de-CH", "en", "fr", None)] == [
        "de",
        "en",
        "en",
        "en",
    ]
    assert fetched(keys, to_b, "en").json()["subject"] == "Ihr Schlüssel für Forklift"


@pytest.mark.feature("KEY-11", "KEY-10", "SEC-5")
def test_nobody_but_the_notifier_is_told_a_key(keys: Keys) -> None:
    pool = Pool(keys)
    pool.outcomes("a@example.org")
    ((key, version),) = causes(keys)
    body = {"key_id": str(key), "version": version}
    administrator = keys.client(keys.manager, ("site-administrator", None))
    machine = keys.issuer.machine(uuid4(), service="keys")
    for answer in (
        administrator.post("/api/keys/key-mails", json=body),
        administrator.post("/api/keys/key-mails", json=body, headers=machine),
        administrator.post("/api/keys/key-mails/fates", json=[]),
    ):
        assert answer.status_code == 403
    assert notifier(keys).post("/api/keys/key-mails", json=body).headers["Cache-Control"] == "no-store"


@pytest.mark.feature("KEY-11", "SEC-2")
def test_only_who_manages_the_pool_sends_its_keys(keys: Keys) -> None:
    pool = Pool(keys)
    elsewhere = keys.client(keys.manager, ("operations-manager", keys.branch))
    auditor = keys.client(keys.manager, ("auditor", None))
    body = {"recipients": {"addresses": ["a@example.org"]}}
    assert elsewhere.post(pool.path, json=body).status_code == 404
    assert auditor.post(pool.path, json=body).status_code == 403
    assert auditor.get(pool.path).status_code == 200
    assert elsewhere.get(pool.path).json()["items"] == []
    assert causes(keys) == []


@pytest.mark.feature("KEY-11")
def test_keys_of_an_expired_pool_are_not_sent(keys: Keys) -> None:
    pool = Pool(keys, 1, starts=NOW - timedelta(days=2), expires=NOW - timedelta(days=1))
    assert problem(pool.send("a@example.org")) == "expired"


@pytest.mark.feature("KEY-11")
def test_what_became_of_an_email_is_in_the_list_and_an_older_word_changes_nothing(keys: Keys) -> None:
    pool = Pool(keys)
    pool.outcomes("a@example.org")
    ((key, version),) = causes(keys)

    def tell(state: str, revision: int, code: int | None = None, of: int = version) -> None:
        fate = {"key_id": str(key), "version": of, "state": state, "revision": revision, "answer_code": code}
        answer = notifier(keys).post("/api/keys/key-mails/fates", json=[{**fate, "changed_at": NOW.isoformat()}])
        assert answer.status_code == 204, answer.text

    assert pool.listed()[0]["mail_state"] == "waiting"
    tell("sent", 3, 250)
    tell("sending", 2)
    tell("failed", 9, of=version + 1)
    (listed,) = pool.listed()
    assert (listed["mail_state"], listed["mail_answer_code"]) == ("sent", 250)


@pytest.mark.feature("KEY-11", "DIR-12")
def test_a_typed_address_can_be_removed(keys: Keys) -> None:
    pool = Pool(keys)
    pool.outcomes("a@example.org")
    (listed,) = pool.listed()
    answer = keys.http.delete(f"/api/keys/pools/{pool.id}/recipients/{listed['id']}/address")
    assert answer.status_code == 200
    assert pool.listed()[0]["email"] is None
    assert problem(fetched(keys, causes(keys)[0])) == "no-address"
    with keys.database.connection() as conn:
        for table in ("recipient", "mailing", "command", "events"):
            found = conn.execute(f"SELECT count(*) FROM {table} t WHERE t::text ILIKE '%a@example.org%'".encode())
            assert found.fetchone() == (0,), table


def test_the_list_of_recipients_is_paged(keys: Keys) -> None:
    pool = Pool(keys, 5)
    pool.outcomes(*[f"{n}@example.org" for n in range(5)])
    first = keys.http.get(pool.path, params={"limit": 3}).json()
    rest = keys.http.get(pool.path, params={"limit": 3, "cursor": first["next"]}).json()
    assert rest["next"] is None
    assert len({UUID(one["id"]) for one in first["items"] + rest["items"]}) == 5
