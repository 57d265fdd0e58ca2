"""Commands of approvals: asking, deciding, delegating; and what follows from facts by itself."""
