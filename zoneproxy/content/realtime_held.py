r"""The messages of a session that wait, and what leaves of them: as they came, masked, or with a canary.

All that a server says in a session is one queue, in its order, although it is the answer of several
exchanges: each message belongs to the one in which it came (`Share`), and what is changed in it counts there.

A canary stands in the first text of an answer that is for people, before the white space behind its first
word (or behind the first mark that ends a clause), and again at that place where a later message of the same
answer repeats the text, so that whoever compares the two finds no difference.

    "Certainly, here"   leaves as   "Certainly,<canary> here"

Trust: the messages come from a model server, and were inspected as they came, without what is put in here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from zoneproxy.content.canary import plantable
from zoneproxy.content.deltas import Channel
from zoneproxy.content.held import HeldEvents, Waiting
from zoneproxy.content.json_seq import encode
from zoneproxy.content.window import Window

_FOR_PEOPLE = ("response.output_text", "response.output_audio_transcript")
_REPEATED = ("text", "transcript")
_BETWEEN = re.compile(r"(?<=\S)(?=\s)|(?<=[，。！？；])")
_MOST_TRIED = 4096
_MOST_KNOWN = 64


@dataclass(slots=True)
class Share:
    """What of all that a server says is one exchange's.

    Attributes:
        returned: told of all text that grows, or `None`.
        masks: findings may be ordered to be masked.
        maskable: all that was found so far could be masked.
        counts: the tokens that were put in so far, by kind.
        canary: what is to be planted, or empty.
        planted: it was.
        tainted: strings that were found to hold something, and go masked.
    """

    returned: Callable[[Channel, str], None] | None = None
    masks: bool = False
    maskable: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    canary: str = ""
    planted: bool = False
    tainted: set[str] = field(default_factory=set)
    _shown: dict[Channel, str | None] = field(default_factory=dict)
    _item: str = ""
    _before: str = ""

    @property
    def rewrites(self) -> bool:
        """Tell whether a message of this exchange may have to be written anew."""
        return self.masks or bool(self.canary)

    def plant(self, message: Message, document: dict[str, Any]) -> bool:
        """Plant the canary in a message that leaves, or repeat it there; return whether that was done.

        Args:
            message: the message.
            document: what of it is shown, which is changed.
        """
        if not self.canary:
            return False
        if self.planted:
            return not message.growths and self._repeat(document, within=False)
        if not message.growths or message.channel[-1] not in _FOR_PEOPLE:
            return False
        (growth,) = message.growths
        text = growth.holder[growth.key]
        before = self._shown.get(message.channel, "")
        if before is None or not isinstance(text, str):
            return False
        shown = before + text
        found = _BETWEEN.search(shown, max(1, len(before)))
        if shown.strip() and (not plantable(shown) or len(shown) > _MOST_TRIED):
            self._shown[message.channel] = None  # this text is not for people, or gives no place
            return False
        if found is None or not shown[: found.start()].strip():
            self._shown[message.channel] = shown
            return False
        place = found.start() - len(before)
        growth.holder[growth.key] = text[:place] + self.canary + text[place:]
        self._item, self._before, self.planted = str(message.channel[1]), shown[: found.start()], True
        self._shown.clear()
        return True

    def _repeat(self, value: Any, *, within: bool) -> bool:
        """Put the canary where a part of a message repeats the text that bears it."""
        if isinstance(value, list):
            each = [self._repeat(inner, within=within) for inner in value]
            return any(each)
        if not isinstance(value, dict) or not self._item:
            return False
        within = within or self._item in (value.get("id"), value.get("item_id"))
        done = False
        for name, inner in value.items():
            if isinstance(inner, str):
                if within and name in _REPEATED and inner.startswith(self._before):
                    value[name] = self._before + self.canary + inner[len(self._before) :]
                    done = True
            else:
                done = self._repeat(inner, within=within) or done
        return done


@dataclass(slots=True)
class Message(Waiting):
    """A message that waits.

    Attributes:
        share: the exchange in which it came.
        channel: what it speaks of.
    """

    share: Share = field(default_factory=Share)
    channel: Channel = ()


class HeldMessages(HeldEvents):
    """A queue of messages, of texts that come and go."""

    def __init__(self) -> None:
        super().__init__()
        self._bound = _MOST_KNOWN

    def written(self, waiting: Waiting) -> bytes:
        """Write a message as it leaves."""
        if not isinstance(waiting, Message) or waiting.document is None:
            return waiting.raw
        document = self.shown(waiting, waiting.share.counts)
        planted = waiting.share.plant(waiting, waiting.document if document is None else document)
        if document is None and not planted:
            return waiting.raw
        shown = waiting.document if document is None else document
        return encode(json.dumps(shown, ensure_ascii=False, separators=(",", ":")))

    def forget(self, kept: Collection[Window]) -> None:
        """Forget texts that grow no more, as far as no message of theirs waits, once there are many."""
        if max(len(self._left), len(self._spans)) < self._bound:
            return
        alive = {*kept, *(growth.window for waiting in self._queue for growth in waiting.growths)}
        for window in self._left.keys() | self._spans.keys():
            if window not in alive:
                self._left.pop(window, None)
                self._spans.pop(window, None)
        self._bound = 2 * max(_MOST_KNOWN, len(self._left), len(self._spans))

    def drop_all(self) -> None:
        """Forget what waits."""
        self._queue.clear()
        self.size = 0
        self._left.clear()
        self._spans.clear()
