import { closeSync, openSync, writeSync } from 'node:fs';
import { chunksOf } from '../../../src/adapters/event-log/kurrentdb/append-idempotent.ts';
import { connect } from '../../../src/adapters/event-log/kurrentdb/connect.ts';
import type { Link } from '../../../src/adapters/event-log/kurrentdb/wire.ts';
import { forEachConcurrently } from '../../support/for-each-concurrently.ts';
import { frameOf } from '../../support/kurrent/frames.ts';
import { type FleetOptions, playFleet, type Sent } from './play-fleet.ts';

const streamOf = (store: string) => `snapledger-${store}`;
const base64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64');

/** Writes the fleet's events into a file that the stand-in for KurrentDB serves. Returns how many. */
export function writePrepared(file: string, options: FleetOptions): number {
  const fd = openSync(file, 'w');
  const buffer = Buffer.allocUnsafe(4 << 20);
  let [filled, written, events] = [0, 0, 0];
  const flush = () => {
    writeSync(fd, buffer, 0, filled);
    written += filled;
    filled = 0;
  };
  try {
    for (const { store, time, links } of playFleet(options))
      for (const { proposal, position } of links) {
        const { id, type, data, metadata } = proposal;
        const event = { id, type, contentType: 'application/json', data: base64(data), metadata: base64(metadata) };
        const place = { stream: streamOf(store), revision: position - 1, position: written + filled };
        const frame = frameOf({ ...place, created: Number(time / 1_000_000n), event });
        if (filled + frame.length > buffer.length) flush();
        filled += frame.copy(buffer, filled);
        events += 1;
      }
    flush();
  } finally {
    closeSync(fd);
  }
  return events;
}

/** appends of this many stores are under way at the same time */
const concurrency = 32;
/** appends that are sorted by store before they are sent */
const window = 20_000;

/** Appends the fleet's events to a cluster, those of a store in order, about in the order of their times. Returns how many. */
export async function appendToCluster(url: string, options: FleetOptions): Promise<number> {
  const connection = await connect(url);
  let events = 0;
  const send = async ([store, links]: readonly [string, readonly Link[]]) => {
    for (const chunk of chunksOf(links)) {
      const first = chunk[0]?.position ?? 1;
      const proposals = chunk.map(({ proposal }) => proposal);
      await connection.append(streamOf(store), proposals, first === 1 ? null : first - 2);
      events += chunk.length;
    }
  };
  try {
    let waiting: Sent[] = [];
    for (const sent of playFleet(options)) {
      if (waiting.push(sent) < window) continue;
      await forEachConcurrently(byStore(waiting), concurrency, send);
      waiting = [];
    }
    await forEachConcurrently(byStore(waiting), concurrency, send);
  } finally {
    await connection.close();
  }
  return events;
}

function byStore(all: readonly Sent[]): readonly (readonly [string, readonly Link[]])[] {
  const found = new Map<string, Link[]>();
  for (const { store, links } of all) {
    const those = found.get(store) ?? [];
    found.set(store, those);
    those.push(...links);
  }
  return [...found];
}
