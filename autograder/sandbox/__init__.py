"""The sandbox that student code runs in: what is bound into it, what it may use, and how it is talked to."""
