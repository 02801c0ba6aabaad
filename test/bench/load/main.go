// Puts one workload on several servers of the snapshots API in turn, round after round, and prints for each round and
// server, as a line of JSON, how many operations it did in how many seconds and how long each kind of them took.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"log"
	"os"
	"strings"
	"sync"
	"time"

	api "github.com/containerd/containerd/api/services/snapshots/v1"
	"github.com/containerd/containerd/errdefs"
	"github.com/containerd/containerd/namespaces"
	"github.com/containerd/containerd/snapshots"
	"github.com/containerd/containerd/snapshots/proxy"
	"google.golang.org/grpc"
)

var ctx = namespaces.WithNamespace(context.Background(), "bench")

// Round is what one server did in one round.
type Round struct {
	Server     int                `json:"server"`
	Operations int                `json:"operations"`
	Seconds    float64            `json:"seconds"`
	Latencies  map[string]Latency `json:"latencies"`
	Processor  float64            `json:"processor"` // the server's, in milliseconds, until its next round
}

func main() {
	sockets := flag.String("sockets", "", "the servers' unix sockets, with commas between them")
	name := flag.String("workload", "", "what to do, by its name")
	workers := flag.Int("workers", 1, "how many do it at the same time")
	rounds := flag.Int("rounds", 5, "rounds that count; one more comes before them to warm up")
	seconds := flag.Float64("seconds", 1.5, "how long a round lasts")
	fill := flag.Int("fill", 1000, "snapshots that a store holds")
	files := flag.Int("files", 0, "files in the layer that is committed")
	flag.Parse()
	workload := workloads[*name]
	if workload == nil {
		log.Fatalf("no workload is called %q", *name)
	}
	var stores []*store
	for _, socket := range strings.Split(*sockets, ",") {
		stores = append(stores, open(socket, *fill, *files))
	}
	out := json.NewEncoder(os.Stdout)
	results := make([]Round, len(stores))
	before := make([]float64, len(stores))
	for round := 0; round <= *rounds+1; round++ {
		for server, store := range stores {
			now := store.processor()
			if round > 1 {
				results[server].Processor = now - before[server]
				out.Encode(results[server])
			}
			if round <= *rounds {
				before[server] = now
				results[server] = run(store, workload, *workers, time.Duration(*seconds*float64(time.Second)))
				results[server].Server = server
			}
		}
	}
}

// run lets so many workers repeat a workload until the time is over, once at least, each ending what it has begun.
func run(store *store, workload func(*worker), workers int, length time.Duration) Round {
	all := make([]*worker, workers)
	var group sync.WaitGroup
	began := time.Now()
	for i := range all {
		all[i] = &worker{store: store, number: i, times: map[string][]time.Duration{}}
		group.Add(1)
		go func(w *worker) {
			defer group.Done()
			for w.turn = 0; w.turn == 0 || time.Since(began) < length; w.turn++ {
				workload(w)
			}
		}(all[i])
	}
	group.Wait()
	// What was removed is deleted in the time that counts, whenever a server does that by itself.
	if err := store.Snapshotter.(snapshots.Cleaner).Cleanup(ctx); err != nil && !errdefs.IsNotImplemented(err) {
		log.Fatal(err)
	}
	seconds := time.Since(began).Seconds()
	result := summed(all, seconds)
	for _, w := range all {
		w.leave()
	}
	return result
}

func dial(socket string) snapshots.Snapshotter {
	timely, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	connection, err := grpc.DialContext(timely, "unix://"+socket, grpc.WithBlock(), grpc.WithInsecure())
	if err != nil {
		log.Fatalf("%s: %v", socket, err)
	}
	return proxy.NewSnapshotter(api.NewSnapshotsClient(connection), "bench")
}
