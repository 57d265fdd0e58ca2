"""The route of forecasts: which e-mails a command would cause (NTF-3)."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel

from services.notifier.application import Notifier
from services.notifier.domain import Expected, ForecastSwitches, Recipients, SwitchedOff, forecast
from services.notifier.projections.forecast import Usual, forecast_switches
from shared.auth import CurrentCaller, Permission
from shared.contracts.notifications import Occasion
from shared.limits import Day, Number

People = Annotated[Number, Query()]


class ForecastItem(BaseModel):
    """One kind of e-mail that would go, or would if it were not off."""

    occasion: Occasion
    to: Recipients
    emails: int
    """At most so many, for each of its days; of copies to managers: so many learners whose managers get one."""
    off: SwitchedOff | None
    """Who switched it off: then none goes."""
    fewer: bool
    """An organisation has it off, or only some organisations have copies."""
    days: list[int]
    """Of reminders: so many days before (negative) or after the date."""
    on: list[date]
    """The same as dates, where the date is given."""


def forecast_routes(application: Notifier, usual: Usual) -> APIRouter:
    router = APIRouter(prefix="/api/notifier/forecast", tags=["held"])
    database = application.database

    @router.get("")
    def read_forecast(
        caller: CurrentCaller,
        offering_id: Annotated[UUID | None, Query(description="Without one: several, or none")] = None,
        assigned: People = 0,
        withdrawn: People = 0,
        held: Annotated[Number, Query(description="Learners whom an exception would hold back")] = 0,
        moved: Annotated[Number, Query(description="Learners who would only get another due date")] = 0,
        due_on: Annotated[Day | None, Query(description="Where it is the same for all")] = None,
        access_until: Annotated[Day | None, Query(description="Where it is the same for all")] = None,
    ) -> list[ForecastItem]:
        """Name the e-mails that a command would cause, to how many learners, managers and administrators, reminders with their
        days, and what is off. For whoever may assign."""
        caller.scope(Permission.ASSIGN_QUALIFICATIONS)
        with database.connection() as conn:
            switches = forecast_switches(conn, offering_id, usual)
        expected = Expected(assigned, withdrawn, held, moved, due_on, access_until)
        return [ForecastItem.model_validate(one._asdict()) for one in forecast(expected, ForecastSwitches(*switches))]

    return router
