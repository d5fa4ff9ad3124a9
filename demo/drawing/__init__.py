"""The pictures of the demo catalogue, drawn from the products' facts."""
