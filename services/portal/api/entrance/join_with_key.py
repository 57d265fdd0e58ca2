"""Register with a training key: account, redemption and assignment in one step, or nothing (KEY-7 to KEY-9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Query, Response

from services.portal.api.entrance.joining import REFUSALS, Applicant, faults
from services.portal.api.visitor import AnybodyAsk, SealerDep, ShowDep, SignInsDep, VisitDep, refused_in
from services.portal.client.accounts import Registered, register_with_key
from services.portal.client.asking import ServiceProblem
from services.portal.rendering import Show
from services.portal.sealing import Sealer
from shared.client_address import ClientAddress
from shared.limits import Line, Secret
from shared.limits.text import Text

router = APIRouter(prefix="/join/key")

_SECONDS = 3_600
"""How long a key that was entered stays in the form."""


class KeyApplicant(Applicant):
    """`step` is empty for whoever comes from the sign-in page with nothing but a key; `sealed`: the key, once it was entered."""

    training_key: Secret = ""
    sealed: Annotated[str, Text(8_000)] = ""
    key: Line = ""
    step: Line = ""


@dataclass(frozen=True)
class JoinWithKeyView:
    """`sealed`: the key, None: it is to be entered. `ending`: by which whoever entered it knows it again."""

    template: ClassVar[str] = "entrance/join_key.html"
    organisation: str
    sealed: str = ""
    ending: str = ""
    training_key: str = ""
    key: str = ""
    entered: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    refused: ServiceProblem | None = None


@router.get("")
def key_page(show: ShowDep, visit: VisitDep, organisation: Annotated[Line, Query()] = "") -> Response:
    return show.go("/redeem") if visit.session else show(JoinWithKeyView(organisation))


@router.post("")
def join_with_key(
    ask: AnybodyAsk,
    show: ShowDep,
    sealer: SealerDep,
    visit: VisitDep,
    sign_ins: SignInsDep,
    address: ClientAddress,
    asked: Annotated[KeyApplicant, Form()],
) -> Response:
    """With a key alone, the form for the rest; with all of it, the account and the course."""
    if visit.session:
        return show.go("/redeem")
    text = _entered(sealer, asked)
    if not asked.step or not text:
        return _page(show, sealer, asked, text, _missing() if asked.step else None)
    try:
        made = register_with_key(ask, asked.sent(show.shell.write.language), text, asked.key or show.shell.key())
    except ServiceProblem as problem:
        return _page(show, sealer, asked, text, refused_in(problem, *REFUSALS))
    try:
        visit.set(sign_ins.begin(made.user_name, asked.password, address))
    except ServiceProblem:
        return show.go("/sign-in", said="registered")
    return show.go(_course(made))


def _entered(sealer: Sealer, asked: KeyApplicant) -> str:
    found = sealer.open("training-key", asked.sealed) if asked.sealed else None
    return asked.training_key.strip() or (found if isinstance(found, str) else "")


def _course(made: Registered) -> str:
    """The course, or the page that waits for it."""
    found = made.redemption
    if found is None:
        return "/?said=registered"
    return f"/offerings/{found.offering_id}?said=registered" if found.decided else f"/redeem/{found.id}"


def _missing() -> ServiceProblem:
    return ServiceProblem(422, {"type": "urn:rollbook:problem:key-missing", "field": "key"})


def _page(
    show: Show, sealer: Sealer, asked: KeyApplicant, text: str, refused: ServiceProblem | None = None
) -> Response:
    """A key that does not do is shown as it was typed; any other mistake leaves it entered, and sealed."""
    at_key = refused is not None and refused.field == "key"
    sealed = sealer.seal("training-key", text, _SECONDS) if text and not at_key else ""
    view = JoinWithKeyView(
        asked.organisation,
        sealed,
        text[-4:] if sealed else "",
        text if at_key else "",
        asked.key if refused and refused.status >= 500 else "",
        asked.typed(),
        faults(refused),
        refused,
    )
    return show(view, refused.status if refused else 200)
