"""Image networks: their names, their weights and the engines that run them."""
