"""How much a source may say of one product or category, so that no small answer fills a disk."""

DEEPEST_PATH = 50  # levels
LONGEST_PATH = 5_000  # characters; each level is stored with all above it
LONGEST_ID = 1_000  # characters, as all that follow
LONGEST_NAME = 10_000
LONGEST_DESCRIPTION = 1_000_000
LONGEST_ADDRESS = 8_000  # of a picture
