"""What a number may be."""

from typing import Annotated

from pydantic import Field

BIGGEST = 2**63 - 1
"""The largest number that a column takes."""
MANY = 100_000
"""More things are listed by no command, whatever the settings say."""
LONGEST_DAYS = 36_500
"""A hundred years: the longest access, and the longest that something is due after something else."""

Number = Annotated[int, Field(ge=0, le=BIGGEST)]
"""Of a row, as lists name it."""
Place = Annotated[int, Field(ge=0, le=10_000)]
"""Of a step, a part or a version among its kind."""
Days = Annotated[int, Field(ge=1, le=LONGEST_DAYS)]
