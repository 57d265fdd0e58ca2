"""What happened in the demo company: chapters of fixed commands through the public interfaces, each by whoever may do it."""
