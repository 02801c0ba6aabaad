import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Envelope } from '../../../events/envelope.ts';
import { createConsoleSource } from '../../../src/app/console/source.ts';
import { createLogSource } from '../../../src/app/feed/subscribe.ts';
import { openMounts } from '../../../src/compose/drivers.ts';
import { storeFiles } from '../../../src/compose/store-files.ts';
import { createConsole } from '../../../src/console/server/console.ts';
import type { FleetAccess } from '../../../src/console/server/fleet-routes.ts';
import type { ConsoleActions } from '../../../src/console/server/routes.ts';
import { createTokens } from '../../../src/console/server/sessions.ts';
import { serveTcp } from '../../../src/http/serve-http.ts';
import { silent } from '../../../src/ports/logger.ts';
import { now, openLog, storeId } from '../../adapters/event-log/file/file-log.ts';
import { enveloped, smallStore } from '../../cli/facts.ts';
import { type Answered, ask } from '../../http/ask.ts';
import type { Sandbox } from '../../support/sandbox.ts';

/** A served console over the files of a small store, and a browser's requests to it. */
export interface TestConsole {
  readonly root: string;
  readonly port: number;
  /** what the actions were asked for */
  readonly acted: string[];
  issue(): string;
  append(events: readonly Envelope[]): Promise<void>;
  /** Sends a request with the right Host and the cookie of the last login; headers may replace both. */
  ask(method: string, path: string, headers?: Readonly<Record<string, string>>): Promise<Answered>;
  /** What a browser sends with each request. */
  headers(): Record<string, string>;
  /** Exchanges a token and returns the CSRF token. */
  login(): Promise<string>;
}

export async function serveTestConsole(
  sandbox: Sandbox,
  {
    readOnly = false,
    page = true,
    once = true,
    fleet = undefined as FleetAccess['fleet'],
    hold = undefined as Promise<void> | undefined,
  } = {},
): Promise<TestConsole> {
  const root = sandbox.folder('root');
  const built = sandbox.folder('page');
  if (page) writeFileSync(join(built, 'index.html'), '<!doctype html><title>console</title>');
  mkdirSync(join(built, 'assets'), { recursive: true });
  writeFileSync(join(built, 'assets', 'main-1a2b.js'), 'export {};');
  writeFileSync(join(sandbox.path, 'secret.txt'), 'secret');
  const append = async (events: readonly Envelope[]) => {
    const { log } = await openLog(join(root, 'log'));
    await log.append(events, now);
    await log.close();
  };
  if (!existsSync(join(root, 'log'))) await append(enveloped(smallStore));
  const acted: string[] = [];
  const source = createConsoleSource({
    files: storeFiles(root),
    layers: () => Promise.reject(new Error('no layers here')),
    mounts: async (driver) => openMounts({ root, overlay: {} }, driver),
    flushes: async () => undefined,
    keep: true,
    newEvents: (files) => createLogSource(() => files.openLog(), { pollEvery: 20 }),
    daemon: async () => ({ daemon: 'stopped', reason: 'no daemon is running' }),
    pace: { events: 20, state: 200 },
  });
  const tokens = createTokens();
  const server = await serveTcp({
    answer: createConsole({
      ...{ source, fleet, readOnly, logger: silent, host: '127.0.0.1', page: built, accept: tokens.accept, once },
      actions: actionsThat(acted, hold),
    }),
    loopback: { host: '127.0.0.1', port: 0 },
    logger: silent,
  });
  sandbox.atEnd(server.close);
  const { port } = server.loopback;
  let cookie = '';
  const own = () => ({ host: `127.0.0.1:${port}`, cookie });
  const asked: TestConsole['ask'] = (method, path, headers = {}) =>
    ask({ host: '127.0.0.1', port, method, path, headers: { ...own(), ...headers } });
  return {
    ...{ root, port, acted, append, ask: asked, issue: tokens.issue, headers: own },
    login: async () => {
      const answer = await asked('GET', `/console/login?token=${tokens.issue()}`);
      cookie = String(answer.headers['set-cookie']?.[0]).split(';')[0] ?? '';
      return JSON.parse((await asked('GET', '/console/api/session')).body).csrf;
    },
  };
}

const about = {
  ...{ store: storeId, root: '/root', driver: 'overlay', version: '0', node: 'n', live: false },
  ...{ position: 1, first: 1, error: null, hint: null },
};

const actionsThat = (acted: string[], hold?: Promise<void>): ConsoleActions => ({
  about: async () => about,
  health: async () => {
    throw new Error('unexpected');
  },
  verify: async (deep, gone) => {
    acted.push(`verify ${deep}`);
    gone?.addEventListener('abort', () => acted.push('gone'), { once: true });
    if (deep) await hold;
    return { status: 0, steps: [] };
  },
  restore: async (name) => {
    acted.push(`restore ${name}`);
    return [{ id: '7', key: 'ns/7/k' }];
  },
  reconcile: async (dryRun) => {
    acted.push(`reconcile ${dryRun}`);
    return [];
  },
});
