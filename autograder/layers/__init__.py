"""What every layer computes: its problems, its terms, its right answer, and the mistakes that only it knows."""
