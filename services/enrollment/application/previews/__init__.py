"""What a command would do, before it is confirmed."""
