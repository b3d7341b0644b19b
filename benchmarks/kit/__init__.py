"""What every measurement shares: the broker, the load, processes, figures, and where they go."""
