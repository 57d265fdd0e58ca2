"""Learners and completions from files."""
