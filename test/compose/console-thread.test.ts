import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createConsoleThread } from '../../src/compose/threads/console-thread.ts';
import { silent } from '../../src/ports/logger.ts';
import { ask } from '../http/ask.ts';
import { createSandbox } from '../support/sandbox.ts';

const test = suite('console thread');
const token = '0123456789abcdef0123456789abcdef';

test('memory: a thread that needs more than its share ends, is reported with 503 and starts again', async () => {
  const sandbox = createSandbox('console-thread');
  const failures: unknown[] = [];
  const logger = { ...silent, error: (fields: unknown) => void failures.push(fields) } as typeof silent;
  const job = { root: sandbox.folder('root'), config: undefined, token, host: '127.0.0.1', readOnly: true };
  const console = createConsoleThread(job, logger, 8);
  const server = createServer((asked, response) => console.pass(asked, response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const headers = { host: 'localhost', authorization: `Bearer ${token}` };
  try {
    for (const round of [1, 2]) {
      const { status, body } = await ask({ host: '127.0.0.1', port, method: 'POST', path: '/console/login', headers });
      assert.is(status, 503, body);
      assert.match(body, 'hint: ');
      assert.is(failures.length, round);
    }
    assert.match(String((failures[0] as { err: Error }).err), 'memory');
  } finally {
    await console.close();
    server.close();
    await sandbox.close();
  }
});

test.run();
