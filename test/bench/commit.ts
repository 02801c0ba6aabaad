import { writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { startDaemon } from '../support/daemon.ts';
import { createSandbox } from '../support/sandbox.ts';
import { daemonFile } from '../support/server.ts';
import { connectSnapshots, type SnapshotsClient } from '../support/snapshots-client.ts';

/**
 * How long Commit takes against the number of files in the layer, the layer unpacked a moment before, as containerd does:
 * `node build/test/bench/commit.js [PEER ...]`, as root. PEER is the command line of another server of the snapshots API
 * (`peerserver overlay ROOT SOCKET`, with these two words), measured in turn with ours.
 */
const peer = process.argv.slice(2);
const counts = [0, 1_000, 10_000, 50_000];
const rounds = 5;
const sandbox = createSandbox('bench-commit');

async function connect(name: string, command: readonly string[]): Promise<SnapshotsClient> {
  const address = `${sandbox.path}/${name}.sock`;
  const root = `${sandbox.path}/${name}`;
  const words = command.map((word) => (word === 'ROOT' ? root : word === 'SOCKET' ? address : word));
  const [program = '', ...args] = words;
  await startDaemon({ command: [program, ...args], address, log: `${sandbox.path}/${name}.log`, sandbox });
  return connectSnapshots(address);
}

async function commitOf(client: SnapshotsClient, files: number, name: string): Promise<number> {
  const labels = { 'containerd.io/snapshot.ref': name };
  const [mount] = await client.prepare(`${name}-key`, { labels });
  const folder = mount?.source ?? '';
  for (let i = 0; i < files; i++) writeFileSync(`${folder}/${i}`, 'some text of a small file\n');
  // What the unpacker does between the last file and the commit: it unmounts, and closes the stream.
  await pause(300);
  const began = performance.now();
  await client.commit(name, `${name}-key`, { labels });
  return performance.now() - began;
}

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

try {
  const ours = [
    process.execPath,
    daemonFile,
    'serve',
    '--root',
    'ROOT',
    '--address',
    'SOCKET',
    '--driver',
    'overlay',
    '--no-retention',
  ];
  const clients = new Map([['snapledger', await connect('snapledger', ours)]]);
  if (peer.length > 0) clients.set('peer', await connect('peer', peer));
  for (const files of counts) {
    const times = new Map([...clients.keys()].map((name) => [name, [] as number[]]));
    for (let round = 0; round < rounds; round++)
      for (const [name, client] of clients)
        times.get(name)?.push(await commitOf(client, files, `layer-${files}-${round}`));
    const milliseconds = Object.fromEntries([...times].map(([name, all]) => [name, Number(median(all).toFixed(2))]));
    console.log(JSON.stringify({ files, milliseconds }));
  }
  for (const client of clients.values()) client.close();
} finally {
  await sandbox.close();
}
