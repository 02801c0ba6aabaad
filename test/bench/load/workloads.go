package main

import (
	"context"
	"fmt"
	"time"

	"github.com/containerd/containerd/snapshots"
)

var workloads = map[string]func(*worker){
	"lifecycle":  lifecycle,
	"stat":       stat,
	"mounts":     mounts,
	"list":       list,
	"usage":      usage,
	"update":     update,
	"mixed":      mixed,
	"commit":     commit,
	"collection": collection,
	"beside":     collectionBeside,
}

// lifecycle unpacks an empty layer on the base, commits it, starts a container on it and takes both away.
func lifecycle(w *worker) {
	for _, step := range w.lifeOfLayer() {
		step()
	}
}

func (w *worker) lifeOfLayer() []func() {
	name := w.name()
	layer, unpacked, container := "layer-"+name, "unpacked-"+name, "container-"+name
	prepare := func(key, parent string) func() {
		return func() {
			w.timed("prepare", func() error {
				_, err := w.Prepare(ctx, key, parent)
				return err
			})
		}
	}
	remove := func(key string) func() {
		return func() { w.timed("remove", func() error { return w.Remove(ctx, key) }) }
	}
	return []func(){
		prepare(unpacked, w.base),
		func() { w.timed("commit", func() error { return w.Commit(ctx, layer, unpacked) }) },
		prepare(container, layer),
		remove(container),
		remove(layer),
	}
}

func stat(w *worker) {
	w.timed("stat", func() error {
		_, err := w.Stat(ctx, w.base)
		return err
	})
}

func mounts(w *worker) {
	w.timed("mounts", func() error {
		_, err := w.Mounts(ctx, w.active)
		return err
	})
}

func list(w *worker) {
	w.timed("list", func() error {
		return w.Walk(ctx, func(context.Context, snapshots.Info) error { return nil })
	})
}

// usage asks about a layer, which a snapshotter has measured long ago.
func usage(w *worker) {
	w.timed("usage", func() error {
		_, err := w.Usage(ctx, w.base)
		return err
	})
}

// update changes a label of a snapshot that no other worker changes.
func update(w *worker) {
	key := fmt.Sprintf("default/%d/fill", w.number+1)
	labels := map[string]string{"bench/turn": fmt.Sprint(w.turn)}
	w.timed("update", func() error {
		_, err := w.Update(ctx, snapshots.Info{Name: key, Labels: labels}, "labels.bench/turn")
		return err
	})
}

// mixed reads nine times, then does the next step of a layer's life.
func mixed(w *worker) {
	for i := 0; i < 3; i++ {
		stat(w)
		mounts(w)
		usage(w)
	}
	if len(w.life) == 0 {
		w.life = w.lifeOfLayer()
	}
	w.life[0]()
	w.life = w.life[1:]
}

// unpackerLabel is what containerd's unpacker sets on the actives that it will commit.
const unpackerLabel = "containerd.io/snapshot.ref"

// commit unpacks a layer of so many files on the base and times how long its commit takes. The pause is the unpacker's own, which
// unmounts and closes the layer's stream between its last file and the commit.
func commit(w *worker) {
	name := w.name()
	layer := "layer-" + name
	mounts, err := w.Prepare(ctx, name, w.base, snapshots.WithLabels(map[string]string{unpackerLabel: name}))
	w.expect("prepare", err)
	w.writeFiles(mounts, w.files)
	time.Sleep(300 * time.Millisecond)
	w.timed("commit", func() error { return w.Commit(ctx, layer, name) })
	w.clean = append(w.clean, func() {
		w.expect("remove", w.Remove(ctx, layer))
		w.expect("cleanup", w.Snapshotter.(snapshots.Cleaner).Cleanup(ctx))
	})
}
