"""The words of a few products, counted by hand."""

from __future__ import annotations

from collections import Counter

from product_classifier.evaluate.catalogue_summary import Vocabulary, measure_words

TEXTS = ["blue jeans blue", "blue belt", "belt", "blue hat", "blue shoe", "blue bag", "bag bag bag"]


def measured(texts: list[str], kept: int) -> Vocabulary:
    words = [text.split() for text in texts]
    occurrences = Counter(word for found in words for word in found)
    standing = Counter(word for found in words for word in set(found))
    return measure_words(occurrences, standing, len(texts), kept)


def test_words_are_counted_by_occurrence_and_by_product() -> None:
    found = measured(TEXTS, kept=2)
    assert (found.products, found.words, found.occurrences) == (7, 6, 15)
    assert (found.in_one, found.in_enough) == (3, 1)


def test_the_most_common_words_occur_in_the_most_products() -> None:
    found = measured(TEXTS, kept=2)
    assert found.commonest[:3] == [("blue", 5, 6), ("bag", 2, 4), ("belt", 2, 2)]
    assert found.kept_occurrences == 6 + 4


def test_the_curve_begins_with_the_commonest_and_ends_with_all() -> None:
    found = measured(TEXTS, kept=2)
    assert found.curve[0] == (1, 6 / 15)
    assert found.curve[1] == (2, 10 / 15)
    assert found.curve[-1] == (6, 1.0)


def test_a_catalogue_without_words_has_an_empty_vocabulary() -> None:
    assert measured(["", ""], kept=2) == Vocabulary(
        products=2,
        words=0,
        occurrences=0,
        in_one=0,
        in_enough=0,
        kept=2,
        kept_occurrences=0,
        commonest=[],
        curve=[],
    )
