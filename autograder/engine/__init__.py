"""What every question is judged with, whatever the layer: NumPy and the standard library, nothing else."""
