import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import * as assert from 'uvu/assert';
import { ask } from '../../http/ask.ts';
import type { Sandbox } from '../../support/sandbox.ts';
import { daemonFile } from '../../support/server.ts';

/** Runs `snapledger console`, and exchanges the token of the address that it prints. */
export async function openConsole(sandbox: Sandbox, root: string, ...flags: readonly string[]) {
  const child = spawn(process.execPath, [daemonFile, 'console', '--root', root, ...flags], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR: sandbox.folder('tmp') },
  });
  const ended = once(child, 'exit');
  sandbox.atEnd(async () => {
    child.kill('SIGTERM');
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextAddress = async () => {
    for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
      const [found] = /http:\S+/.exec(line.value) ?? [];
      if (found !== undefined) return new URL(found);
    }
    throw new Error('the console printed no address');
  };
  const { host, port, pathname, search } = await nextAddress();
  const send = (method: string, path: string, headers: Readonly<Record<string, string>> = {}) =>
    ask({ host: '127.0.0.1', port, method, path, headers: { host, ...headers } });
  const login = await send('GET', `${pathname}${search}`);
  assert.is(login.status, 303);
  const cookie = String(login.headers['set-cookie']?.[0]).split(';')[0] ?? '';
  const json = async (path: string) => JSON.parse((await send('GET', `/console/api/${path}`, { cookie })).body);
  return {
    ...{ child, ended, port, host, cookie, nextAddress, json },
    listen: () => listen({ port, host, cookie }, sandbox),
    send: (method: string, path: string, headers = {}) => send(method, `/console/api/${path}`, { cookie, ...headers }),
  };
}

/** All messages of the live stream, as they come. */
function listen({ port, host, cookie }: Readonly<Record<'port' | 'host' | 'cookie', string>>, sandbox: Sandbox) {
  const messages: Record<string, unknown>[] = [];
  const headers = { host, cookie };
  const asked = request({ host: '127.0.0.1', port, path: '/console/api/live', headers }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (part: string) => {
      text += part;
      const complete = text.split('\n\n');
      text = complete.pop() ?? '';
      for (const one of complete) messages.push(JSON.parse(one.slice(one.indexOf('data: ') + 6)));
    });
    response.on('error', () => {});
  });
  asked.on('error', () => {});
  asked.end();
  sandbox.atEnd(() => void asked.destroy());
  return messages;
}
