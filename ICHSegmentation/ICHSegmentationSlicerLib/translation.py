"""Texts that a user sees, in the user's language.

Slicer finds the language by the file that calls ``tr``, so its own function is handed on as it is.
"""

__all__ = ["tr"]

try:
    from slicer.i18n import tr
except ImportError:

    def tr(text: str) -> str:
        """The text itself: outside the desktop nothing is translated."""
        return text
