"""State tables of the directory and the queries on them."""
