"""What is switched off for the system and for organisations, and texts that organisations write themselves (NTF-2), by HTTP."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from notifier.fake_smtp import FakeSmtpServer
from notifier.harness import Harness
from notifier.test_occasions import leads

from services.notifier import own_texts
from services.notifier.mailer.letters import LANGUAGES, Letters
from services.notifier.own_texts import SAMPLES, check, fill
from shared.contracts import catalog, enrollment
from shared.contracts.notifications import EDITABLE, OCCASIONS

pytestmark = pytest.mark.feature("NTF-2")
SWITCHES, TEXTS = "/api/notifier/switches", "/api/notifier/texts"
OWN = {"subject": "Now: {{ title }}", "body": "Hello {{ name }},\n\nsee {{ link }}.\n"}


def put(
    harness: Harness,
    path: str,
    body: dict[str, Any],
    organisation: UUID | None = None,
    headers: dict[str, str] | None = None,
) -> Any:
    params = {"organisation_id": str(organisation)} if organisation else None
    return harness.http.put(
        path, params=params, json=body, headers={"Idempotency-Key": str(uuid4()), **(headers or {})}
    )


def sent(harness: Harness) -> list[tuple[str, str, str, str]]:
    """To whom, subject, and both parts."""
    with FakeSmtpServer() as server:
        harness.send(server)
    letters = [(one["To"], one["Subject"], *one.iter_parts()) for one in server.letters]  # type: ignore[attr-defined]
    return [(to, subject, plain.get_content(), html.get_content()) for to, subject, plain, html in letters]


def two_homes(harness: Harness) -> tuple[UUID, UUID, UUID]:
    """A group, and a company and a team within it."""
    group = harness.unit()
    company = harness.unit(group)
    team = harness.unit(company)
    harness.settle()
    return group, company, team


@pytest.mark.feature("CAT-17")
def test_off_for_the_system_is_off_and_on_again_is_sent(harness: Harness) -> None:
    assert put(harness, SWITCHES, {"off": ["assigned"]}).status_code == 200
    harness.assign(harness.course("Off"), harness.person())
    assert sent(harness) == []
    (row,) = harness.rows()
    assert (row["state"], row["reason"]) == ("withdrawn", "switched-off")
    put(harness, SWITCHES, {"off": []})
    harness.assign(harness.course("On"), harness.person("bob@example.org"))
    assert [subject for _, subject, _, _ in sent(harness)] == ["You have been assigned to On"]


def test_off_for_an_organisation_is_off_for_everybody_below_it_and_nobody_else(harness: Harness) -> None:
    group, company, team = two_homes(harness)
    put(harness, SWITCHES, {"off": ["assigned"]}, company)
    course = harness.course()
    for n, home in enumerate((group, company, team, None)):
        harness.assign(course, harness.person(f"p{n}@example.org", home))
    assert sorted(to.split("<")[1] for to, *_ in sent(harness)) == ["p0@example.org>", "p3@example.org>"]
    below = harness.http.get(SWITCHES, params={"organisation_id": str(team)}).json()
    assert (below["off"], below["off_above"], set(below["occasions"])) == ([], ["assigned"], set(OCCASIONS))


def test_a_job_role_has_no_offering_so_the_system_says_that_managers_get_a_copy(harness: Harness) -> None:
    put(harness, SWITCHES, {"off": [], "copied": ["job-role-assigned"]})
    ada, role = harness.person(), uuid4()
    leads(harness, harness.person("boss@example.org"), ada)
    described = {"code": "N", "name": "Nurse", "description": "", "qualifications": ()}
    harness.tell("catalog", (catalog.JobRoleDescribed, role, described))
    harness.tell("enrollment", (enrollment.JobRoleAssigned, uuid4(), {"person_id": ada, "job_role_id": role}))
    texts = [subject for _, subject, _, _ in (*sent(harness), *sent(harness))]
    assert texts == ["You have been given the job role Nurse", "Ada Lovelace has been given the job role Nurse"]


def test_switches_have_an_etag_are_idempotent_and_need_the_permission_for_the_organisation(harness: Harness) -> None:
    _, company, team = two_homes(harness)
    assert harness.http.get(SWITCHES).headers["ETag"] == '"0"'
    key = {"Idempotency-Key": str(uuid4()), "If-Match": '"0"'}
    first = put(harness, SWITCHES, {"off": ["overdue"]}, headers=key)
    assert put(harness, SWITCHES, {"off": ["overdue"]}, headers=key).json() == first.json()
    assert harness.http.get(SWITCHES).headers["ETag"] == '"1"'
    stale = put(harness, SWITCHES, {"off": []}, headers={"If-Match": '"0"'})
    assert (stale.status_code, harness.http.get(SWITCHES).json()["off"]) == (412, ["overdue"])
    local = harness.client(("site-administrator", company))
    assert local.put(SWITCHES, json={"off": []}).status_code == 403
    assert local.put(f"{SWITCHES}?organisation_id={team}", json={"off": ["overdue"]}).status_code == 200
    assert local.put(f"{SWITCHES}?organisation_id={harness.unit()}", json={"off": []}).status_code == 404
    assert harness.client(("auditor", None)).put(SWITCHES, json={"off": []}).status_code == 403
    assert put(harness, SWITCHES, {"off": ["key-sent"]}).status_code == 422


@pytest.mark.feature("CAT-17")
def test_offerings_that_differ_are_listed(harness: Harness) -> None:
    same, switched, configured = (harness.course(title) for title in ("same", "switched", "configured"))
    harness.switch(switched, "assigned")
    rules = {"off": ("overdue",), "copied": (), "certificate_reminders": None, "access_reminders": None}
    harness.tell("catalog", (catalog.MailConfigured, configured, {**rules, "due_reminders": (-3,)}))
    harness.settle()
    first = harness.http.get(f"{SWITCHES}/offerings?limit=1").json()
    second = harness.http.get(f"{SWITCHES}/offerings", params={"limit": 1, "cursor": first["next"]}).json()
    found = {one["title"]: (one["off"], one["due_reminders"]) for one in (*first["items"], *second["items"])}
    assert found == {"switched": (["completed", "withdrawn"], None), "configured": (["overdue"], [-3])}
    assert (str(same) in str(found), second["next"]) == (False, None)


def test_the_nearest_text_in_the_learners_language_goes_out(harness: Harness) -> None:
    group, company, team = two_homes(harness)
    put(harness, f"{TEXTS}/assigned", OWN, group)
    put(harness, f"{TEXTS}/assigned", {**OWN, "subject": "Company: {{ title }}"}, company)
    put(harness, f"{TEXTS}/assigned?language=de", {**OWN, "subject": "Neu: {{ title }} ({{ kind }})"})
    course = harness.course("<b>Fire</b> & {{ name }}")
    for n, (home, language) in enumerate(((group, "en"), (team, "en-GB"), (team, "de"), (None, "en"), (group, "fr"))):
        harness.assign(course, harness.person(f"p{n}@example.org", home, language=language))
    found = {to.split("<")[1]: (subject, plain, html) for to, subject, plain, html in sent(harness)}
    title = "<b>Fire</b> & {{ name }}"
    assert {to: subject for to, (subject, *_) in found.items()} == {
        "p0@example.org>": f"Now: {title}",
        "p1@example.org>": f"Company: {title}",
        "p2@example.org>": f"Neu: {title} (Kurs)",
        "p3@example.org>": f"You have been assigned to {title}",
        "p4@example.org>": f"Now: {title}",
    }
    _, plain, html = found["p0@example.org>"]
    page = f"{harness.settings.base_url}/offerings/{course}"
    assert plain.replace("\r", "").rstrip("\n") == f"Hello Ada Lovelace,\n\nsee {page}."
    assert f'<a href="{page}">{page}</a>.' in html
    assert "prefers-color-scheme: dark" in html


def test_own_html_is_filled_in_with_what_was_typed_escaped(harness: Harness) -> None:
    html = (
        '<p>{{ title }} {% if kind == "course" %}<strong>now</strong>{% endif %}</p><p><a href="{{ link }}">go</a></p>'
    )
    assert put(harness, f"{TEXTS}/assigned", {**OWN, "html": html}).status_code == 200
    harness.assign(harness.course("<script>x</script>"), harness.person())
    ((_, _, _, shown),) = sent(harness)
    assert "<p>&lt;script&gt;x&lt;/script&gt; <strong>now</strong></p>" in shown
    assert "<script>" not in shown


REFUSED = [
    (
        {"subject": "{{ salary }}"},
        "subject",
        "There is no placeholder 'salary' here. There are: name, title, kind, link.",
    ),
    ({"body": "{{ due }}"}, "body", "There is no placeholder 'due'"),
    ({"body": "{% for x in name %}a{% endfor %}"}, "body", "only placeholders"),
    ({"body": "{{ name.__class__ }}"}, "body", "only placeholders"),
    ({"body": "{{ name * 1000 }}"}, "body", "only placeholders"),
    ({"body": "{{ name | safe }}"}, "body", "only placeholders"),
    ({"body": "{% include 'en/assigned.txt' %}"}, "body", "only placeholders"),
    ({"body": "{{ name"}, "body", "Line 1"),
    ({"body": "{{ " + "(" * 5_000 + "name" + ")" * 5_000 + " }}"}, "body", "nested"),
    ({"body": "{% if name %}" * 120 + "{% endif %}" * 120}, "body", "nested"),
    ({"body": "x" * 20_001}, "body", "at most 20000"),
    ({"html": "<script>1</script>"}, "html", "<script> is not possible"),
    ({"html": "<p onclick=x>"}, "html", "cannot have 'onclick'"),
    ({"html": '<a href="javascript:x">y</a>'}, "html", "href"),
    ({"html": '<{{ "script" }}>x'}, "html", "'<'"),
    ({"html": "<scr{% if name %}ipt{% endif %}>"}, "html", "not possible"),
    ({"html": "<!-- x -->"}, "html", "'<'"),
    ({"html": '<p {% if name %}onclick="x"{% endif %}>a</p>'}, "html", "cannot have"),
]


@pytest.mark.parametrize(("wrong", "field", "said"), REFUSED)
def test_a_text_that_could_not_be_filled_in_safely_is_refused_with_what_to_do(
    harness: Harness, wrong: dict[str, str], field: str, said: str
) -> None:
    answer = put(harness, f"{TEXTS}/assigned", {**OWN, **wrong})
    told = answer.json()
    assert (answer.status_code, told["field"].removeprefix("body.")) == (422, field), told
    assert said in told["detail"], told
    assert harness.http.get(f"{TEXTS}/assigned").json()["origin"] == "built-in"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("template", EDITABLE)
def test_every_built_in_text_may_be_saved_as_it_is_and_names_what_there_is(template: Any, language: str) -> None:
    text = Letters("rollbook@example.org", "http://127.0.0.1:8000").built_in(language, template)
    assert text is not None
    assert text.html
    check(template, text)
    values = {"name": "Ada", "link": "https://a.example", "certificate": "https://b.example", **SAMPLES[language]}
    numbers = dict.fromkeys(("many", "learners", "too_little_time", "already_enrolled", "date_unknown"), 2)
    filled = fill(text, {**values, **numbers})
    assert "{" not in filled.subject + filled.body + filled.html


def test_an_own_text_is_read_back_with_its_etag_and_given_up(harness: Harness) -> None:
    _, company, team = two_homes(harness)
    read = harness.http.get(f"{TEXTS}/overdue")
    assert (read.json()["origin"], read.headers["ETag"]) == ("built-in", '"0"')
    assert read.json()["placeholders"] == ["name", "title", "kind", "due", "link"]
    put(harness, f"{TEXTS}/overdue", OWN, company, headers={"If-Match": '"0"'})
    params = {"organisation_id": str(team)}
    below = harness.http.get(f"{TEXTS}/overdue", params=params).json()
    assert (below["origin"], below["organisation_id"], below["subject"]) == ("above", str(company), OWN["subject"])
    listed = {one["template"]: one["origin"] for one in harness.http.get(TEXTS, params=params).json()}
    assert (listed["overdue"], listed["assigned"], set(listed)) == ("above", "built-in", set(EDITABLE))
    assert put(harness, f"{TEXTS}/overdue", OWN, company, headers={"If-Match": '"0"'}).status_code == 412
    gone = harness.http.delete(f"{TEXTS}/overdue?organisation_id={company}", headers={"If-Match": '"1"'})
    again = harness.http.get(f"{TEXTS}/overdue?organisation_id={company}")
    assert (gone.status_code, again.json()["origin"], again.headers["ETag"]) == (200, "built-in", '"2"')


def test_a_preview_shows_a_real_case_and_a_test_sends_it_to_oneself_only(harness: Harness) -> None:
    me = harness.person("me@example.org", first_name="Grace", last_name="Hopper")
    administrator = harness.client(("site-administrator", None), person=me)
    made_up = administrator.post(f"{TEXTS}/assigned/preview", json=OWN)
    assert (made_up.json()["subject"], made_up.json()["message_id"]) == ("Now: Fire safety", None), made_up.text
    course = harness.course("Welding")
    harness.assign(course, harness.person())
    harness.settle()
    (row,) = harness.rows()
    shown = administrator.post(f"{TEXTS}/assigned/preview", json=OWN).json()
    assert (shown["subject"], shown["message_id"]) == ("Now: Welding", row["message_id"])
    assert shown["body"].startswith("Hello Grace Hopper,")
    assert f"/offerings/{course}" in shown["html"]
    key = {"Idempotency-Key": str(uuid4())}
    asked = {**OWN, "message_id": row["message_id"]}
    receipts = [administrator.post(f"{TEXTS}/assigned/test", json=asked, headers=key).json() for _ in range(2)]
    assert receipts[0] == receipts[1]
    found = {to: subject for to, subject, _, _ in sent(harness)}
    assert found == {
        "Ada Lovelace <ada@example.org>": "You have been assigned to Welding",
        "Grace Hopper <me@example.org>": "Now: Welding",
    }
    assert [one["state"] for one in harness.rows(template="test")] == ["sent"]


@pytest.mark.feature("SEC-2")
def test_a_case_of_somebody_outside_is_not_shown(harness: Harness) -> None:
    home, other = harness.unit(), harness.unit()
    harness.assign(harness.course("Welding"), harness.person(home=other))
    harness.settle()
    (row,) = harness.rows()
    local = harness.client(("site-administrator", home))
    assert local.post(f"{TEXTS}/assigned/preview", json=OWN).json()["message_id"] is None
    named = local.post(f"{TEXTS}/assigned/preview", json={**OWN, "message_id": row["message_id"]})
    assert named.status_code == 404


def test_filling_in_has_limits_of_size_and_time(monkeypatch: pytest.MonkeyPatch) -> None:
    text = own_texts.OwnText("en", "s", "{{ name }}" * 10)
    with pytest.raises(ValueError, match="too long"):
        fill(text, {"name": "x" * 20_000})
    monkeypatch.setattr(own_texts, "FILLING_SECONDS", -1.0)
    with pytest.raises(ValueError, match="too long"):
        fill(text, {"name": "x"})
