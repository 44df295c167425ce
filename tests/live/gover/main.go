// Command gover checks a log directory with the Go team's own note and tlog packages, which share no
// code with this project: the checkpoint's signature, every entry's hash, every byte of every hash tile,
// older partial files, and files that belong to no tree.
//
//	gover DIR VKEYFILE [OLDCHECKPOINT]
//	gover FILE.tlog-proof VKEYFILE
//
// It prints what is wrong and exits with 1, or prints the size and exits with 0. Of a proof file it takes
// the entry from the line `extra`. Every key of VKEYFILE must have signed.
package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const width = 256

func fail(format string, args ...any) {
	fmt.Printf(format+"\n", args...)
	os.Exit(1)
}

// tilePath is the path of C2SP tlog-tiles; Go's own Tile.Path has the height in it.
func tilePath(level string, n int64, w int) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	path = "tile/" + level + "/" + path
	if w != width {
		path += ".p/" + strconv.Itoa(w)
	}
	return path
}

func openCheckpoint(path string, keys []note.Verifier) (size int64, root tlog.Hash) {
	data, err := os.ReadFile(path)
	if err != nil {
		fail("checkpoint: %v", err)
	}
	return openNote(data, keys)
}

// openNote demands the signature of every key.
func openNote(data []byte, keys []note.Verifier) (size int64, root tlog.Hash) {
	opened, err := note.Open(data, note.VerifierList(keys...))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	if len(opened.Sigs) != len(keys) {
		fail("checkpoint: %d of %d keys signed", len(opened.Sigs), len(keys))
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != keys[0].Name() || lines[3] != "" {
		fail("checkpoint: not three lines of the log")
	}
	size, err = strconv.ParseInt(lines[1], 10, 64)
	if err != nil || strconv.FormatInt(size, 10) != lines[1] || size < 0 {
		fail("checkpoint: bad size")
	}
	root, err = tlog.ParseHash(lines[2])
	if err != nil || root.String() != lines[2] {
		fail("checkpoint: bad root")
	}
	return size, root
}

// split cuts a bundle into its entries; nil if it does not hold exactly n.
func split(data []byte, n int) [][]byte {
	var entries [][]byte
	for len(data) >= 2 {
		length := int(binary.BigEndian.Uint16(data))
		if len(data) < 2+length {
			return nil
		}
		entries = append(entries, data[2:2+length])
		data = data[2+length:]
	}
	if len(data) != 0 || len(entries) != n {
		return nil
	}
	return entries
}

// tree holds all stored hashes in memory, in the order that package tlog counts them in.
type tree []tlog.Hash

func (t tree) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	var out []tlog.Hash
	for _, i := range indexes {
		if i < 0 || i >= int64(len(t)) {
			return nil, fmt.Errorf("no hash %d", i)
		}
		out = append(out, t[i])
	}
	return out, nil
}

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: gover DIR VKEYFILE [OLDCHECKPOINT] | gover FILE.tlog-proof VKEYFILE")
		os.Exit(2)
	}
	keys := readKeys(os.Args[2])
	if strings.HasSuffix(os.Args[1], ".tlog-proof") {
		checkProof(os.Args[1], keys)
		return
	}
	dir := os.Args[1]
	size, root := openCheckpoint(filepath.Join(dir, "checkpoint"), keys)

	// What every file must hold, made from the entries alone.
	expected := map[string][]byte{}
	var hashes tree
	for n := int64(0); n*width < size; n++ {
		w := int(min(width, size-n*width))
		path := tilePath("entries", n, w)
		data, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil {
			fail("%s: %v", path, err)
		}
		entries := split(data, w)
		if entries == nil {
			fail("%s: broken bundle", path)
		}
		expected[path] = data
		for at, e := range entries {
			more, err := tlog.StoredHashes(n*width+int64(at), e, hashes)
			if err != nil {
				fail("%s: %v", path, err)
			}
			hashes = append(hashes, more...)
		}
	}
	computed, err := tlog.TreeHash(size, hashes)
	if err != nil || (size > 0 && computed != root) {
		fail("root: computed %v, signed %v", computed, root)
	}
	for level, count := 0, size; count > 0; level, count = level+1, count/width {
		for n := int64(0); n*width < count; n++ {
			w := int(min(width, count-n*width))
			data, err := tlog.ReadTileData(tlog.Tile{H: 8, L: level, N: n, W: w}, hashes)
			if err != nil {
				fail("tile: %v", err)
			}
			expected[tilePath(strconv.Itoa(level), n, w)] = data
		}
	}
	for path, want := range expected {
		got, err := os.ReadFile(filepath.Join(dir, path))
		if err != nil || !bytes.Equal(got, want) {
			fail("%s: other bytes than the tree makes (%v)", path, err)
		}
	}
	checkOthers(dir, expected)

	// A second reading, by tile, through Go's own client code, as a thin client does it.
	reader := tlog.TileHashReader(tlog.Tree{N: size, Hash: root}, tileReader{dir, size})
	for at := int64(0); at < size; at += 1 + size/50 {
		proof, err := tlog.ProveRecord(size, at, reader)
		if err != nil {
			fail("proof of entry %d: %v", at, err)
		}
		if err := tlog.CheckRecord(proof, size, root, at, hashes[tlog.StoredHashIndex(0, at)]); err != nil {
			fail("proof of entry %d: %v", at, err)
		}
	}
	if len(os.Args) > 3 {
		oldSize, oldRoot := openCheckpoint(os.Args[3], keys)
		proof, err := tlog.ProveTree(size, oldSize, reader)
		if err != nil {
			fail("consistency: %v", err)
		}
		if err := tlog.CheckTree(proof, size, root, oldSize, oldRoot); err != nil {
			fail("consistency: %v", err)
		}
	}
	fmt.Println(size)
}

