// Serves one of containerd's own snapshotters over a unix socket, behind the same API as the daemon of this project.
package main

import (
	"log"
	"net"
	"os"

	api "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/contrib/snapshotservice"
	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/btrfs"
	"github.com/containerd/containerd/snapshots/overlay"
	"google.golang.org/grpc"
)

var drivers = map[string]func(root string) (snapshots.Snapshotter, error){
	"overlay": func(root string) (snapshots.Snapshotter, error) { return overlay.NewSnapshotter(root) },
	// As containerd itself creates it: Cleanup removes the directories.
	"overlay-asynchronous": func(root string) (snapshots.Snapshotter, error) {
		return overlay.NewSnapshotter(root, overlay.AsynchronousRemove)
	},
	"btrfs": btrfs.NewSnapshotter,
}

func main() {
	if len(os.Args) != 4 || drivers[os.Args[1]] == nil {
		log.Fatal("usage: peer overlay|overlay-asynchronous|btrfs ROOT SOCKET")
	}
	snapshotter, err := drivers[os.Args[1]](os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	listener, err := net.Listen("unix", os.Args[3])
	if err != nil {
		log.Fatal(err)
	}
	server := grpc.NewServer()
	api.RegisterSnapshotsServer(server, snapshotservice.FromSnapshotter(snapshotter))
	log.Fatal(server.Serve(listener))
}
