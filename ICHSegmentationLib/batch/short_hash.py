"""Names for what may not go by its own."""

import hashlib


def short_hash(text: str) -> str:
    """The first 12 digits of the SHA-256 of a text, be it UTF-8 or not."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:12]
