"""What the routes use, each what it needs; main provides them."""

from typing import Annotated

from pydantic import BaseModel, Field

from services.keys.application.exports import Exports
from services.keys.application.generation import GenerateKeys
from services.keys.application.key_mails import KeyMails
from services.keys.application.keys import KeyCommands
from services.keys.application.mail_texts import PoolTemplates
from services.keys.application.mailings import Mailings
from services.keys.application.pools import Pools
from services.keys.application.redemptions import Redemptions
from services.keys.application.registrations import Registrations
from services.keys.application.rotation import RotateKeys
from services.keys.application.sent_keys import SentKeys
from services.keys.application.vault import Vault
from shared.auth import Permission
from shared.database import Database
from shared.http import use
from shared.streams import Streams

DatabaseDep = Annotated[Database, use(Database)]
PoolsDep = Annotated[Pools, use(Pools)]
KeyCommandsDep = Annotated[KeyCommands, use(KeyCommands)]
GenerateKeysDep = Annotated[GenerateKeys, use(GenerateKeys)]
RotateKeysDep = Annotated[RotateKeys, use(RotateKeys)]
ExportsDep = Annotated[Exports, use(Exports)]
RedemptionsDep = Annotated[Redemptions, use(Redemptions)]
RegistrationsDep = Annotated[Registrations, use(Registrations)]
VaultDep = Annotated[Vault, use(Vault)]
MailingsDep = Annotated[Mailings, use(Mailings)]
PoolTemplatesDep = Annotated[PoolTemplates, use(PoolTemplates)]
SentKeysDep = Annotated[SentKeys, use(SentKeys)]
KeyMailsDep = Annotated[KeyMails, use(KeyMails)]
StreamsDep = Annotated[Streams, use(Streams)]

MANAGE, READ = Permission.MANAGE_KEY_POOLS, Permission.READ_KEY_POOLS

KeyText = Annotated[str, Field(max_length=1_000)]
"""A key as somebody typed or pasted it: what of it counts, and whether it can be one, the domain says."""


class EnteredKey(BaseModel):
    """A key, in the body of a request and never in an address (KEY-10)."""

    key: KeyText
