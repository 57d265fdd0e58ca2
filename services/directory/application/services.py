"""The commands of the directory together, without routes: for its wiring, the command line and the demo."""

from dataclasses import dataclass

from services.directory.application.account_mails import AccountMails
from services.directory.application.accounts import Accounts
from services.directory.application.audiences import Audiences
from services.directory.application.clients import MachineClients
from services.directory.application.external_sign_ins import ExternalSignIns
from services.directory.application.jobs import Jobs
from services.directory.application.people import People
from services.directory.application.profiles import Profiles
from services.directory.application.registrations import Registrations
from services.directory.application.signing import SigningKeys
from services.directory.application.structure import Structure
from services.directory.imports.running import Imports
from shared.attempts import Attempts
from shared.database import Database


@dataclass(frozen=True)
class Services:
    """One of each."""

    database: Database
    people: People
    jobs: Jobs
    structure: Structure
    audiences: Audiences
    accounts: Accounts
    imports: Imports
    profiles: Profiles
    attempts: Attempts
    registrations: Registrations
    signing_keys: SigningKeys
    clients: MachineClients
    account_mails: AccountMails
    external_sign_ins: ExternalSignIns
