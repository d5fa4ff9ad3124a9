"""The errors that a user can fix: each message names the problem and the remedy.

Scripts print the message and exit with 1; any other exception is a bug and keeps its traceback.
"""

from product_classifier.printable import one_line


class ProductClassifierError(Exception):
    """Base of all errors that a user can fix; its text is one line without control characters."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class SourceError(ProductClassifierError):
    """An API, a server or a file that cannot be read."""


class KeyRejectedError(SourceError):
    """An API key that the API rejects: nothing more can be fetched."""


class ForbiddenError(SourceError):
    """An address that must not be requested."""


class UnusableError(ProductClassifierError):
    """A response with other content than requested."""


class PictureError(UnusableError):
    """Bytes that are not a complete, harmless picture."""


class StoreError(ProductClassifierError):
    """A database, or a folder beside it, that cannot be used as requested."""


class ReadOnlyError(StoreError):
    """A database that can be read but not written."""


class FeatureError(ProductClassifierError):
    """Words or pictures that cannot be converted to features."""


class UnreachableError(FeatureError):
    """A network that is neither cached nor can be downloaded."""


class ModelError(ProductClassifierError):
    """Data that cannot train or test a model."""


class ReportError(ProductClassifierError):
    """Experiments that cannot answer what a report asks for."""
