"""Proof that a service's history is what was recorded: a Merkle tree, signed checkpoints, exports with proofs (AUD-3, AUD-4)."""
