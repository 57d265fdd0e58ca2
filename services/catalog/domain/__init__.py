"""Pure: what offerings and job roles are, and which edits are refused."""
