"""Approvals: requests that somebody has to decide, in stages (APR-1 to APR-8)."""
