"""What people, structure and audiences are, and what may happen to them. Pure."""
