"""The notifier over HTTP: the ledger, a person's word on it, and what the catcher kept."""

from services.notifier.api.caught import caught_routes
from services.notifier.api.forecast import forecast_routes
from services.notifier.api.held_mails import held_mail_routes
from services.notifier.api.ledger import ledger_routes
from services.notifier.api.switches import switch_routes
from services.notifier.api.texts import text_routes

__all__ = ["caught_routes", "forecast_routes", "held_mail_routes", "ledger_routes", "switch_routes", "text_routes"]
