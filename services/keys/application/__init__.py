"""Commands on pools, keys and redemptions, and the work that follows from them."""
