"""The keys service: pools of training keys, and what becomes of each key."""
