from __future__ import annotations

import pytest

from zoneproxy.route.upstream import Upstream, UpstreamTable, upstream_facts

LLM = Upstream("llm", "127.0.30.10", 8000, models=("zone-llm-01",), separation="physical")
FILES = Upstream("files", "127.0.30.11", 8000, models=("zone-llm-02",), paths=("/v1/files", "/v1/models/"))
DEEP = Upstream("deep", "127.0.30.12", 8000, paths=("/v1/files/deep",))
TABLE = UpstreamTable([LLM, FILES, DEEP])


def test_a_model_has_one_server() -> None:
    """Z5: a request goes to the server of exactly the model that it names."""
    assert TABLE.for_model("zone-llm-01") is LLM
    assert TABLE.for_model("zone-llm-02") is FILES
    assert TABLE.for_model("ZONE-LLM-01") is None
    assert TABLE.for_model("") is None


@pytest.mark.parametrize(
    ("path", "server"),
    [
        ("/v1/files", FILES),
        ("/v1/files/", FILES),
        ("/v1/files/file-1/content", FILES),
        ("/v1/models", FILES),
        ("/v1/files/deep/1", DEEP),
        ("/v1/files/deeper", FILES),
        ("/v1/filesystem", None),
        ("/v1", None),
        ("/", None),
        ("", None),
        ("v1/files", None),
    ],
)
def test_a_path_goes_to_the_longest_prefix(path: str, server: Upstream | None) -> None:
    """A prefix ends where a part of the path ends, and the longest one is chosen."""
    assert TABLE.for_path(path) is server


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (Upstream("llm", "h", 1), "upstream `llm` stands twice"),
        (Upstream("b", "h", 1, models=("zone-llm-01",)), "both claim model `zone-llm-01`"),
        (Upstream("b", "h", 1, paths=("/v1/files/",)), "both claim path `/v1/files`"),
    ],
)
def test_a_claim_is_made_once(second: Upstream, message: str) -> None:
    """Two servers for one model or path would make the way a matter of order."""
    with pytest.raises(ValueError, match=message):
        UpstreamTable([LLM, FILES, second])


def test_separation_is_a_fact() -> None:
    """Z7: how a server is kept apart is known to the rules; where there is no server it is unknown."""
    assert upstream_facts(LLM) == {"upstream.separation": "physical"}
    assert upstream_facts(DEEP) == {"upstream.separation": "unknown"}
    assert upstream_facts(None) == {"upstream.separation": "unknown"}
