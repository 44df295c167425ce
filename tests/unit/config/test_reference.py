"""`zoneproxy.config.reference`: the reference says what the reader takes, and is never out of date."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import yaml

from zoneproxy.cli.init import TEMPLATE
from zoneproxy.config.reference import reference, schema
from zoneproxy.config.zone import Config

PAGE = Path(__file__).resolve().parents[3] / "docs" / "zone-yaml.md"
FILLED = TEMPLATE.format(zone="zone-1", origin="zone.example/log", port="8443", sg="0" * 64, my="1" * 64)


def test_the_page_is_fresh() -> None:
    """`docs/zone-yaml.md` is what `zoneproxy config reference` prints."""
    assert PAGE.read_text("utf-8") == reference()


def test_every_field_of_the_file_is_told() -> None:
    """Nothing can be set that the reference does not name."""
    text = reference()
    for name in Config.model_fields:
        assert f"| `{name}` |" in text
    for part in ("`log`", "`routes[]`", "`limits`", "`servers[]`"):
        assert f"## {part}\n" in text


def test_a_field_says_what_stands_where_it_is_left_out() -> None:
    """Required, a value, none, or the part's own defaults."""
    text = reference()
    assert "| `zone` | text like `^[a-z][a-z0-9-]{0,62}$` | **required** |" in text
    assert '| `node` | text like `^[a-z0-9][a-z0-9.-]{0,62}$` | `"node-1"` |' in text
    assert "| `tenants` | list of parts, see below | none |" in text
    assert "| `limits` | a part, see below | its own defaults |" in text


def test_the_schema_takes_what_init_writes() -> None:
    """An editor underlines nothing in a new zone, and does underline a misspelt field."""
    made = yaml.safe_load(FILLED)
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())
    assert list(validator.iter_errors(made)) == []
    assert list(validator.iter_errors(made | {"tenant": []})) != []
