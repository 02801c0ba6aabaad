package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/containerd/containerd/mount"
	"github.com/containerd/containerd/snapshots"
)

const (
	chains        = 100
	layersInChain = 10
	filesInLayer  = 10
)

// collection unpacks 1,000 layers, then times what containerd's garbage collection does about them: it lists all snapshots, removes
// the layers one by one, each before its parent, and calls Cleanup.
func collection(w *worker) {
	w.collect(w.unpackChains())
}

func (w *worker) collect(names []string) {
	w.timed("collection", func() error {
		list(w)
		for _, name := range names {
			w.timed("remove", func() error { return w.Remove(ctx, name) })
		}
		w.timed("cleanup", func() error { return w.Snapshotter.(snapshots.Cleaner).Cleanup(ctx) })
		return nil
	})
}

// unpackChains gives the layers' names in the order in which they can be removed.
func (w *worker) unpackChains() []string {
	prefix := "collected-" + w.name()
	nameOf := func(chain, layer int) string { return fmt.Sprintf("%s-%d-%d", prefix, chain, layer) }
	var group sync.WaitGroup
	var names []string
	for chain := 0; chain < chains; chain++ {
		for layer := layersInChain - 1; layer >= 0; layer-- {
			names = append(names, nameOf(chain, layer))
		}
		group.Add(1)
		go func(chain int) {
			defer group.Done()
			parent := ""
			for layer := 0; layer < layersInChain; layer++ {
				name := nameOf(chain, layer)
				w.unpackLayer(name, parent)
				parent = name
			}
		}(chain)
	}
	group.Wait()
	return names
}

func (w *worker) unpackLayer(name, parent string) {
	key := "unpacked-" + name
	mounts, err := w.Prepare(ctx, key, parent, snapshots.WithLabels(map[string]string{unpackerLabel: name}))
	w.expect("prepare", err)
	w.writeFiles(mounts, filesInLayer)
	w.expect("commit", w.Commit(ctx, name, key))
}

// writeFiles fills the layer of an active.
func (w *worker) writeFiles(mounts []mount.Mount, count int) {
	for i := 0; i < count; i++ {
		w.expect("unpack", os.WriteFile(filepath.Join(upperOf(mounts), fmt.Sprint(i)), []byte("a small file\n"), 0o644))
	}
}

// upperOf is the directory that a mount of an active writes to.
func upperOf(mounts []mount.Mount) string {
	for _, option := range mounts[0].Options {
		if strings.HasPrefix(option, "upperdir=") {
			return strings.TrimPrefix(option, "upperdir=")
		}
	}
	return mounts[0].Source
}
