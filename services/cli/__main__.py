"""`python -m services.cli` is the same as `rollbook`."""

from services.cli import main

main()
