package main

import (
	"crypto/ed25519"
	"crypto/mldsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// readKeys reads one verifier key a line: Ed25519 (0x01) by Go's own note package, the cosigners' Ed25519 (0x04)
// and ML-DSA-44 (0x06) here.
func readKeys(path string) []note.Verifier {
	data, err := os.ReadFile(path)
	if err != nil {
		fail("vkey: %v", err)
	}
	var keys []note.Verifier
	for _, line := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n") {
		key, err := note.NewVerifier(line)
		if err != nil {
			key = newCosigner(line)
		}
		keys = append(keys, key)
	}
	return keys
}

// mldsaKey verifies subtree/v1 signatures of C2SP tlog-cosignature.
type mldsaKey struct {
	name string
	hash uint32
	key  *mldsa.PublicKey
}

// cosignerKey verifies cosignature/v1 signatures of C2SP tlog-cosignature.
type cosignerKey struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (k *cosignerKey) Name() string    { return k.name }
func (k *cosignerKey) KeyHash() uint32 { return k.hash }

func (k *cosignerKey) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := strconv.FormatUint(binary.BigEndian.Uint64(sig), 10)
	signed := append([]byte("cosignature/v1\ntime "+seconds+"\n"), msg...)
	return ed25519.Verify(k.key, signed, sig[8:])
}

func newCosigner(line string) note.Verifier {
	parts := strings.SplitN(line, "+", 3)
	if len(parts) != 3 {
		fail("vkey: %q", line)
	}
	data, err := base64.StdEncoding.DecodeString(parts[2])
	cosigner := err == nil && len(data) == 1+ed25519.PublicKeySize && data[0] == 4
	if !cosigner && (err != nil || len(data) != 1+1312 || data[0] != 6) {
		fail("vkey: neither Ed25519 nor ML-DSA-44")
	}
	sum := sha256.Sum256([]byte(parts[0] + "\n" + string(data)))
	hash := binary.BigEndian.Uint32(sum[:])
	if told, err := strconv.ParseUint(parts[1], 16, 32); err != nil || uint32(told) != hash {
		fail("vkey: the id does not fit")
	}
	if cosigner {
		return &cosignerKey{parts[0], hash, ed25519.PublicKey(data[1:])}
	}
	key, err := mldsa.NewPublicKey(mldsa.MLDSA44(), data[1:])
	if err != nil {
		fail("vkey: %v", err)
	}
	return &mldsaKey{parts[0], hash, key}
}

func (k *mldsaKey) Name() string    { return k.name }
func (k *mldsaKey) KeyHash() uint32 { return k.hash }

func (k *mldsaKey) Verify(msg, sig []byte) bool {
	lines := strings.Split(string(msg), "\n")
	if len(lines) != 4 || len(sig) != 8+2420 {
		return false
	}
	size, err := strconv.ParseUint(lines[1], 10, 63)
	root, err2 := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || err2 != nil || len(root) != 32 {
		return false
	}
	signed := append([]byte("subtree/v1\n\x00"), byte(len(k.name)))
	signed = append(append(signed, k.name...), sig[:8]...)
	signed = append(append(signed, byte(len(lines[0]))), lines[0]...)
	signed = binary.BigEndian.AppendUint64(signed, 0)
	signed = append(binary.BigEndian.AppendUint64(signed, size), root...)
	return mldsa.Verify(k.key, signed, sig[8:], nil) == nil
}
