package lab

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"strings"
)

const defaultBase = "127.18.0.1"

// digest is what a seed makes of some words. The words are told apart by a byte that no word holds.
func digest(seed uint64, words ...string) [sha256.Size]byte {
	var number [8]byte
	binary.BigEndian.PutUint64(number[:], seed)
	return sha256.Sum256([]byte("netrust lab\x00" + string(number[:]) + strings.Join(words, "\x00")))
}

// derive makes a text of letters and digits, unique to the seed and the words.
func derive(seed uint64, size int, words ...string) string {
	const letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789"
	text := make([]byte, 0, size)
	for sum := digest(seed, words...); len(text) < size; sum = sha256.Sum256(sum[:]) {
		for _, b := range sum[:min(size-len(text), len(sum))] {
			text = append(text, letters[int(b)%len(letters)])
		}
	}
	return string(text)
}

// hostKey makes a device's key. Another generation is another key.
func hostKey(seed uint64, id, generation string) ed25519.PrivateKey {
	sum := digest(seed, "hostkey", id, generation)
	return ed25519.NewKeyFromSeed(sum[:])
}

// addressAt is the address of the device with an index: addresses ending in .0 and .255 are left out, since people (and
// some programs) take them for networks.
func addressAt(base netip.Addr, index int) netip.Addr {
	b := base.As4()
	const perBlock = 254
	low := int(b[3])
	low = min(max(low, 1), perBlock)
	position := low - 1 + index
	block := (int(b[0])<<16 | int(b[1])<<8 | int(b[2])) + position/perBlock
	return netip.AddrFrom4([4]byte{byte(block >> 16), byte(block >> 8), byte(block), byte(position%perBlock + 1)})
}
