"""A DICOM node: receives studies, segments the head CTs in them, and sends the results back.

::

    receiver ──► inbox, queue ──► worker (a process) ──► queue ──► sender

What has been received is on the disk before the sender is told so; what has still to be done stands in the
queue. The process may be killed at any instant and goes on where it was.
"""

from .encryption import Encryption
from .peers import Peer, parse_destination, parse_peer
from .running import Node
from .settings import NodeSettings

__all__ = ["Encryption", "Node", "NodeSettings", "Peer", "parse_destination", "parse_peer"]
