"""`zoneproxy.passage.commands`: what is ordered can't be changed on the way to the driver."""

from __future__ import annotations

import dataclasses

import pytest

from zoneproxy.passage import commands
from zoneproxy.passage.commands import Command, Deliver, Finish, Write

ORDERS: list[type[Command]] = [
    order
    for order in vars(commands).values()
    if isinstance(order, type) and issubclass(order, Command) and order is not Command
]


@pytest.mark.parametrize("order", ORDERS, ids=lambda order: order.__name__)
def test_an_order_is_a_value(order: type[Command]) -> None:
    """Z22: two equal orders are equal, and neither can be changed after it was given."""
    fields = dataclasses.fields(order)
    one, same = (order(*(field.name for field in fields)) for _ in range(2))
    assert one == same
    for field in fields:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(one, field.name, b"other")
    assert not hasattr(one, "__dict__")


def test_bytes_leave_by_few_orders_and_none_of_them_is_a_record() -> None:
    """Z13: a `Write` holds no answer; the orders that let bytes go are these and no others."""
    leaving = {
        order.__name__
        for order in ORDERS
        if {"data", "body"} & {field.name for field in dataclasses.fields(order)} and order is not Write
    }
    assert leaving == {"Forward", "Deliver", "Finish", "Release", "Refuse", "Cut"}
    assert {order.__name__ for order in ORDERS} - leaving == {
        "Write",
        "LookUp",
        "Bind",
        "Resolve",
        "OpenTunnel",
        "StreamAnswer",
        "Upgrade",
        "BufferAnswer",
        "Sever",
    }
    # A piece of an answer is never taken for its end, though both hold the same bytes.
    piece, end = list[Command]((Deliver(b"a"), Finish(b"a")))
    assert piece != end
