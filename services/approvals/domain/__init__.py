"""What a request is, who may decide on it, and what follows. Pure."""
