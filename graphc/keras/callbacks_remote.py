"""A callback that tells a server of each epoch of training, by HTTP."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from ..logging import warning
from . import serial
from .callbacks_base import Callback


class RemoteMonitor(Callback):
    """Posts what each epoch came to, as JSON, to the server `root` at `path`: in the field `field` of a form, or with `send_as_json` as it is.

    `headers`: of HTTP, a dict. A server that is not reached is told of by a warning.
    """

    def __init__(self, root: str = "http://localhost:9000", path: str = "/publish/epoch/end/", field: str = "data", headers: Any = None,
                 send_as_json: bool = False):
        super().__init__()
        self.root, self.path, self.field, self.headers, self.send_as_json = root, path, field, headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        """Post the number of the epoch, and its values."""
        text = json.dumps({"epoch": epoch, **(logs or {})}, default=serial.plain)
        kind, body = ("json", text) if self.send_as_json else ("x-www-form-urlencoded", urlencode({self.field: text}))
        try:
            if not self.root.startswith(("http://", "https://")):
                raise ValueError(f"{self.root} is no address of HTTP")
            request = Request(self.root + self.path, body.encode(), {"Content-Type": f"application/{kind}", **(self.headers or {})})
            with suppress(HTTPError):           # the server was reached, whatever it answers
                urlopen(request).close()
        except (OSError, ValueError) as e:
            warning("Warning: could not reach RemoteMonitor root server at %s: %s", self.root, e)
