package suite

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/containerd/containerd/v2/core/snapshots"
	"github.com/containerd/containerd/v2/core/snapshots/testsuite"
	"github.com/containerd/errdefs"
)

// checkRebase commits actives with a parent. The suite has no such case; the answers are those of containerd's own drivers.
func checkRebase(t *testing.T, start testsuite.SnapshotterFunc) {
	ctx := context.Background()
	snapshotter, end, err := start(ctx, filepath.Join(t.TempDir(), "root"))
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	prepare := func(key, parent string) {
		t.Helper()
		if _, err := snapshotter.Prepare(ctx, key, parent); err != nil {
			t.Fatal(err)
		}
	}
	prepare("base", "")
	if err := snapshotter.Commit(ctx, "committed", "base"); err != nil {
		t.Fatal(err)
	}
	prepare("active", "")
	for _, tc := range []struct {
		key, parent, newParent string
		found                  string
		refused                func(error) bool
	}{
		{"rebased", "", "committed", "committed", nil},
		{"same parent", "committed", "committed", "committed", nil},
		{"no new parent", "committed", "", "committed", nil},
		{"missing parent", "", "nowhere", "", errdefs.IsNotFound},
		{"active parent", "", "active", "", errdefs.IsFailedPrecondition},
		{"another parent", "committed", "rebased layer", "", errdefs.IsInvalidArgument},
	} {
		prepare(tc.key, tc.parent)
		layer := tc.key + " layer"
		err := snapshotter.Commit(ctx, layer, tc.key, snapshots.WithParent(tc.newParent))
		if tc.refused != nil {
			if !tc.refused(err) {
				t.Errorf("%s: wrong answer: %v", tc.key, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", tc.key, err)
		} else if info, err := snapshotter.Stat(ctx, layer); err != nil || info.Parent != tc.found {
			t.Errorf("%s: parent %q instead of %q (%v)", tc.key, info.Parent, tc.found, err)
		}
	}
}
