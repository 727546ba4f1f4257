"""``ichseg serve``"""

from argparse import Namespace


def run(options: Namespace) -> int:
    """Serve in the way that was asked for; each has a file of its own."""
    if options.local:
        from . import serve_local

        return serve_local.run(options)
    from . import serve_dicom

    return serve_dicom.run(options)
