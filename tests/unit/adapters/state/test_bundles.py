"""`zoneproxy.adapters.state.bundles`: who must have signed, and who need not be believed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.bundles import OPERATOR, REGULATOR, SECOND, signer, signers, small_bundle
from zoneproxy.adapters.state.bundles import (
    Signers,
    check_moment,
    check_signatures,
    names_signed,
    read_bundle_file,
    sign,
)
from zoneproxy.policy.bundle_archive import MAX_BUNDLE_BYTES
from zoneproxy.policy.bundle_file import Bundle, read_bundle
from zoneproxy.policy.bundle_flaws import BundleError
from zoneproxy.policy.moment import moment_ms
from zoneproxy.terms.errors import ConfigError
from zoneproxy.trace.note import Ed25519Signer, Note, sign_note


def signed(*keys: Ed25519Signer) -> Bundle:
    """A bundle with these signatures."""
    bundle = small_bundle()
    for key in keys:
        bundle = read_bundle(sign(bundle, key), "x.zpb")
    return bundle


def refused(bundle: Bundle, by: Signers | None) -> str:
    with pytest.raises(BundleError) as caught:
        check_signatures(bundle, by)
    (flaw,) = caught.value.flaws
    assert flaw.code == "ZB06"
    return flaw.message


def test_n_of_m() -> None:
    """As many of the named keys must have signed as are needed; others' signatures count for nothing."""
    two_of = signers(OPERATOR, SECOND, needed=2)
    assert len(check_signatures(signed(OPERATOR, SECOND), two_of)) == 2
    assert len(check_signatures(signed(OPERATOR), signers(OPERATOR, SECOND))) == 1
    assert "1 of the 2" in refused(signed(OPERATOR), two_of)
    assert "1 of the 2" in refused(signed(OPERATOR, REGULATOR), two_of)
    assert "0 of the 1" in refused(small_bundle(), signers(OPERATOR))
    assert "0 of the 1" in refused(signed(REGULATOR), signers(OPERATOR))
    assert "nobody is named" in refused(signed(OPERATOR), None)


def test_another_key_of_the_same_name_is_nobody() -> None:
    """A name alone is no key."""
    assert "0 of the 1" in refused(signed(signer(number=99)), signers(OPERATOR))


def test_a_broken_signature_refuses_whatever_others_hold() -> None:
    """A line of a named key that does not verify is an attempt, not a missing signature."""
    bundle = signed(OPERATOR)
    good = sign_note(bundle.statement, [OPERATOR]).signatures[0]
    (other,) = sign_note(bundle.statement, [SECOND]).signatures
    for broken in (replace(good, blob=other.blob), replace(good, blob=good.blob[:-1])):
        note = Note(bundle.statement, (broken, other))
        forged = read_bundle(bundle.signed(note.data), "x")
        assert "does not verify" in refused(forged, signers(OPERATOR, SECOND))


def test_signatures_of_another_bundle() -> None:
    """A note that says something else is refused before any key is asked."""
    bundle = small_bundle()
    for statement in ("x\n", bundle.statement.replace("operator", "regulator")):
        forged = read_bundle(bundle.signed(sign_note(statement, [OPERATOR]).data), "x")
        assert "another bundle" in refused(forged, signers(OPERATOR))
    assert "can't be read" in refused(read_bundle(bundle.signed(b"x"), "x"), signers(OPERATOR))


def test_each_key_signs_once() -> None:
    """A second signature of the same key adds nothing and is refused."""
    assert names_signed(signed(OPERATOR, SECOND)) == (
        "zone.example/policy/operator",
        "zone.example/policy/second",
    )
    assert names_signed(small_bundle()) == ()
    with pytest.raises(BundleError, match="signed it already"):
        sign(signed(OPERATOR), OPERATOR)


def test_the_window() -> None:
    """A bundle is activated only while it is in force, both ends inside."""
    bundle = small_bundle()
    assert not check_moment(bundle, moment_ms("2026-01-01"))
    assert not check_moment(bundle, moment_ms("2030-12-31", end=True))
    for moment in (moment_ms("2026-01-01") - 1, moment_ms("2030-12-31", end=True) + 1):
        assert [flaw.code for flaw in check_moment(bundle, moment)] == ["ZB08"]


def test_files(tmp_path: Path) -> None:
    """A file that is no bundle by its size, or not there, is the user's mistake."""
    with pytest.raises(ConfigError, match="can't be read"):
        read_bundle_file(tmp_path / "none")
    (tmp_path / "large").write_bytes(bytes(MAX_BUNDLE_BYTES + 1))
    with pytest.raises(ConfigError, match="larger"):
        read_bundle_file(tmp_path / "large")
