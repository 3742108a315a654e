"""Parses Logs Insights queries: the commands and operators that the shipped queries use, and no others.

A query becomes a list of `(command, arguments)`. An expression becomes nested tuples: `("number", 1.0)`, `("text", "a")`,
`("pattern", re)`, `("period", "5m")`, `("field", "TaskId")`, `("call", "max", [expression…])`, `("not", e)`, and
`(operator, left, right)` for arithmetic, comparison, `and` and `or`.
"""

import re

from insights_language import AGGREGATES, COMMANDS, MOST_ROWS, QueryFault, check_call, period_ms

TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
      | (?P<quoted>`[^`]+`)
      | (?P<period>\d+(?:ms|s|m|h|d|w)\b)
      | (?P<number>\d+(?:\.\d+)?)
      | (?P<pattern>/(?:[^/\\]|\\.)+/)
      | (?P<word>[@A-Za-z_][\w@.]*)
      | (?P<sign><=|>=|!=|=~|[=<>()+\-*/%,])
    )""",
    re.VERBOSE,
)
BINARY = [["or"], ["and"], ["=", "!=", "<", ">", "<=", ">=", "like", "not like"], ["+", "-"], ["*", "/", "%"]]


def split_commands(text):
    """The commands between the pipes; a pipe in quotes does not count."""
    parts, quote, begin = [], None, 0
    for position, character in enumerate(text):
        if quote:
            quote = None if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character == "|":
            parts.append(text[begin:position])
            begin = position + 1
    return [" ".join(part.split()) for part in [*parts, text[begin:]]]


class _Tokens:
    def __init__(self, text):
        self._tokens, position = [], 0
        text = text.strip()
        while position < len(text):
            # A slash begins a pattern only where a value is awaited: behind `like`.
            after_like = self._tokens and self._tokens[-1] == ("word", "like")
            match = TOKEN.match(text, position)
            if match and match.lastgroup == "pattern" and not after_like:
                match = re.compile(r"\s*(?P<sign>/)").match(text, position)
            if not match:
                raise QueryFault(f"not understood: {text[position:]}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self._next = 0

    def peek(self, ahead=0):
        at = self._next + ahead
        return self._tokens[at] if at < len(self._tokens) else (None, None)

    def take(self, *wanted):
        """The next token's text, if it is one of `wanted`."""
        kind, text = self.peek()
        if kind in ("word", "sign") and text.lower() in wanted:
            self._next += 1
            return text.lower()
        return None

    def need(self, wanted):
        if not self.take(wanted):
            raise QueryFault(f"expected {wanted!r}, got {self.peek()[1]!r}")

    def pop(self):
        token = self.peek()
        self._next += 1
        return token

    def end(self):
        if self.peek() != (None, None):
            raise QueryFault(f"left over: {self.peek()[1]!r}")


def _expression(tokens, level=0):
    if level == len(BINARY):
        return _operand(tokens)
    if level == 2 and tokens.take("not"):
        return ("not", _expression(tokens, level))
    left = _expression(tokens, level + 1)
    while True:
        if level == 2 and tokens.peek() == ("word", "not") and tokens.peek(1) == ("word", "like"):
            tokens.pop()
            tokens.pop()
            operator = "not like"
        elif not (operator := tokens.take(*BINARY[level])):
            return left
        left = (operator, left, _expression(tokens, level + 1))


def _operand(tokens):
    if tokens.take("("):
        inner = _expression(tokens)
        tokens.need(")")
        return inner
    if tokens.take("-"):
        return ("-", ("number", 0.0), _operand(tokens))
    kind, text = tokens.pop()
    if kind == "number":
        return ("number", float(text))
    if kind == "text":
        return ("text", re.sub(r"\\(.)", r"\1", text[1:-1]))
    if kind == "pattern":
        return ("pattern", re.compile(text[1:-1]))
    if kind == "period":
        period_ms(text)
        return ("period", text)
    if kind == "quoted":
        return ("field", text[1:-1])
    if kind != "word":
        raise QueryFault(f"expected a value, got {text!r}")
    if tokens.peek() == ("sign", "("):
        return _call(tokens, text)
    return ("field", text)


def _call(tokens, name):
    tokens.need("(")
    arguments = []
    if tokens.take("*"):
        if name != "count":
            raise QueryFault(f"{name}(*) is not a call")
        tokens.need(")")
        return ("call", "count", [])
    while not tokens.take(")"):
        arguments.append(_expression(tokens))
        if tokens.peek() != ("sign", ")"):
            tokens.need(",")
    check_call(name, len(arguments), name in AGGREGATES)
    return ("call", name, arguments)


def _named(tokens, plain):
    """`expression [as name], …` up to `by` or the end, as `(name, expression)`."""
    named = []
    while True:
        begin = tokens._next
        expression = _expression(tokens)
        written = "".join(text for _, text in tokens._tokens[begin : tokens._next])
        name = tokens.pop()[1] if tokens.take("as") else (expression[1] if expression[0] == "field" else written)
        if plain and expression[0] != "field":
            raise QueryFault(f"a field is wanted, got {written}")
        named.append((name, expression))
        if not tokens.take(","):
            return named


def _fields(tokens):
    return _named(tokens, plain=False)


def _filter(tokens):
    return _expression(tokens)


def _stats(tokens):
    aggregates = _named(tokens, plain=False)
    groups = _named(tokens, plain=False) if tokens.take("by") else []
    return aggregates, groups


def _sort(tokens):
    keys = []
    while True:
        field = _named_field(tokens)
        keys.append((field, tokens.take("asc", "desc") or "desc"))
        if not tokens.take(","):
            return keys


def _named_field(tokens):
    kind, text = tokens.pop()
    if kind not in ("word", "quoted"):
        raise QueryFault(f"a field is wanted, got {text!r}")
    return text.strip("`")


def _limit(tokens):
    kind, text = tokens.pop()
    if kind != "number" or not 1 <= float(text) <= MOST_ROWS:
        raise QueryFault(f"limit takes 1 to {MOST_ROWS}, got {text}")
    return int(text)


def _unnest(tokens):
    field = _named_field(tokens)
    tokens.need("into")
    return field, _named_field(tokens)


MODELLED = {
    "fields": _fields, "display": _fields, "filter": _filter, "stats": _stats, "sort": _sort, "limit": _limit, "unnest": _unnest,
    "dedup": lambda tokens: [name for name, _ in _named(tokens, plain=True)],
}  # fmt: skip


def parse_query(text):
    """A query as `[(command, arguments)]`. Raises QueryFault where Logs Insights would refuse it or the model does not know it."""
    parsed = []
    for part in split_commands(text):
        name, _, rest = part.partition(" ")
        if name.lower() not in {command.lower() for command in COMMANDS}:
            raise QueryFault(f"no such command: {name}")
        if name not in MODELLED:
            raise QueryFault(f"{name} is not in the model")
        tokens = _Tokens(rest)
        parsed.append((name, MODELLED[name](tokens)))
        tokens.end()
    return parsed
