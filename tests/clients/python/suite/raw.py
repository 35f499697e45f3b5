"""Requests that no client would send: built from parts, signed, and sent as they are."""

import http.client
import json
import urllib.parse

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from support import REGION

# No answer takes longer, unless the service hangs.
TIMEOUT = 30


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def code(self):
        """The error code; None for a success."""
        return self.headers.get("x-amzn-errortype") if self.status >= 300 else None

    def __str__(self):
        return f"{self.status} {self.code or ''} {self.body[:300]!r}"


class Connection:
    """A connection that stays open between requests, opened again when the service closes it."""

    def __init__(self, signer, profile="default", region=REGION):
        self._address = urllib.parse.urlsplit(signer.endpoint).netloc
        self._endpoint, self._region = signer.endpoint, region
        self._credentials = Credentials(*signer.keys(profile))
        self._connection = None

    def send(self, method, target, body=b"", headers=(), signed=True):
        """Sends a request whose target is already encoded."""
        given = {"content-type": "application/json", **dict(headers)}
        if signed:
            request = AWSRequest(method, self._endpoint + target, headers=given, data=body)
            SigV4Auth(self._credentials, "signer", self._region).add_auth(request)
            given = dict(request.headers.items())
        for attempt in (1, 2):
            if self._connection is None:
                self._connection = http.client.HTTPConnection(self._address, timeout=TIMEOUT)
            try:
                self._connection.request(method, target, body, given)
                answer = self._connection.getresponse()
                return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                # The service may close a connection after an answer; then a new one must work.
                self.close()
                if attempt == 2:
                    raise
            except TimeoutError:
                self.close()
                raise AssertionError(f"no answer in {TIMEOUT} s: {method} {target} {body[:200]!r}") from None

    def close(self):
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def text(value):
    """A value in a path or a query."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value)


def built(operation, parameters):
    """Method, target and body of a request with these parameters, whatever their types."""
    path, query, body = operation.http["requestUri"], [], {}
    members = operation.input_shape.members
    for name, value in parameters.items():
        member = members.get(name)
        location = member.serialization.get("location") if member is not None else None
        wire = member.serialization.get("name", name) if member is not None else name
        if location == "uri":
            path = path.replace("{" + wire + "}", urllib.parse.quote(text(value), safe="-._~"))
        elif location == "querystring":
            values = value if isinstance(value, list) else [value]
            query += [(wire, text(one)) for one in values]
        else:
            body[wire] = value
    target = path + ("?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="-._~") if query else "")
    return operation.http["method"], target, json.dumps(body).encode() if body or has_body(operation) else b""


def has_body(operation):
    return any(not member.serialization.get("location") for member in operation.input_shape.members.values())
