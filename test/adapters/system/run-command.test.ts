import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { runCommand } from '../../../src/adapters/system/run-command.ts';
import { Fault } from '../../../src/ports/fault.ts';

const test = suite('commands');

test('timeout: ends a command that hangs, and rejects with a fault that names it', async () => {
  const error = await runCommand('sleep', ['600'], { timeout: 50 }).catch((error: unknown) => error);
  assert.instance(error, Fault);
  assert.equal([(error as Fault).code, (error as Fault).message], ['io', 'sleep: did not end in time']);
});

test.run();
