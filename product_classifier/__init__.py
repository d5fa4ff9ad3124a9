"""Product Classifier: file a product catalogue, and know which predictions to trust."""

__version__ = "0.1.0"
