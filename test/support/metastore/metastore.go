// Metastore makes, changes, checks and prints databases of snapshots by containerd's own code.
//
//	metastore make PATH SEED SNAPSHOTS PAGE-SIZE [no-freelist]   a new one, with random content
//	metastore change PATH SEED OPERATIONS                        random operations on an existing one
//	metastore check PATH                                         bbolt's checker; status 1 if it finds anything
//	metastore hold PATH                                          opens it, prints a line, waits for the end of its input
//	metastore dump PATH                                          what containerd reads, as JSON
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand"
	"os"
	"strconv"

	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/storage"
	bolt "go.etcd.io/bbolt"
)

func main() {
	if err := run(os.Args[1], os.Args[2], os.Args[3:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(command, path string, args []string) error {
	bolt.DefaultOptions.NoSync = true // of files that a test deletes
	switch command {
	case "make":
		bolt.DefaultOptions.PageSize = number(args[2])
		bolt.DefaultOptions.NoFreelistSync = len(args) > 3
		return change(path, int64(number(args[0])), number(args[1]), true)
	case "change":
		return change(path, int64(number(args[0])), number(args[1]), false)
	case "check":
		return check(path)
	case "hold":
		return hold(path)
	case "dump":
		return dump(path)
	}
	return fmt.Errorf("unknown command %s", command)
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// change applies random operations until there are so many snapshots, or that many operations to an existing store.
func change(path string, seed int64, count int, fill bool) error {
	store, err := storage.NewMetaStore(path)
	if err != nil {
		return err
	}
	defer store.Close()
	random := &random{rand.New(rand.NewSource(seed))}
	made := &content{random: random, children: map[string]int{}, parents: map[string]string{}}
	if !fill {
		if err := inside(store, false, made.load); err != nil {
			return err
		}
	}
	for done := 0; (fill && len(made.keys()) < count) || (!fill && done < count); {
		batch := 1 + random.Intn(1+count/10)
		err := inside(store, true, func(ctx context.Context) error {
			for i := 0; i < batch; i++ {
				if fill && len(made.keys()) >= count {
					return nil
				}
				done++
				if err := made.operate(ctx, fill); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func inside(store *storage.MetaStore, writable bool, fn func(context.Context) error) error {
	ctx, tx, err := store.TransactionContext(context.Background(), writable)
	if err != nil {
		return err
	}
	if err := fn(ctx); err != nil || !writable {
		tx.Rollback()
		return err
	}
	return tx.Commit()
}

func check(path string) error {
	db, err := bolt.Open(path, 0600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.View(func(tx *bolt.Tx) error {
		found := ""
		for err := range tx.Check() {
			found += err.Error() + "\n"
		}
		if found != "" {
			return fmt.Errorf("%s", found)
		}
		return nil
	})
}

func hold(path string) error {
	store, err := storage.NewMetaStore(path)
	if err != nil {
		return err
	}
	defer store.Close()
	return inside(store, false, func(context.Context) error {
		fmt.Println("open")
		_, err := io.ReadAll(os.Stdin)
		return err
	})
}

type stored struct {
	ID      string            `json:"id"`
	Key     string            `json:"key"`
	Kind    string            `json:"kind"`
	Parent  string            `json:"parent"`
	Labels  map[string]string `json:"labels"`
	Created string            `json:"created"`
	Updated string            `json:"updated"`
	Bytes   string            `json:"bytes"`
	Inodes  string            `json:"inodes"`
}

func dump(path string) error {
	lastID, err := sequence(path)
	if err != nil {
		return err
	}
	store, err := storage.NewMetaStore(path)
	if err != nil {
		return err
	}
	defer store.Close()
	all := []stored{}
	if lastID > 0 {
		err = inside(store, false, func(ctx context.Context) error {
			return storage.WalkInfo(ctx, func(ctx context.Context, info snapshots.Info) error {
				id, same, usage, err := storage.GetInfo(ctx, info.Name)
				if err != nil {
					return err
				}
				if same.Labels == nil {
					same.Labels = map[string]string{}
				}
				all = append(all, stored{id, same.Name, names[same.Kind], same.Parent, same.Labels,
					fmt.Sprint(same.Created.UnixNano()), fmt.Sprint(same.Updated.UnixNano()),
					fmt.Sprint(usage.Size), fmt.Sprint(usage.Inodes)})
				return nil
			})
		})
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"lastId": fmt.Sprint(lastID), "snapshots": all})
}

var names = map[snapshots.Kind]string{
	snapshots.KindActive: "active", snapshots.KindView: "view", snapshots.KindCommitted: "committed",
}

func sequence(path string) (last uint64, err error) {
	db, err := bolt.Open(path, 0600, &bolt.Options{ReadOnly: true})
	if err != nil {
		return 0, err
	}
	defer db.Close()
	return last, db.View(func(tx *bolt.Tx) error {
		if version := tx.Bucket([]byte("v1")); version != nil {
			last = version.Bucket([]byte("snapshots")).Sequence()
		}
		return nil
	})
}
