import { existsSync, mkdirSync, readFileSync, renameSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { listenOnSocket } from '../../src/edge/listen-on-socket.ts';
import { Fault, type FaultCode } from '../../src/ports/fault.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { answers } from '../support/wait-for.ts';

const listening = suite<{ sandbox: Sandbox; path: string }>('listenOnSocket');

listening.before.each((context) => {
  context.sandbox = createSandbox('socket');
  context.path = join(context.sandbox.path, 'run', 'edge.sock');
});
listening.after.each(({ sandbox }) => sandbox.close());

const mode = (path: string): string => (statSync(path).mode & 0o7777).toString(8);
const ended = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));

async function served(path: string): Promise<Server> {
  const server = createServer((socket) => socket.destroy());
  await listenOnSocket(server, path);
  return server;
}

async function refused(path: string): Promise<readonly [FaultCode, string, string]> {
  const error = await served(path).then(
    (server) => ended(server),
    (fault: unknown) => fault,
  );
  if (!(error instanceof Fault)) throw new Error(`not refused with a fault: ${error}`);
  return [error.code, error.message, error.hint];
}

listening('creates a socket only for its owner, in a directory that it creates', async ({ path, sandbox }) => {
  const before = process.umask(0);
  try {
    const server = await served(path);
    assert.is(mode(path), '600');
    assert.is(mode(join(sandbox.path, 'run')), '711');
    assert.is(process.umask(), 0);
    await ended(server);
  } finally {
    process.umask(before);
  }
  assert.not.ok(existsSync(path));
});

listening('replaces a socket without a listener', async ({ path, sandbox }) => {
  const gone = await served(join(sandbox.path, 'run', 'other.sock'));
  renameSync(join(sandbox.path, 'run', 'other.sock'), path);
  await ended(gone);
  assert.ok(statSync(path).isSocket());
  const server = await served(path);
  assert.ok(await answers(path));
  await ended(server);
});

listening('keeps a socket that is in use', async ({ path }) => {
  const server = await served(path);
  assert.equal(await refused(path), [
    'busy',
    `socket ${path}: another process listens on it`,
    'stop the other daemon, or give this one another address',
  ]);
  assert.ok(await answers(path));
  await ended(server);
});

listening('lets one of two concurrent starts win', async ({ path }) => {
  const outcomes = await Promise.allSettled([served(path), served(path)]);
  const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
  assert.is(winners.length, 1);
  assert.ok(await answers(path));
  for (const { value } of winners) await ended(value);
});

listening('keeps what is not a socket', async ({ path, sandbox }) => {
  mkdirSync(join(sandbox.path, 'run'));
  writeFileSync(path, 'precious');
  assert.equal((await refused(path)).slice(0, 2), [
    'misuse',
    `socket ${path}: something that is not a socket is there`,
  ]);
  assert.is(readFileSync(path, 'utf8'), 'precious');
  const link = join(sandbox.path, 'run', 'link.sock');
  symlinkSync(path, link);
  assert.is((await refused(link))[0], 'misuse');
  assert.is((await refused(join(sandbox.path, 'run')))[0], 'misuse');
});

listening('refuses a path that does not fit into a socket address', async ({ sandbox }) => {
  const room = 107 - Buffer.byteLength(sandbox.path) - 1;
  const server = await served(join(sandbox.path, 'x'.repeat(room)));
  await ended(server);
  const [code, message, hint] = await refused(join(sandbox.path, 'x'.repeat(room + 1)));
  assert.is(code, 'misuse');
  assert.match(message, /its path has 108 bytes, a socket's may have 107$/);
  assert.match(hint, /choose a shorter path/);
});

listening('reports the error of the system', async ({ sandbox }) => {
  writeFileSync(join(sandbox.path, 'file'), '');
  const [code, message] = await refused(join(sandbox.path, 'file', 'edge.sock'));
  assert.is(code, 'io');
  assert.match(message, /^listen on .*edge\.sock: (EEXIST|ENOTDIR)/);
});

listening.run();
