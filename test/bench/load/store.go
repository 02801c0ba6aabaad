package main

import (
	"context"
	"fmt"
	"log"
	"sync"
	"sync/atomic"

	"github.com/containerd/containerd/snapshots"
)

// store is a server with something in it: a chain of ten layers, an active on the top one, and more such actives.
type store struct {
	snapshots.Snapshotter
	socket string
	base   string
	active string
	files  int
	names  int64
	pid    int32
}

const depth = 10

// open fills a server's store, unless that has been done before.
func open(socket string, fill, files int) *store {
	s := &store{Snapshotter: dial(socket), socket: socket, base: "base-9", active: "active", files: files}
	s.pid = s.process()
	s.names = int64(len(s.list()))
	if _, err := s.Stat(ctx, s.active); err == nil {
		return s
	}
	parent := ""
	for i := 0; i < depth; i++ {
		name := fmt.Sprintf("base-%d", i)
		_, err := s.Prepare(ctx, "unpacked", parent)
		s.expect("prepare", err)
		s.expect("commit", s.Commit(ctx, name, "unpacked"))
		parent = name
	}
	s.prepareMany(fill - depth - 1)
	_, err := s.Prepare(ctx, s.active, s.base)
	s.expect("prepare", err)
	return s
}

func (s *store) prepareMany(count int) {
	var group sync.WaitGroup
	next := int64(0)
	for i := 0; i < 16; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for n := atomic.AddInt64(&next, 1); n <= int64(count); n = atomic.AddInt64(&next, 1) {
				key := fmt.Sprintf("default/%d/fill", n)
				_, err := s.Prepare(ctx, key, s.base, snapshots.WithLabels(map[string]string{"bench/fill": key}))
				s.expect("prepare", err)
			}
		}()
	}
	group.Wait()
}

// list is every snapshot; containerd's own overlay driver answers an error while its store is new.
func (s *store) list() []snapshots.Info {
	var all []snapshots.Info
	s.Walk(ctx, func(_ context.Context, info snapshots.Info) error {
		all = append(all, info)
		return nil
	})
	return all
}

// name gives a name that the store has not seen yet.
func (s *store) name() string {
	return fmt.Sprintf("%s-%d", started, atomic.AddInt64(&s.names, 1))
}

func (s *store) expect(what string, err error) {
	if err != nil {
		log.Fatalf("%s: %s: %v", s.socket, what, err)
	}
}
