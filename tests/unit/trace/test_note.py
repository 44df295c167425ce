"""`zoneproxy.trace.note`: signed notes and verifier keys of C2SP signed-note, and Python's traps."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.support.logs import ORIGIN, signer
from zoneproxy.terms.errors import VerificationError
from zoneproxy.trace.note import (
    ED25519,
    ED25519_COSIGNATURE,
    MLDSA44,
    Note,
    Signature,
    VerifierKey,
    check_name,
    decode_base64,
    parse_note,
    parse_vkey,
    sign_note,
    verify_note,
)


def test_foreign_notes_verify(shared: Path) -> None:
    """Notes signed by others verify, byte for byte, and not after any bit of their text is changed."""
    for case in json.loads((shared / "vectors/notes.json").read_text())["notes"]:
        key = parse_vkey(case["vkey"])
        assert key.vkey == case["vkey"]
        note = parse_note(case["msg"].encode())
        assert note.data.decode() == case["msg"]
        assert verify_note(note, [key]) == (key,)
        broken = parse_note(case["msg"].replace("e", "f", 1).encode())
        with pytest.raises(VerificationError):
            verify_note(broken, [key])


def test_note_with_unknown_cosignature_types_parses(shared: Path) -> None:
    """Lines of unknown keys and types are read and ignored."""
    for case in json.loads((shared / "vectors/notes.json").read_text())["cosignatures"]:
        assert parse_note(case["msg"].encode()).data.decode() == case["msg"]


def test_own_note_round_trip() -> None:
    """What is signed here verifies here."""
    note = sign_note("one\ntwo\n", [signer()])
    assert verify_note(parse_note(note.data), signer().verifiers) == signer().verifiers


def test_text_may_hold_empty_lines() -> None:
    """The last empty line separates text and signatures."""
    note = sign_note("one\n\ntwo\n", [signer()])
    assert parse_note(note.data).text == "one\n\ntwo\n"


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"\n\n",
        b"text\n\n- name AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 name\n",
        b"text\n\n\xe2\x80\x94 name AAAAAAA=",
        b"text\n\n\xe2\x80\x94 name AAAAAA==\n",
        b"te\x00xt\n\n\xe2\x80\x94 n AAAAAAAA\n",
        b"te\rxt\n\n\xe2\x80\x94 n AAAAAAAA\n",
        b"\xff\n\n\xe2\x80\x94 n AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 a+b AAAAAAAA\n",
        b"text\n\n\xe2\x80\x94 n AAAAAAAA\n\xe2\x80\x94 n\n",
        b"text\n\n\xe2\x80\x94 n AAAAAAAB=\n",
        b"text\n\n\xe2\x80\x94 n AAAA AAAA\n",
        b"text\n\n" + b"\xe2\x80\x94 n AAAAAAAA\n" * 101,
        b"x" * 262_145,
    ],
)
def test_no_note(data: bytes) -> None:
    """What is no signed note is refused with the one error."""
    with pytest.raises(VerificationError):
        parse_note(data)


def test_unicode_line_ends_are_no_line_ends() -> None:
    """Only U+000A ends a line: U+0085 and U+2028 stand in the text."""
    note = sign_note("a\u0085b\u2028c\n", [signer()])
    assert parse_note(note.data).text == "a\u0085b\u2028c\n"


@pytest.mark.parametrize("text", ["YQ", "YR==", "YQ==\n", "Y Q==", "Y-_=", "YQ===", "\u0661Q==", "YQ=="[:-1]])
def test_base64_that_is_not_canonical(text: str) -> None:
    """Base64 has one spelling: foreign characters, wrong padding and stray bits are refused."""
    with pytest.raises(VerificationError, match="base64"):
        decode_base64(text)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\u3000b", "a\tb", "x" * 256, "\ud800"])
def test_names_that_are_refused(name: str) -> None:
    """A key's name holds no space of any script, no plus sign, and at most 255 bytes."""
    with pytest.raises(VerificationError):
        check_name(name)


def test_a_known_key_that_does_not_verify_refuses_the_note() -> None:
    """A bad line of a known key refuses the note even if another key's line is good."""
    good, other = signer(), signer("other.example", 2)
    note = sign_note("text\n", [good, other])
    last = note.signatures[1]
    forged = parse_note(
        note.data.replace(last.line.encode(), Signature(last.name, last.key_id, b"x" * 64).line.encode())
    )
    assert verify_note(forged, good.verifiers) == good.verifiers
    with pytest.raises(VerificationError, match="does not verify"):
        verify_note(forged, [*good.verifiers, *other.verifiers])


def test_a_signature_of_another_length_does_not_verify() -> None:
    """A signature that is not 64 bytes long is refused."""
    key = signer().verifiers[0]
    note = parse_note(b"text\n\n" + Signature(key.name, key.key_id, b"x" * 63).line.encode())
    with pytest.raises(VerificationError, match="does not verify"):
        verify_note(note, [key])


def test_no_known_key() -> None:
    """A note that no known key signed is refused."""
    note = sign_note("text\n", [signer()])
    with pytest.raises(VerificationError, match="no known key"):
        verify_note(note, signer(ORIGIN, 2).verifiers)


