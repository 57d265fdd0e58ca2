"""Pools and keys as their events tell them, and every decision about them. Pure."""
