// Unpacks the layers of an image that has been fetched, as containerd's client does, and prints the milliseconds from the first
// Prepare to the last Commit. With a directory as the last argument, each layer is followed by `syncfs` on its file system.
// Arguments: containerd's socket, namespace, snapshotter, reference, [directory].
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"github.com/containerd/containerd"
	"github.com/containerd/containerd/content"
	"github.com/containerd/containerd/images"
	"github.com/containerd/containerd/namespaces"
	"github.com/containerd/containerd/rootfs"
	"github.com/opencontainers/go-digest"
	"github.com/opencontainers/image-spec/identity"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"golang.org/x/sys/unix"
)

func main() {
	if len(os.Args) < 5 {
		log.Fatal("usage: unpacker SOCKET NAMESPACE SNAPSHOTTER REFERENCE [DIRECTORY]")
	}
	client, err := containerd.New(os.Args[1])
	check(err)
	defer client.Close()
	ctx, done, err := client.WithLease(namespaces.WithNamespace(context.Background(), os.Args[2]))
	check(err)
	image, err := client.GetImage(ctx, os.Args[4])
	check(err)
	milliseconds, err := unpack(ctx, client, image, os.Args[3], afterLayer(os.Args[5:]))
	check(err)
	check(done(ctx))
	fmt.Printf("%.3f\n", milliseconds)
}

func unpack(ctx context.Context, client *containerd.Client, image containerd.Image, snapshotter string, after func() error) (float64, error) {
	manifest, err := images.Manifest(ctx, client.ContentStore(), image.Target(), image.Platform())
	if err != nil {
		return 0, err
	}
	diffIDs, err := image.RootFS(ctx)
	if err != nil {
		return 0, err
	}
	var chain []digest.Digest
	began := time.Now()
	for i, blob := range manifest.Layers {
		layer := rootfs.Layer{Blob: blob, Diff: ocispec.Descriptor{MediaType: ocispec.MediaTypeImageLayer, Digest: diffIDs[i]}}
		if _, err := rootfs.ApplyLayer(ctx, layer, chain, client.SnapshotService(snapshotter), client.DiffService()); err != nil {
			return 0, err
		}
		if err := after(); err != nil {
			return 0, err
		}
		chain = append(chain, diffIDs[i])
	}
	taken := time.Since(began)
	// Keeps the snapshots until the image is removed.
	label := "containerd.io/gc.ref.snapshot." + snapshotter
	config := content.Info{Digest: manifest.Config.Digest, Labels: map[string]string{label: identity.ChainID(chain).String()}}
	_, err = client.ContentStore().Update(ctx, config, "labels."+label)
	return float64(taken) / float64(time.Millisecond), err
}

func afterLayer(directories []string) func() error {
	if len(directories) == 0 {
		return func() error { return nil }
	}
	directory, err := os.Open(directories[0])
	check(err)
	return func() error { return unix.Syncfs(int(directory.Fd())) }
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
