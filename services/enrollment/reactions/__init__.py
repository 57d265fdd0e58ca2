"""What other services' events mean here: facts, and a note of whom or what they may concern."""
