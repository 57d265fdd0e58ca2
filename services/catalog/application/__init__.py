"""Commands of the catalogue: on single offerings, and the catalogue as code."""
