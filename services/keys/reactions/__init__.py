"""What other services' events mean here: facts, and enrollment's answers to reserved keys."""
