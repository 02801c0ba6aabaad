package main

import (
	"fmt"
	"sort"
	"time"
)

var started = fmt.Sprint(time.Now().UnixNano())

// worker is one caller, which waits for each answer before it asks again.
type worker struct {
	*store
	number int
	turn   int
	times  map[string][]time.Duration
	// what is left of the life that a mixed workload is in the middle of
	life  []func()
	clean []func()
}

// timed does one operation, which must succeed.
func (w *worker) timed(what string, operation func() error) {
	began := time.Now()
	w.expect(what, operation())
	w.times[what] = append(w.times[what], time.Since(began))
}

// leave takes away what the worker would leave behind, after the round.
func (w *worker) leave() {
	for _, operation := range w.life {
		operation()
	}
	for _, operation := range w.clean {
		operation()
	}
}

// Latency is how long one kind of operation took, in milliseconds.
type Latency struct {
	P50 float64 `json:"p50"`
	P99 float64 `json:"p99"`
}

func summed(workers []*worker, seconds float64) Round {
	times := map[string][]time.Duration{}
	operations := 0
	for _, w := range workers {
		for what, some := range w.times {
			times[what] = append(times[what], some...)
			operations += len(some)
		}
	}
	latencies := map[string]Latency{}
	for what, all := range times {
		sort.Slice(all, func(i, j int) bool { return all[i] < all[j] })
		latencies[what] = Latency{P50: milliseconds(all[len(all)/2]), P99: milliseconds(all[len(all)*99/100])}
	}
	return Round{Operations: operations, Seconds: seconds, Latencies: latencies}
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
