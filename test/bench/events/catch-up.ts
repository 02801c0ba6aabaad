import { existsSync, readdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { startDaemon } from '../../support/daemon.ts';
import { closeSandboxesOnSignal, createSandbox } from '../../support/sandbox.ts';
import { serverUnderTest } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';
import { memoryOf } from '../machine.ts';
import { fillLog } from './fill-log.ts';

/**
 * The throughput of a daemon sending its whole log over the unix socket, and its memory meanwhile.
 * `node build/test/bench/events/catch-up.js [EVENTS] [ROUNDS]`.
 */
const [events = 1_000_000, rounds = 3] = process.argv.slice(2).map(Number);
const sandbox = createSandbox('catch-up');

/** Whether every finished segment is indexed: that is made in the background after such a fill, and would be measured too. */
function indexed(root: string): boolean {
  const names = (folder: string) => (existsSync(join(root, folder)) ? readdirSync(join(root, folder)) : []);
  const segments = names('log').filter((name) => name.endsWith('.log')).length;
  return names('index').filter((name) => name.endsWith('.bloom')).length >= segments - 1;
}

/** Reads an answer to its end and counts its lines; what else a reader does is not the daemon's. */
function count(http: string, accept: string, look: () => void): Promise<{ lines: number; bytes: number }> {
  return new Promise((resolve, reject) => {
    const socket = connect(http, () =>
      socket.write(`GET /events?follow=0 HTTP/1.1\r\nhost: x\r\nconnection: close\r\naccept: ${accept}\r\n\r\n`),
    );
    let lines = 0;
    let bytes = 0;
    socket.on('data', (part: Buffer) => {
      bytes += part.length;
      for (let at = part.indexOf('}}\n'); at !== -1; at = part.indexOf('}}\n', at + 3)) lines += 1;
      look();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve({ lines, bytes }));
  });
}

closeSandboxesOnSignal();
try {
  const root = sandbox.folder('root');
  const address = join(sandbox.path, 's.sock');
  await fillLog(root, events);
  const log = join(sandbox.path, 'log');
  const daemon = await startDaemon({
    command: serverUnderTest('memory').command(root, address),
    address,
    log,
    sandbox,
  });
  await waitFor('the index of the log', () => indexed(root), { limit: 120_000 });
  for (const accept of ['application/x-ndjson', 'text/event-stream', 'application/cloudevents+json'])
    for (let round = 0; round < (accept === 'application/x-ndjson' ? rounds : 1); round++) {
      const before = memoryOf(daemon.pid).resident;
      let most = before;
      let looked = 0;
      const began = performance.now();
      const { lines, bytes } = await count(join(sandbox.path, 's.http.sock'), accept, () => {
        if (looked++ % 500 === 0) most = Math.max(most, memoryOf(daemon.pid).resident);
      });
      const seconds = (performance.now() - began) / 1000;
      const memory = { before, most };
      console.log(JSON.stringify({ accept, events, lines, bytes, perSecond: Math.round(events / seconds), memory }));
    }
} finally {
  await sandbox.close();
}
