package view

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"

	"github.com/netrust/netrust/libs/contract"
)

// packer compresses outputs: what devices print shrinks to a fifth. It keeps its compressor, which is much larger than
// what it usually compresses. Its zero value works, for one caller at a time.
type packer struct {
	w   *flate.Writer
	buf bytes.Buffer
}

func (p *packer) pack(outputs []contract.CommandOutput) ([]byte, error) {
	p.buf.Reset()
	if p.w == nil {
		w, err := flate.NewWriter(&p.buf, flate.BestSpeed)
		if err != nil {
			return nil, fmt.Errorf("packing outputs: %w", err)
		}
		p.w = w
	} else {
		p.w.Reset(&p.buf)
	}
	if err := json.NewEncoder(p.w).Encode(outputs); err != nil {
		return nil, fmt.Errorf("packing outputs: %w", err)
	}
	if err := p.w.Close(); err != nil {
		return nil, fmt.Errorf("packing outputs: %w", err)
	}
	return bytes.Clone(p.buf.Bytes()), nil
}

// maxUnpacked bounds what a damaged file can make of a few bytes.
const maxUnpacked = 64 << 20

func unpack(data []byte) (outputs []contract.CommandOutput, err error) {
	r := flate.NewReader(bytes.NewReader(data))
	if err := json.NewDecoder(io.LimitReader(r, maxUnpacked)).Decode(&outputs); err != nil {
		return nil, fmt.Errorf("unpacking outputs: %w", err)
	}
	return outputs, r.Close()
}
