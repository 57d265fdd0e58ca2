"""Taking back what a batch did."""
