package main

import (
	"fmt"
	"sync"
	"time"
)

const besideEvery = 10 * time.Millisecond

// collectionBeside is a collection with another caller beside it, who prepares a snapshot every 10 ms; and before it the same
// caller with nothing beside.
func collectionBeside(w *worker) {
	names := w.unpackChains()
	w.prepareWhile("alone", func() { time.Sleep(2 * time.Second) })
	w.prepareWhile("beside", func() { w.collect(names) })
}

// prepareWhile prepares a snapshot every 10 ms until something has ended. A Prepare that is late is followed by the next at once.
func (w *worker) prepareWhile(what string, something func()) {
	other := &worker{store: w.store, number: w.number, turn: w.turn, times: map[string][]time.Duration{}}
	ended := make(chan struct{})
	var group sync.WaitGroup
	group.Add(1)
	go func() {
		defer group.Done()
		ticks := time.NewTicker(besideEvery)
		defer ticks.Stop()
		for n := 0; ; n++ {
			select {
			case <-ended:
				return
			case <-ticks.C:
			}
			key := fmt.Sprintf("%s-%s-%d", what, w.name(), n)
			other.timed(what, func() error {
				_, err := other.Prepare(ctx, key, "")
				return err
			})
			w.clean = append(w.clean, func() { w.expect("remove", w.Remove(ctx, key)) })
		}
	}()
	something()
	close(ended)
	group.Wait()
	w.times[what] = other.times[what]
}
