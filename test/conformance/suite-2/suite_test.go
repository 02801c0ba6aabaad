// The test suite for snapshotters of containerd 2.x, driven against a server of the snapshots API in another process.
package suite

import (
	"context"
	"os"
	"testing"

	api "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/proxy"
	"github.com/containerd/containerd/v2/core/snapshots/testsuite"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// DRIVER is the name that the suite knows the driver by: some cases depend on it.
func TestSuite(t *testing.T) {
	start := func(_ context.Context, root string) (snapshots.Snapshotter, func() error, error) {
		socket, end, err := startServer(t, root)
		if err != nil {
			return nil, nil, err
		}
		connection, err := grpc.NewClient("unix://"+socket, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, end, err
		}
		return proxy.NewSnapshotter(api.NewSnapshotsClient(connection), "snapledger"), func() error {
			connection.Close()
			return end()
		}, nil
	}
	testsuite.SnapshotterSuite(t, os.Getenv("DRIVER"), start)
	t.Run("Rebase", func(t *testing.T) { checkRebase(t, start) })
}
