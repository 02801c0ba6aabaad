// containerd's own test suite for snapshotters, driven against a server of the snapshots API in another process.
package suite

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	api "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/proxy"
	"github.com/containerd/containerd/snapshots/testsuite"
	"google.golang.org/grpc"
)

// SERVER is the server's command line as a JSON list, ROOT and SOCKET in it standing for a case's own directory and
// socket. DRIVER is the name that the suite knows the driver by: some cases depend on it.
func TestSuite(t *testing.T) {
	var server []string
	if err := json.Unmarshal([]byte(os.Getenv("SERVER")), &server); err != nil || len(server) == 0 {
		t.Fatalf("SERVER is not a command line in JSON: %v", err)
	}
	testsuite.SnapshotterSuite(t, os.Getenv("DRIVER"), func(ctx context.Context, root string) (snapshots.Snapshotter, func() error, error) {
		socket := filepath.Join(filepath.Dir(root), "socket")
		args := make([]string, len(server))
		for i, arg := range server {
			args[i] = strings.NewReplacer("ROOT", root, "SOCKET", socket).Replace(arg)
		}
		var log strings.Builder
		daemon := exec.Command(args[0], args[1:]...)
		daemon.Stdout, daemon.Stderr = &log, &log
		daemon.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
		if err := daemon.Start(); err != nil {
			return nil, nil, err
		}
		end := func() error {
			daemon.Process.Signal(syscall.SIGTERM)
			hung := time.AfterFunc(20*time.Second, func() { daemon.Process.Kill() })
			err := daemon.Wait()
			hung.Stop()
			if t.Failed() {
				t.Logf("what the server said:\n%s", log.String())
			}
			if daemon.ProcessState.Sys().(syscall.WaitStatus).Signal() == syscall.SIGTERM {
				return nil
			}
			return err
		}
		for i := 0; i < 6000 && !isThere(socket); i++ { // dialling too early costs a second of back-off
			time.Sleep(10 * time.Millisecond)
		}
		ctx, cancel := context.WithTimeout(ctx, time.Minute)
		defer cancel()
		connection, err := grpc.DialContext(ctx, "unix://"+socket, grpc.WithBlock(), grpc.WithInsecure())
		if err != nil {
			end()
			t.Logf("what the server said:\n%s", log.String())
			return nil, nil, err
		}
		return proxy.NewSnapshotter(api.NewSnapshotsClient(connection), "snapledger"), func() error {
			connection.Close()
			return end()
		}, nil
	})
}

func isThere(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
