package ledger

import (
	"context"

	"github.com/netrust/netrust/libs/bus"
	"github.com/netrust/netrust/libs/contract"
)

// Alive reports whether the executor's liveness key stands. Once it does not, the executor has ended, or has given no sign of
// life for so long that it knows itself that it may be taken for dead.
func Alive(ctx context.Context, conn *bus.Conn, incarnation string) (bool, error) {
	key := contract.ExecutorKey(incarnation)
	found, err := read(ctx, conn, map[string]bool{key: true})
	return found[key].Executor != nil, err
}