def test_a_key_may_sign_again_but_each_line_must_verify() -> None:
    """Z14: a witness that cosigned at two times is one witness; C2SP signed-note forbids no second line."""
    twice = sign_note("text\n", [signer(), signer()])
    assert verify_note(twice, signer().verifiers) == signer().verifiers
    last = twice.signatures[1]
    forged = (
        twice.data.removesuffix(last.line.encode())
        + Signature(last.name, last.key_id, b"x" * 64).line.encode()
    )
    with pytest.raises(VerificationError, match="does not verify"):
        verify_note(parse_note(forged), signer().verifiers)


@pytest.mark.parametrize("name", ["x" * 256, "\u00e9" * 3000])
def test_a_strangers_line_is_ignored_however_long_its_name_is(name: str) -> None:
    """Verifiers ignore unknown keys (C2SP signed-note); only what can't be a name at all is malformed."""
    note = sign_note("text\n", [signer()])
    line = Signature(name, bytes(4), bytes(64)).line.encode()
    assert verify_note(parse_note(note.data + line), signer().verifiers) == signer().verifiers


@pytest.mark.parametrize(
    "vkey",
    [
        "",
        "name",
        "name+00000000",
        "name+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
        "example.com/foo+530d903a+",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2l",
        "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k ",
    ],
)
def test_no_vkey(vkey: str) -> None:
    """What is no verifier key, or has another key's id, is refused."""
    with pytest.raises(VerificationError):
        parse_vkey(vkey)


def test_vkeys_of_others(shared: Path) -> None:
    """Cosigners' keys are read, their ids checked; a type that can't be verified here is refused by name."""
    for vkey in json.loads((shared / "vectors/notes.json").read_text())["key_id_only"]:
        assert parse_vkey(vkey).vkey == vkey
    with pytest.raises(VerificationError, match="type 0x02"):
        parse_vkey(VerifierKey("name", 2, bytes(32)).vkey)


@pytest.mark.parametrize("kind", [ED25519, ED25519_COSIGNATURE, MLDSA44])
def test_a_key_of_another_length_is_refused(kind: int) -> None:
    """Each type's keys have their one length."""
    for length in (0, 1, 31, 33, 1311, 1313):
        with pytest.raises(VerificationError):
            parse_vkey(VerifierKey("name", kind, bytes(length)).vkey)


def test_foreign_cosignatures_verify(shared: Path) -> None:
    """Cosignatures of others verify, and not after their time or the text was changed."""
    for case in json.loads((shared / "vectors/notes.json").read_text())["cosignatures"]:
        key, note = parse_vkey(case["vkey"]), parse_note(case["msg"].encode())
        assert verify_note(note, [key]) == (key,)
        line = next(line for line in note.signatures if line.key_id == key.key_id)
        for blob in (line.blob[:7] + b"\0" + line.blob[8:], bytes(8) + line.blob[8:], line.blob[:-1]):
            forged = Note(note.text, (Signature(key.name, key.key_id, blob),))
            with pytest.raises(VerificationError, match="does not verify"):
                verify_note(forged, [key])
        with pytest.raises(VerificationError, match="does not verify"):
            verify_note(Note(note.text.replace("300", "301"), note.signatures), [key])


def test_unsound_ed25519_keys_are_refused(shared: Path) -> None:
    """Keys of small order, or not canonical, are refused: under such a key anyone can sign."""
    weak = sound = 0
    for case in json.loads((shared / "vectors/cctv_ed25519.json").read_text()):
        key = VerifierKey("name", 1, bytes.fromhex(case["key"]))
        flags = case["flags"] or []
        if "low_order_A" in flags or "non_canonical_A" in flags:
            weak += 1
            with pytest.raises(VerificationError, match="sound"):
                parse_vkey(key.vkey)
        else:
            sound += 1
            assert parse_vkey(key.vkey) == key
    assert weak > 100
    assert sound > 100


def test_edge_case_signatures_get_one_verdict(shared: Path) -> None:
    """Of the 914 edge cases, 208 verify: what OpenSSL and Go accept, neither more nor less."""
    accepted = 0
    for case in json.loads((shared / "vectors/cctv_ed25519.json").read_text()):
        key = VerifierKey("name", 1, bytes.fromhex(case["key"]))
        blob = bytes.fromhex(case["sig"])
        note = parse_note((case["msg"] + "\n\n" + Signature("name", key.key_id, blob).line).encode())
        try:
            # The vectors sign a message without its last newline, which a note's text always has.
            note = type(note)(case["msg"], note.signatures)
            verify_note(note, [key])
            accepted += 1
        except VerificationError:
            pass
    assert accepted == 208


def test_points_off_the_curve_are_refused() -> None:
    """A key that is no point of the curve is refused when it is read."""
    key = VerifierKey("name", 1, (2).to_bytes(32, "little"))
    with pytest.raises(VerificationError, match="sound"):
        parse_vkey(key.vkey)
    assert base64.b64encode(b"") == b""
