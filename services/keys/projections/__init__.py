"""The tables of the keys service: its own state, facts of other services, and the queries on them."""
