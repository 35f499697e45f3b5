"""Values for each shape of botocore's model: valid ones, those at the limits, and those beyond them."""

import base64
import enum

LONG = "x" * 5000


class Kind(enum.Enum):
    """What the model says about a value."""

    VALID = "fits the model"
    INVALID = "violates a constraint"
    MISTYPED = "has another JSON type"
    UNCLEAR = "may be taken or refused"


def of(shape, location=None, depth=0):
    """Pairs of a value and what the model says about it. Paths and queries have texts only."""
    if location in ("uri", "querystring") and shape.type_name != "list":
        return list(_of_text(shape, location))
    return list(_of_body(shape, location, depth))


def _of_text(shape, location):
    kind = shape.type_name
    if kind == "string":
        yield from (pair for pair in _strings(shape) if pair[0] != "" or location != "uri")
    elif kind in ("integer", "long"):
        yield from _integers(shape)
        for value in ["", "abc", "1.5", "0x10", " 1", "1e1", "--1", LONG]:
            yield value, Kind.MISTYPED
    elif kind == "boolean":
        yield from [(True, Kind.VALID), (False, Kind.VALID)]
        for value in ["", "yes", "TRUE", "1", "null", LONG]:
            yield value, Kind.MISTYPED
    elif kind == "timestamp":
        for value in ["2024-01-02T03:04:05Z", "2024-01-02T03:04:05.678Z", "1970-01-01T00:00:00Z"]:
            yield value, Kind.VALID
        for value in ["0", "1700000000", "9999-12-31T23:59:59Z", "2024-01-02T03:04:05+01:00", "0000-01-01T00:00:00Z"]:
            yield value, Kind.UNCLEAR
        for value in ["", "now", "2024-13-01T00:00:00Z", "2024-01-02", "1e400", "NaN", "-", LONG]:
            yield value, Kind.MISTYPED


def _of_body(shape, location, depth):
    kind = shape.type_name
    if kind == "string":
        yield from _strings(shape)
        yield from _mistyped("string")
    elif kind in ("integer", "long"):
        yield from _integers(shape)
        yield from _mistyped("integer")
    elif kind == "boolean":
        yield from [(True, Kind.VALID), (False, Kind.VALID)]
        yield from _mistyped("boolean")
    elif kind == "timestamp":
        yield from [(0, Kind.VALID), (1_700_000_000, Kind.VALID), (1_700_000_000.123, Kind.VALID)]
        for value in [-1, 1e300, 2**63, 253_402_300_800, 1e-300, "2024-01-02T03:04:05Z", "1700000000"]:
            yield value, Kind.UNCLEAR
        for value in ["now", "", True, [], {}, [0]]:
            yield value, Kind.MISTYPED
    elif kind == "blob":
        yield from _blobs(shape)
    elif kind == "list":
        yield from _lists(shape, location, depth)
    elif kind == "map":
        yield from _maps(shape, depth)
    elif kind == "structure":
        yield from _structures(shape, depth)
    if location is None and depth == 0:
        yield None, Kind.UNCLEAR


def _mistyped(expected):
    for kind, value in [("string", "text"), ("integer", 7), ("fraction", 1.5), ("boolean", True), ("list", ["a"]), ("map", {"a": "b"})]:
        if kind != expected:
            yield value, Kind.MISTYPED


def _strings(shape):
    limits = shape.metadata
    low, high = limits.get("min", 0), limits.get("max")
    if shape.enum:
        for value in shape.enum:
            yield value, Kind.VALID
        for value in ["", shape.enum[0].lower() + "x", shape.enum[0] + " ", "\u00fc", LONG]:
            yield value, Kind.INVALID
        return
    digits = "[0-9]{12}" in limits.get("pattern", "")
    letter = "1" if digits else "a"
    yield letter * max(low, 1), Kind.VALID
    if high:
        yield letter * high, Kind.VALID
        yield letter * (high + 1), Kind.INVALID
        yield letter * (high * 50), Kind.INVALID
    if low:
        yield letter * (low - 1), Kind.INVALID
    if "pattern" in limits:
        for value in ["\u00fc" * max(low, 1), "!" * max(low, 1), " " * max(low, 1), "\u0000" * max(low, 1), "a\n" * max(low, 1)]:
            yield value, Kind.INVALID
    else:
        for value in ["\u00fc", "\U0001f511", "\u0000", "'; DROP TABLE profiles; --", "%00", "../..", "${jndi}", "a b", "\ud7ff", LONG]:
            yield value, Kind.UNCLEAR
        yield "", Kind.UNCLEAR


