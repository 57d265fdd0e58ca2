"""What the routes use, each what it needs; main provides them."""

from typing import Annotated

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
from shared.database import Database
from shared.http import use

DatabaseDep = Annotated[Database, use(Database)]
PeopleDep = Annotated[People, use(People)]
JobsDep = Annotated[Jobs, use(Jobs)]
StructureDep = Annotated[Structure, use(Structure)]
AudiencesDep = Annotated[Audiences, use(Audiences)]
AccountsDep = Annotated[Accounts, use(Accounts)]
ImportsDep = Annotated[Imports, use(Imports)]
RegistrationsDep = Annotated[Registrations, use(Registrations)]
SigningKeysDep = Annotated[SigningKeys, use(SigningKeys)]
MachineClientsDep = Annotated[MachineClients, use(MachineClients)]
AccountMailsDep = Annotated[AccountMails, use(AccountMails)]
ExternalSignInsDep = Annotated[ExternalSignIns, use(ExternalSignIns)]
ProfilesDep = Annotated[Profiles, use(Profiles)]
