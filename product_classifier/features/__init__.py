"""Text → sparse vectors, pictures → bottlenecks."""
