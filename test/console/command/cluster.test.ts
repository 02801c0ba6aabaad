import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createServing } from '../../fault/serving.ts';
import { startStandIn } from '../../support/kurrent/stand-in.ts';
import { createSandbox } from '../../support/sandbox.ts';
import { waitFor } from '../../support/wait-for.ts';
import { openConsole } from './open-console.ts';

const test = suite('console of a log in a cluster');

test('cluster: its views are those of a log in files, new events arrive, and a cluster that is away is reported with a hint', async () => {
  const sandbox = createSandbox('console-cluster');
  try {
    const standIn = await startStandIn();
    sandbox.atEnd(standIn.close);
    const root = `${sandbox.path}/root`;
    const serving = createServing(sandbox, { driver: 'memory', root, settings: `log = { url = "${standIn.url}" }` });
    const daemon = await serving.start();
    const client = serving.connect();
    await client.prepare('default/1/extract');
    await client.commit('default/2/sha256:aaa', 'default/1/extract');
    const console = await openConsole(sandbox, root);
    const session = await console.json('session');
    assert.equal([session.live, session.error, session.driver], [true, null, 'memory']);
    const messages = console.listen();
    await waitFor('a state', () => messages.some(({ kind }) => kind === 'state'));
    await client.prepare('default/3/web', { parent: 'default/2/sha256:aaa' });
    const arrived = () => messages.some((message) => JSON.stringify(message).includes('default/3/web'));
    await waitFor('the event', arrived);
    const { position } = (await console.json('history?key=default/3/web'))[0].events[0];
    await waitFor('a density of all events', async () => {
      const { folded, total } = await console.json('density?buckets=5');
      return folded === total && Number(total) >= Number(position);
    });
    const forest = await console.json('forest');
    assert.equal(forest.rows.key, ['default/2/sha256:aaa', 'default/3/web']);
    const difference = await console.json(`forest?at=${position}&since=${position - 1}`);
    assert.equal([difference.rows.key, difference.gone], [['default/3/web'], []]);
    assert.is((await console.json('page?lines=2')).events.length, 2);
    assert.is((await console.json('mounts?key=default/3/web')).mounts.length, 1);
    assert.is((await console.json('verify')).status, 0);
    client.close();
    await daemon.stop();
    assert.is((await console.json('session')).live, false);
    await standIn.close();
    const away = await console.json('session');
    assert.ok(typeof away.error === 'string' && away.hint !== '', JSON.stringify(away));
    const { status, body } = await console.send('GET', 'forest');
    assert.ok(status >= 500 && body.includes('hint: '), `${status} ${body}`);
  } finally {
    await sandbox.close();
  }
});

test.run();
