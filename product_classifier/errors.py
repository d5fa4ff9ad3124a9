"""The errors a user can meet: each message says what is wrong and what to do about it.

Scripts print the message and exit with 1; anything that is not one of these is a bug and keeps its
traceback.
"""

from product_classifier.printable import one_line


class ProductClassifierError(Exception):
    """Base of all errors that a user can mend; as text, one line without control characters."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class SourceError(ProductClassifierError):
    """An API, a server or a file could not give what was asked of it."""


class KeyRejectedError(SourceError):
    """The API refuses the key: nothing further can be fetched."""


class ForbiddenError(SourceError):
    """An address that must not be asked."""


class UnusableError(ProductClassifierError):
    """An answer that is not what was asked for."""


class PictureError(UnusableError):
    """Bytes that are not a whole, harmless picture."""


class StoreError(ProductClassifierError):
    """The database or a folder beside it cannot be used as asked."""


class ReadOnlyError(StoreError):
    """The database can be read, but nothing can be stored in it."""


class FeatureError(ProductClassifierError):
    """Words or pictures could not be turned into features."""


class UnreachableError(FeatureError):
    """A network is neither cached nor to be fetched."""


class ModelError(ProductClassifierError):
    """The data at hand cannot train or test a model."""


class ReportError(ProductClassifierError):
    """What was asked cannot be told of these experiments."""
