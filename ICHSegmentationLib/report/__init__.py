"""The page and the picture that a person looks at after a run."""

from .write import write_report

__all__ = ["write_report"]
