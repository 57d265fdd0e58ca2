"""One file for each ratio of the performance promises; `make bench` runs them all (docs/benchmarks.md)."""
