"""Pages for everybody: signing in and out, what a stranger may see, and what went wrong."""
