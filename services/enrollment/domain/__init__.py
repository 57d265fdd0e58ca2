"""The rules of enrollment: pure, and without any knowledge of where facts come from."""
