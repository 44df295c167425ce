"""`zoneproxy.content.listing`: everybody's list, cut down to one caller's own."""

from __future__ import annotations

import json
from typing import Any

from zoneproxy.content.listing import cut_down, items_of
from zoneproxy.terms.objects import ObjectName


def page(*ids: str, **members: Any) -> dict[str, Any]:
    return {
        "object": "list",
        "data": [{"id": one, "object": "file"} for one in ids],
        "has_more": False,
    } | members


def cut(document: dict[str, Any], *own: str) -> Any:
    body = json.dumps(document).encode()
    items = items_of(document, "openai_files")
    assert items is not None
    kept = cut_down(
        body, document, items, "file", lambda name: name in {ObjectName("file", one) for one in own}
    )
    return kept if kept is None or kept == body else json.loads(kept)


def test_a_list_of_ones_own_goes_out_byte_for_byte() -> None:
    """What needs no cutting is not touched."""
    whole = page("a", "b", first_id="a", last_id="b", has_more=True)
    assert cut(whole, "a", "b") == json.dumps(whole).encode()


def test_what_is_anothers_is_cut_out_with_the_cursors_that_name_it() -> None:
    """Z7: neither the objects nor the page's cursors tell that there are others."""
    told = cut(page("a", "x", "b", "y", first_id="a", last_id="y", total=4), "a", "b")
    assert [one["id"] for one in told["data"]] == ["a", "b"]
    assert (told["first_id"], told["last_id"], told["has_more"]) == ("a", "b", False)
    assert "total" not in told
    assert cut(page("x"), "a")["data"] == []


def test_a_cursor_alone_may_name_anothers() -> None:
    """Z7: a page of one's own whose cursor is another's is written anew."""
    assert cut(page("a", last_id="x"), "a")["last_id"] == "a"


def test_an_object_is_ones_own_with_all_that_it_names() -> None:
    """Z6: a batch that names another's file is not shown."""
    document = page("a")
    document["data"][0]["output_file_id"] = "x"
    assert cut(document, "a")["data"] == []
    assert cut(document, "a", "x") == json.dumps(document).encode()


def test_an_empty_page_with_more_behind_it_can_not_be_told() -> None:
    """Z22: an SDK would take it for the end of the list."""
    assert cut(page("x", has_more=True), "a") is None
    assert cut(page("x", has_more="yes"), "x") == json.dumps(page("x", has_more="yes")).encode()
    assert cut(page("a", "x", has_more="yes"), "a") is None


def test_what_does_not_say_what_it_is_is_nobodys() -> None:
    """Z22: an object without kind or id is not passed on."""
    document = {"data": [{"name": "?"}, {"id": "a", "object": "batch"}, {"id": "a", "object": "file"}]}
    assert len(cut(document, "a")["data"]) == 1
    assert items_of({"data": {}}, "openai_files") is None
    assert items_of([], "openai_files") is None
