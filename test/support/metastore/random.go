package main

import (
	"context"
	"fmt"
	"math/rand"
	"strings"

	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/storage"
)

// content is what a store holds, as far as random operations need it.
type content struct {
	*random
	actives, views, committed []string
	children                  map[string]int
	parents                   map[string]string
	sequence                  int
}

func (c *content) keys() []string {
	return append(append(append([]string{}, c.actives...), c.views...), c.committed...)
}

func (c *content) load(ctx context.Context) error {
	return storage.WalkInfo(ctx, func(_ context.Context, info snapshots.Info) error {
		list := map[snapshots.Kind]*[]string{
			snapshots.KindActive: &c.actives, snapshots.KindView: &c.views, snapshots.KindCommitted: &c.committed,
		}[info.Kind]
		*list = append(*list, info.Name)
		c.parents[info.Name] = info.Parent
		c.children[info.Parent]++
		return nil
	})
}

func (c *content) operate(ctx context.Context, grow bool) error {
	limit := 10
	if grow {
		limit = 12 // more creations than removals
	}
	switch n := c.Intn(limit); {
	case n < 2:
		return c.remove(ctx)
	case n < 3:
		return c.update(ctx)
	case n < 7 && len(c.actives) > 0:
		return c.commit(ctx)
	}
	return c.create(ctx)
}

func (c *content) create(ctx context.Context) error {
	kind, list, parent := snapshots.KindActive, &c.actives, ""
	if count := len(c.committed); count > 0 {
		switch n := c.Intn(10); {
		case n < 6:
			parent = c.committed[count-1] // long chains
		case n < 9:
			parent = c.committed[c.Intn(count)]
		}
	}
	if c.Intn(5) == 0 {
		kind, list = snapshots.KindView, &c.views
	}
	key := c.key()
	if _, err := storage.CreateSnapshot(ctx, kind, key, parent, snapshots.WithLabels(c.labels())); err != nil {
		return err
	}
	*list = append(*list, key)
	c.parents[key] = parent
	c.children[parent]++
	return nil
}

func (c *content) commit(ctx context.Context) error {
	key, name := c.take(&c.actives, c.Intn(len(c.actives))), c.key()
	usage := snapshots.Usage{Size: c.Int63n(1 << c.Intn(54)), Inodes: c.Int63n(1 << c.Intn(40))}
	if _, err := storage.CommitActive(ctx, key, name, usage, snapshots.WithLabels(c.labels())); err != nil {
		return err
	}
	c.committed = append(c.committed, name)
	c.parents[name] = c.parents[key]
	delete(c.parents, key)
	return nil
}

func (c *content) remove(ctx context.Context) error {
	for _, list := range []*[]string{&c.views, &c.committed, &c.actives} {
		for at := len(*list) - 1; at >= 0; at-- {
			if c.children[(*list)[at]] > 0 || c.Intn(4) > 0 {
				continue
			}
			key := c.take(list, at)
			c.children[c.parents[key]]--
			delete(c.parents, key)
			_, _, err := storage.Remove(ctx, key)
			return err
		}
	}
	return nil
}

func (c *content) update(ctx context.Context) error {
	keys := c.keys()
	if len(keys) == 0 {
		return nil
	}
	info := snapshots.Info{Name: keys[c.Intn(len(keys))], Labels: c.labels()}
	_, err := storage.UpdateInfo(ctx, info)
	return err
}

func (c *content) take(list *[]string, at int) string {
	key := (*list)[at]
	*list = append((*list)[:at:at], (*list)[at+1:]...)
	return key
}

// key is one as containerd makes it, or any text that bbolt can hold.
func (c *content) key() string {
	c.sequence++
	unique := fmt.Sprintf("%x-%d", c.Int63(), c.sequence)
	switch n := c.Intn(200); {
	case n == 0:
		return unique + c.text(32768-len(unique))
	case n < 10:
		return c.text(300) + unique
	case n < 30:
		return c.text(20) + unique
	case n < 100:
		return fmt.Sprintf("k8s.io/%d/sha256:%064x", c.sequence, c.Int63())
	}
	return fmt.Sprintf("default/%d/extract-%d %s", c.sequence, c.Intn(1e9), unique)
}

type random struct{ *rand.Rand }

// labels has up to 6 of them, or 40, or one of 4096 bytes with its name.
func (r *random) labels() map[string]string {
	labels := map[string]string{}
	count := r.Intn(7)
	switch r.Intn(60) {
	case 0:
		name := "long" + r.text(200)
		labels[name] = strings.Repeat("x", 4096-len(name))
	case 1:
		count = 40
	}
	for i := 0; i < count; i++ {
		labels["containerd.io/"+r.text(1+r.Intn(30))] = r.text(r.Intn(100))
	}
	return labels
}

// text has up to this many bytes: characters of every length in UTF-8, NUL and controls among them.
func (r *random) text(bytes int) string {
	limits := []int{128, 0x800, 0xd800, 0x110000}
	var made strings.Builder
	for length := r.Intn(bytes + 1); made.Len()+4 <= length; {
		character := rune(r.Intn(limits[r.Intn(len(limits))]))
		if character < 0xd800 || character > 0xdfff {
			made.WriteRune(character)
		}
	}
	return made.String()
}
