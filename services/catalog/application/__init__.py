"""Commands of the catalog: on single offerings, and the catalog as code."""
