// The test suite for snapshotters of containerd 1.x, driven against a server of the snapshots API in another process.
package suite

import (
	"context"
	"os"
	"testing"

	api "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/proxy"
	"github.com/containerd/containerd/snapshots/testsuite"
	"google.golang.org/grpc"
)

// DRIVER is the name that the suite knows the driver by: some cases depend on it.
func TestSuite(t *testing.T) {
	testsuite.SnapshotterSuite(t, os.Getenv("DRIVER"), func(ctx context.Context, root string) (snapshots.Snapshotter, func() error, error) {
		socket, end, err := startServer(t, root)
		if err != nil {
			return nil, nil, err
		}
		connection, err := grpc.Dial("unix://"+socket, grpc.WithInsecure())
		if err != nil {
			return nil, end, err
		}
		return proxy.NewSnapshotter(api.NewSnapshotsClient(connection), "snapledger"), func() error {
			connection.Close()
			return end()
		}, nil
	})
}
