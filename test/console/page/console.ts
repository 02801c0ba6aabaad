import { join } from 'node:path';
import { type Daemon, startDaemon } from '../../support/daemon.ts';
import { freePort } from '../../support/free-port.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';
import { waitFor } from '../../support/wait-for.ts';

export interface Console {
  readonly daemon: Daemon;
  /** with its token, for one use */
  readonly address: string;
  /** of a view, for a tab that is signed in */
  view(fragment: string): string;
}

interface ConsoleOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** `snapledger console` on a root, ended with the sandbox. */
export async function startConsole(
  sandbox: Sandbox,
  root: string,
  { flags = [], env = {} }: ConsoleOptions = {},
): Promise<Console> {
  const port = await freePort();
  const log = join(sandbox.path, `console-${port}.log`);
  const daemon = await startDaemon({
    command: [process.execPath, daemonFile, 'console', '--root', root, '--listen', `127.0.0.1:${port}`, ...flags],
    address: port,
    ...{ log, env, sandbox },
  });
  const printed = () => /http:\S+(?=\s)/.exec(daemon.log())?.[0] ?? '';
  await waitFor('the address of the console', () => printed() !== '');
  const address = printed();
  return { daemon, address, view: (fragment) => `http://127.0.0.1:${port}/console/${fragment}` };
}
