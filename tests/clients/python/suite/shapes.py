"""Checks answers against the shapes of botocore's model, more strictly than botocore itself: no unknown members, no
null, the JSON type of each value, the values of enums, the required members."""

import base64
import json
import re

# Values that AWS's service answers although its model does not have them: the platforms for Lambda and for containers
# sign SHA-384.
BEYOND_THE_MODEL = {"HashAlgorithm": {"SHA384"}}
# Errors that every operation of every AWS service may answer.
COMMON_ERRORS = {
    "AccessDeniedException": 403,
    "IncompleteSignatureException": 400,
    "InvalidSignatureException": 403,
    "MissingAuthenticationTokenException": 403,
    "RequestEntityTooLargeException": 413,
    "RequestTimeoutException": 408,
    "SerializationException": 400,
    "ThrottlingException": 429,
    "UnknownOperationException": 404,
    "UnrecognizedClientException": 403,
    "ValidationException": 400,
}
FRONT_END = {"AccessDeniedException", "UnrecognizedClientException", "InvalidSignatureException"}
REQUEST_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z")


def value_problems(shape, value, at):
    """What is wrong with a JSON value of a shape."""
    kind = shape.type_name
    if value is None:
        return [f"{at} is null"]
    if kind == "structure":
        if not isinstance(value, dict):
            return [f"{at} is no object"]
        found = [f"{at} has no {name}" for name in shape.required_members if name not in value]
        # Recorded from the real service: a profile without a certificate has an empty signingMaterial.
        if shape.name == "SigningMaterial" and value == {}:
            found = []
        for name, member in value.items():
            if name not in shape.members:
                found.append(f"{at}.{name} is unknown")
            else:
                found += value_problems(shape.members[name], member, f"{at}.{name}")
        return found
    if kind == "list":
        if not isinstance(value, list):
            return [f"{at} is no list"]
        return [problem for n, member in enumerate(value) for problem in value_problems(shape.member, member, f"{at}[{n}]")]
    if kind == "map":
        if not isinstance(value, dict):
            return [f"{at} is no map"]
        found = [problem for key in value for problem in value_problems(shape.key, key, f"{at} key")]
        return found + [p for key, member in value.items() for p in value_problems(shape.value, member, f"{at}[{key}]")]
    types = {"boolean": bool, "integer": int, "long": int, "string": str, "blob": str, "timestamp": (int, float)}[kind]
    if not isinstance(value, types) or (kind != "boolean" and isinstance(value, bool)):
        return [f"{at} is no {kind}: {value!r}"]
    if kind == "blob":
        try:
            base64.b64decode(value, validate=True)
        except ValueError:
            return [f"{at} is not base64"]
    if kind == "string":
        allowed = shape.enum and set(shape.enum) | BEYOND_THE_MODEL.get(shape.name, set())
        if allowed and value not in allowed:
            return [f"{at} is {value!r}, none of {sorted(allowed)}"]
        limits = shape.metadata
        if not limits.get("min", 0) <= len(value) <= limits.get("max", len(value)):
            return [f"{at} has {len(value)} characters"]
        if "pattern" in limits and not re.search(limits["pattern"], value):
            return [f"{at} is {value!r}, which does not match {limits['pattern']}"]
    return []


def answer_problems(operation, status, headers, body):
    """What is wrong with an answer to an operation of the model."""
    found = []
    if not REQUEST_ID.match(headers.get("x-amzn-requestid", "")):
        found.append("it has no x-amzn-RequestId")
    if body and headers.get("content-type") != "application/json":
        found.append(f"its content type is {headers.get('content-type')}")
    try:
        parsed = json.loads(body) if body else None
    except ValueError as error:
        return found + [f"it is no JSON: {error}"]
    if status >= 300:
        return found + error_problems(operation, status, headers, parsed)
    if status != operation.http.get("responseCode", 200):
        found.append(f"its status is {status}")
    if operation.output_shape is None:
        return found if parsed in (None, {}) else found + ["it has a body"]
    return found + value_problems(operation.output_shape, {} if parsed is None else parsed, operation.name)


def error_problems(operation, status, headers, body):
    code = headers.get("x-amzn-errortype", "")
    found = []
    statuses = {shape.error_code if shape.metadata.get("error", {}).get("code") else shape.name: shape for shape in operation.error_shapes}
    if code in statuses:
        expected = statuses[code].metadata["error"]["httpStatusCode"]
    elif code in COMMON_ERRORS:
        expected = COMMON_ERRORS[code]
    else:
        return [f"{code!r} is no error of {operation.name}"]
    if status != expected:
        found.append(f"{code} has the status {status} instead of {expected}")
    # What AWS's front end answers before an operation has "Message".
    name = "Message" if code in FRONT_END and isinstance(body, dict) and "Message" in body else "message"
    if not isinstance(body, dict) or not isinstance(body.get(name), str) or not body[name]:
        found.append("the error has no message")
    elif set(body) - {name, "code"}:
        found.append(f"the error has other members: {sorted(body)}")
    return found