// checkOthers refuses files under tile/ that are neither implied nor a beginning of one that is.
func checkOthers(dir string, expected map[string][]byte) {
	err := filepath.WalkDir(filepath.Join(dir, "tile"), func(full string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		path, err := filepath.Rel(dir, full)
		if err != nil {
			return err
		}
		if _, known := expected[path]; known {
			return nil
		}
		got, err := os.ReadFile(full)
		if err != nil {
			return err
		}
		folder, name, _ := strings.Cut(path, ".p/")
		w, err := strconv.Atoi(name)
		if err != nil || strconv.Itoa(w) != name || w < 1 || w >= width {
			return fmt.Errorf("%s: belongs to no tree", path)
		}
		for other, want := range expected {
			if place, otherName, partial := strings.Cut(other, ".p/"); place != folder {
				continue
			} else if ow, _ := strconv.Atoi(otherName); partial && ow < w {
				return fmt.Errorf("%s: belongs to no tree", path)
			}
			short := len(got) == 32*w
			if strings.HasPrefix(path, "tile/entries/") {
				short = split(got, w) != nil
			}
			if short && bytes.HasPrefix(want, got) {
				return nil
			}
			return fmt.Errorf("%s: not the beginning of %s", path, other)
		}
		return fmt.Errorf("%s: belongs to no tree", path)
	})
	if err != nil {
		fail("%v", err)
	}
}

// tileReader serves Go's tile client from the directory; like any client it takes the widest tile there is.
type tileReader struct {
	dir  string
	size int64
}

func (r tileReader) Height() int { return 8 }

func (r tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		count := r.size >> (8 * t.L)
		have := int(min(width, count-t.N*width))
		data, err := os.ReadFile(filepath.Join(r.dir, tilePath(strconv.Itoa(t.L), t.N, have)))
		if err != nil {
			return nil, err
		}
		if len(data) < 32*t.W {
			return nil, fmt.Errorf("short tile")
		}
		out = append(out, data[:32*t.W])
	}
	return out, nil
}

func (r tileReader) SaveTiles([]tlog.Tile, [][]byte) {}
