"""Tables and queries of enrollment: its state, the facts of other services, and what the API shows."""
