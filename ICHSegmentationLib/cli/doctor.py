"""``ichseg doctor``"""

import json
from argparse import Namespace

from .. import doctor
from .say import say


def run(options: Namespace) -> int:
    """Tell what is installed; the exit code is that of the first problem."""
    findings = doctor.examine()
    text = json.dumps(doctor.as_dict(findings), indent=2) + "\n" if options.json else doctor.as_text(findings)
    say(text)
    return doctor.exit_code(findings)
