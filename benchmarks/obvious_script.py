"""The obvious script for fetching pictures, a peer of crawl.py: requests, threads, a folder."""

import hashlib
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from PIL import Image
from requests.adapters import HTTPAdapter

CONNECTIONS = int(sys.argv[2])
session = requests.Session()
session.mount("http://", HTTPAdapter(pool_maxsize=CONNECTIONS))


def fetch(url: str) -> None:
    """Fetch a picture, decode it completely, and write it."""
    response = session.get(url, timeout=20)
    response.raise_for_status()
    Image.open(io.BytesIO(response.content)).convert("RGB")
    name = f"{hashlib.sha256(response.content).hexdigest()}.jpg"
    Path("pictures", name).write_bytes(response.content)


if __name__ == "__main__":
    Path("pictures").mkdir()
    with ThreadPoolExecutor(CONNECTIONS) as pool:
        list(pool.map(fetch, Path(sys.argv[1]).read_text().split()))
