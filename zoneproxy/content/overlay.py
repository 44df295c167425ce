"""The same text with numerals and look-alikes read as digits, character by character.

Chinese numerals count only in runs of at least eight characters with at least four of them, because
they also stand in idioms. Letters that look like digits count only in tokens that are digits for the
greater part; letters of other scripts that look Latin, only in tokens that are partly ASCII.
Every reading keeps the length, so that places stay places.
"""

from __future__ import annotations

import re

_NUMERAL = "〇零○一二三四五六七八九壹贰叁肆伍陆柒捌玖貳參陸幺两兩"
_NUMERALS = str.maketrans(_NUMERAL, "000123456789123456789236122")
_NUMERAL_RUN = re.compile(rf"[{_NUMERAL}0-9A-Za-z.()+\- ]{{8,}}")
_ONE_NUMERAL = re.compile(f"[{_NUMERAL}]")
_FEWEST_NUMERALS = 4

# Cyrillic and Greek letters that look Latin, and the Latin letters they look like.
_FOREIGN = (
    "\u0410\u0412\u0415\u041a\u041c\u041d\u041e\u0420\u0421\u0422\u0423\u0425\u0406\u0408\u0405"
    "\u0430\u0432\u0435\u043e\u0440\u0441\u0443\u0445\u0456\u0458\u0455\u0501\u051b\u0461\u04bb"
    "\u0391\u0392\u0395\u0396\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u03bf"
    "\u03b1\u03bd\u03c4\u03c5\u03c1\u04c0"
)
_ALIKE = str.maketrans(_FOREIGN, "ABEKMHOPCTYXIJSabeopcyxijsdqwhABEZHIKMNOPTYXoavtupl")
_TOKEN = re.compile(rf"[0-9A-Za-z@._\-{_FOREIGN}]++")
_ONE_FOREIGN = re.compile(f"[{_FOREIGN}]")
_ASCII_SIGN = re.compile(r"[0-9A-Za-z@]")

ALIKE = "OoQDlIi|!ZzSsBbgq"
"""Letters and signs that look like digits."""
_AS_DIGITS = str.maketrans(ALIKE, "00001111122558699")
_MIXED_TOKEN = re.compile(
    r"[0-9OoQDlIi|!ZzSsBbgq](?<![0-9A-Za-z][0-9OoQDlIi|!ZzSsBbgq])[0-9OoQDlIi|!ZzSsBbgq]{10,18}[Xx]?(?![0-9A-Za-z])"
)
_MAYBE_MIXED = re.compile(r"[0-9][0-9OoQDlIi|!ZzSsBbgq]{6}")
# The same in groups, as telephone numbers and cards are written.
_MIXED_GROUPS = re.compile(
    r"[0-9OoQDlIi|!ZzSsBbgq](?<![0-9A-Za-z\-.][0-9OoQDlIi|!ZzSsBbgq])[0-9OoQDlIi|!ZzSsBbgq]{1,8}"
    r"(?:[-.][0-9OoQDlIi|!ZzSsBbgq]{2,10}){1,5}[Xx]?(?![0-9A-Za-z\-]|\.[0-9A-Za-z])"
)
_MAYBE_GROUPS = re.compile(
    r"[OoQDlIi|!ZzSsBbgq][0-9]{0,4}[-.][0-9]|[0-9][0-9OoQDlIi|!ZzSsBbgq]{0,9}[-.][0-9]{0,4}[OoQDlIi|!ZzSsBbgq]"
)
_DIGIT = re.compile(r"[0-9]")
_FEWEST_DIGITS = 7
# Lengths of whole identifiers: a sign after so many digits ends a sentence and is no digit.
_WHOLE = (11, 13, 15, 16, 18)


def latin(text: str) -> str:
    """Read look-alike letters of other scripts as Latin, in tokens that are partly ASCII."""
    if text.isascii() or _ONE_FOREIGN.search(text) is None:
        return text
    return _TOKEN.sub(_latin_token, text)


def _latin_token(found: re.Match[str]) -> str:
    token = found.group()
    mixed = _ONE_FOREIGN.search(token) and _ASCII_SIGN.search(token)
    return token.translate(_ALIKE) if mixed else token


def numerals(text: str) -> str:
    """Read Chinese numerals as digits, in runs that can only be a number."""
    if text.isascii() or _ONE_NUMERAL.search(text) is None:
        return text
    return _NUMERAL_RUN.sub(_numeral_run, text)


def _numeral_run(found: re.Match[str]) -> str:
    run = found.group()
    return run.translate(_NUMERALS) if len(_ONE_NUMERAL.findall(run)) >= _FEWEST_NUMERALS else run


def maybe_digits(text: str) -> bool:
    """Tell cheaply whether `digits` could change the text."""
    return _MAYBE_MIXED.search(text) is not None


def digits(text: str) -> str:
    """Read letters that look like digits as digits, in tokens that are mostly digits."""
    made = _MIXED_TOKEN.sub(_mixed_token, text) if _MAYBE_MIXED.search(text) else text
    return _MIXED_GROUPS.sub(_mixed_token, made) if _MAYBE_GROUPS.search(made) else made


def _mixed_token(found: re.Match[str]) -> str:
    token = found.group()
    if token[-1] in "!|" and len(token) - 1 in _WHOLE and token[:-1].isdigit():
        return token
    return token.translate(_AS_DIGITS) if len(_DIGIT.findall(token)) >= _FEWEST_DIGITS else token
