"""Commands on assignments: creating and removing them, changing them, and whom they reach."""
