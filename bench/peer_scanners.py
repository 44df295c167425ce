"""What peers need for the development corpus; runs in an environment of its own and prints one JSON object.

    python -m venv /tmp/peers && /tmp/peers/bin/pip install argus-redact presidio-analyzer
    PEERS_PYTHON=/tmp/peers/bin/python .venv/bin/python -m bench.bench_content

Each peer gets the body as text, its first 8,000 characters, every third record; the result is its CPU seconds
and the bytes of those bodies. Presidio runs its pattern recognisers with eight rules for China that stand
here, without a language model.
"""

from __future__ import annotations

import base64
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

_FED, _EVERY = 8000, 3
_CHINESE = {
    "CN_ID": r"(?<!\d)\d{17}[\dXx](?!\d)",
    "CN_MOBILE": r"(?<!\d)(?:\+?86[- ]?)?1[3-9]\d{9}(?!\d)",
    "CN_CARD": r"(?<!\d)62\d{14,17}(?!\d)",
    "CN_USCC": r"(?<![0-9A-Za-z])[0-9A-HJ-NP-RT-UW-Y]{2}\d{6}[0-9A-HJ-NP-RT-UW-Y]{10}(?![0-9A-Za-z])",
    "CN_PASSPORT": r"(?<![0-9A-Za-z])[EG][A-Z]?\d{7,8}(?!\d)",
    "CN_PLATE": r"[\u4e00-\u9fff][A-HJ-NP-Z][A-HJ-NP-Z0-9]{5,6}",
    "CN_LANDLINE": r"(?<!\d)0\d{2,3}-?\d{7,8}(?!\d)",
    "CN_WECHAT": r"(?:wxid_|\u5fae\u4fe1)[:\uff1a]?\w{6,20}",
}


def bodies(corpus: Path) -> tuple[list[str], int]:
    """Read the texts that a peer is fed, and the bytes of their bodies."""
    texts, size = [], 0
    for line in corpus.read_bytes().splitlines()[::_EVERY]:
        record = json.loads(line)
        coded = record.get("body_b64")
        data = base64.b64decode(coded) if coded else record.get("text", "").encode()
        size += len(data)
        texts.append(data.decode("utf-8", "replace")[:_FED])
    return texts, size


def argus() -> Callable[[str], object]:
    """Return argus-redact's fast mode."""
    from argus_redact import redact  # noqa: PLC0415 - only in the peers' environment

    return lambda text: redact(text, lang="zh", mode="fast")


def presidio() -> Callable[[str], object]:
    """Return Presidio's pattern recognisers with rules for China."""
    from presidio_analyzer import (  # noqa: PLC0415 - only in the peers' environment
        Pattern,
        PatternRecognizer,
    )
    from presidio_analyzer.predefined_recognizers import (  # noqa: PLC0415 - as above
        CreditCardRecognizer,
        EmailRecognizer,
        IpRecognizer,
        PhoneRecognizer,
    )

    own = [PatternRecognizer(name, patterns=[Pattern(name, rule, 0.8)]) for name, rule in _CHINESE.items()]
    known = [CreditCardRecognizer(), EmailRecognizer(), IpRecognizer(), PhoneRecognizer()]
    return lambda text: [
        recognizer.analyze(text, recognizer.supported_entities, None) for recognizer in (*own, *known)
    ]


def main() -> None:
    """Measure each peer that is there."""
    texts, size = bodies(Path(sys.argv[1]))
    told = {}
    for name, make in (("argus", argus), ("presidio", presidio)):
        try:
            look = make()
        except ImportError:
            continue
        began = time.process_time()
        for text in texts:
            look(text)
        told[name] = {"bytes": size, "cpu_s": time.process_time() - began}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
