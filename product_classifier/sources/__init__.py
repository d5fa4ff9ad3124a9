"""APIs and file formats → records. All network and parsing code lives here."""

API_URL = "https://api.shopstyle.com/api/v2"
BSON, SQLITE, SHOP = "bson", "sqlite", "shopify"
FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "feed", "folder", BSON, SQLITE, SHOP)
