"""E-mail about assignments: facts of the other services, a ledger of what was sent and why, the mailer and the catcher."""
