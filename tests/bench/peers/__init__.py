"""What the benchmarks compare with, and those who ask."""
