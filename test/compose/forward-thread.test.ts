import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startForwarding } from '../../src/compose/threads/forward-thread.ts';
import type { Logger } from '../../src/ports/logger.ts';
import { closeMemoryStores, openMemoryStore } from '../support/memory-store.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

const test = suite<{ sandbox: Sandbox }>('forward-thread');

test.before.each((context) => {
  context.sandbox = createSandbox('forward-thread');
});
test.after.each(({ sandbox }) => sandbox.close());
test.after(closeMemoryStores);

const program = new URL('../forward-thread.fixture.js', import.meta.url);
const actor = { actor: 'containerd' };

/** A store whose events a thread forwards that dies in its first life. */
async function forwarding({ sandbox }: { sandbox: Sandbox }, pause: number) {
  const { journal, snapshots } = await openMemoryStore();
  const said: string[] = [];
  const say = (_fields: object, message: string) => void said.push(message);
  const logger: Logger = { info: say, warn: say, error: say };
  const job = { root: sandbox.path, store: 'store', url: 'kurrentdb://nowhere', omitLabels: [] };
  const started = startForwarding(job, journal, logger, { program, pause });
  sandbox.atEnd(started.close);
  const prepare = (key: string) =>
    snapshots.prepare({ type: 'Prepare', key, parent: '', kind: 'active', labels: {} }, actor);
  return { journal, started, said, prepare };
}

test('restarts a dead thread, which continues from the newest position', async (context) => {
  const { journal, started, said, prepare } = await forwarding(context, 300);
  await waitFor('the death to be reported', () => started.status.state === 'retrying');
  assert.is(started.status.error, 'the thread ended: the first life is over');
  assert.equal([started.status.failures, started.status.hint], [1, 'it is started again']);
  // The new thread gets no notification of events that came while there was none.
  await prepare('meanwhile');
  const { position } = journal.logPosition;
  await waitFor(
    'the second process',
    () => started.status.state === 'forwarding' && started.status.position === position,
  );
  await prepare('later');
  await waitFor('later events', () => started.status.position === journal.logPosition.position);
  assert.equal(said, ['forwarding failed, it is tried again', 'events are forwarded']);
});

test('restarts none after its close', async (context) => {
  const { started } = await forwarding(context, 50);
  await waitFor('the death to be reported', () => started.status.state === 'retrying');
  await started.close();
  const { failures } = started.status;
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal([started.status.state, started.status.failures], ['retrying', failures]);
});

test.run();
