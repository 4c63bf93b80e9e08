"""What the commands of RESP do, on a dictionary: key -> (value, whether it expires)."""


class Failed:
    """The reply is an error."""

    def __repr__(self):
        return "an error"


FAILED = Failed()


def agree(found, expected):
    if expected is FAILED:
        return isinstance(found, Exception)
    if isinstance(expected, list):
        return isinstance(found, list) and len(found) == len(expected) and all(map(agree, found, expected))
    return not isinstance(found, Exception) and found == expected


def integer(text):
    try:
        number = int(text)
        return number if str(number).encode() == text else None
    except ValueError:
        return None


def apply(state, name, *words):
    """Changes the state. Returns the reply, and the keys that were written."""
    value = lambda key: state[key][0] if key in state else None
    key = words[0] if words else None
    if name == "GET":
        return value(key), []
    if name == "MGET":
        return [value(key) for key in words], []
    if name == "STRLEN":
        return len(value(key) or b""), []
    if name == "EXISTS":
        return sum(key in state for key in words), []
    if name == "DBSIZE":
        return len(state), []
    if name == "TTL":
        return (-2 if key not in state else -1), []
    if name == "SET":
        flags = words[2:]
        if "NX" in flags and key in state or "XX" in flags and key not in state:
            return None, []
        expires = "PX" in flags or "KEEPTTL" in flags and key in state and state[key][1]
        state[key] = (words[1], expires)
        return b"OK", [key]
    if name == "GETSET":
        old = value(key)
        state[key] = (words[1], False)
        return old, [key]
    if name == "GETDEL":
        old = value(key)
        state.pop(key, None)
        return old, [key] if old is not None else []
    if name == "DEL":
        gone = [key for key in dict.fromkeys(words) if key in state]
        for key in gone:
            del state[key]
        return len(gone), gone
    if name == "MSET":
        for key, new in zip(words[::2], words[1::2]):
            state[key] = (new, False)
        return b"OK", list(words[::2])
    if name == "MSETNX":
        if any(key in state for key in words[::2]):
            return 0, []
        apply(state, "MSET", *words)
        return 1, list(words[::2])
    if name == "INCRBY":
        old = integer(value(key)) if key in state else 0
        if old is None or not -(2**63) <= old + words[1] < 2**63:
            return FAILED, []
        state[key] = (str(old + words[1]).encode(), key in state and state[key][1])
        return old + words[1], [key]
    if name == "APPEND":
        state[key] = ((value(key) or b"") + words[1], key in state and state[key][1])
        return len(state[key][0]), [key]
    if name == "EXPIRE":
        if key not in state:
            return 0, []
        state[key] = (state[key][0], True)
        return 1, [key]
    if name == "PERSIST":
        if key not in state or not state[key][1]:
            return 0, []
        state[key] = (state[key][0], False)
        return 1, [key]
    raise AssertionError(name)
