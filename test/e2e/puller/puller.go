// A client of containerd that pulls as CRI does: each layer is asked of the snapshotter before it is fetched.
// Arguments: containerd's socket, namespace, snapshotter, reference (of a registry without TLS).
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/containerd/containerd"
	"github.com/containerd/containerd/namespaces"
	"github.com/containerd/containerd/remotes/docker"
)

func main() {
	if err := pull(os.Args[1], os.Args[2], os.Args[3], os.Args[4]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func pull(socket, namespace, snapshotter, reference string) error {
	client, err := containerd.New(socket)
	if err != nil {
		return err
	}
	defer client.Close()
	plain := docker.ConfigureDefaultRegistries(docker.WithPlainHTTP(docker.MatchAllHosts))
	_, err = client.Pull(namespaces.WithNamespace(context.Background(), namespace), reference,
		containerd.WithResolver(docker.NewResolver(docker.ResolverOptions{Hosts: plain})),
		containerd.WithPullUnpack, containerd.WithPullSnapshotter(snapshotter))
	return err
}
