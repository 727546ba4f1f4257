"""What is installed here, what the machine has, and whether it works. Needs nothing but Python itself."""

from .examine import Finding, as_dict, as_text, examine, exit_code

__all__ = ["Finding", "as_dict", "as_text", "examine", "exit_code"]
