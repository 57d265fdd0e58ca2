"""What the routes use; main builds it."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request

from services.directory.application.accounts import Accounts
from services.directory.application.audiences import Audiences
from services.directory.application.jobs import Jobs
from services.directory.application.people import People
from services.directory.application.profiles import Profiles
from services.directory.application.structure import Structure
from services.directory.imports.running import Imports
from shared.database import Database


@dataclass(frozen=True)
class Parts:
    database: Database
    people: People
    jobs: Jobs
    structure: Structure
    audiences: Audiences
    accounts: Accounts
    imports: Imports
    profiles: Profiles


def parts(request: Request) -> Parts:
    found: Parts = request.app.state.parts
    return found


Using = Annotated[Parts, Depends(parts)]