def _integers(shape):
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None:
        yield low, Kind.VALID
        yield low - 1, Kind.INVALID
        yield -(2**31), Kind.INVALID
    if high is not None:
        yield high, Kind.VALID
        yield high + 1, Kind.INVALID
        yield 2**31 - 1, Kind.INVALID
    else:
        yield from [(1, Kind.VALID), (2**31 - 1, Kind.UNCLEAR), (0, Kind.UNCLEAR), (-(2**31), Kind.UNCLEAR)]
    # Beyond 32 and 64 bits: no integer of the model, or one beyond its limits.
    for value in [2**31, 2**63, 2**64, 10**40, -(10**40)]:
        yield value, Kind.MISTYPED


def _blobs(shape):
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 10_000)
    for length, kind in [(max(low, 1), Kind.VALID), (high, Kind.VALID), (high + 1, Kind.INVALID), (low - 1, Kind.INVALID)]:
        if length >= 0:
            yield base64.b64encode(b"x" * length).decode(), kind
    yield base64.b64encode(b"x" * (high * 20)).decode(), Kind.INVALID
    for value in ["!", "YQ", "YQ=", "YWJj\n", "Y W J j", "\u00fc", "YWI_", "=", "===="]:
        yield value, Kind.MISTYPED
    yield from ((value, kind) for value, kind in _mistyped("string"))


def _lists(shape, location, depth):
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    members = of(shape.member, location, depth + 1)
    good = next(value for value, kind in members if kind is Kind.VALID)
    yield [good] * max(low, 1), Kind.VALID
    if location is None:
        yield [], Kind.INVALID if low else Kind.VALID
        yield [None], Kind.UNCLEAR
        yield from _mistyped("list")
    if high:
        yield [good] * (high + 1), Kind.INVALID
    yield [good] * 500, Kind.INVALID if high and high < 500 else Kind.UNCLEAR
    for value, kind in members:
        yield [value], kind
        yield [good, value], kind


def _maps(shape, depth):
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max")
    keys, values = of(shape.key, None, depth + 1), of(shape.value, None, depth + 1)
    key = next(value for value, kind in keys if kind is Kind.VALID)
    value = next(value for value, kind in values if kind is Kind.VALID)
    yield {key: value}, Kind.VALID
    yield {}, Kind.INVALID if low else Kind.VALID
    if high:
        yield {f"k{number}": value for number in range(high + 1)}, Kind.INVALID
    yield {key: None}, Kind.UNCLEAR
    yield from ((other, kind) for other, kind in _mistyped("map"))
    for other, kind in keys:
        if isinstance(other, str):
            yield {other: value}, kind
    for other, kind in values:
        yield {key: other}, kind


def _structures(shape, depth):
    good = valid(shape)
    yield good, Kind.VALID
    yield {}, Kind.INVALID if shape.required_members else Kind.UNCLEAR
    yield {**good, "unknownMember": {"a": [1, None]}}, Kind.VALID
    yield from ((value, kind) for value, kind in _mistyped("map") )
    for name, member in shape.members.items():
        if name in shape.required_members:
            yield {other: value for other, value in good.items() if other != name}, Kind.INVALID
        for value, kind in of(member, None, depth + 1):
            yield {**good, name: value}, kind


def valid(shape):
    """A value that fits the model, with all required members."""
    if shape.type_name == "structure":
        names = shape.required_members or list(shape.members)
        return {name: valid(shape.members[name]) for name in names}
    return next(value for value, kind in of(shape, None, 1) if kind is Kind.VALID)
