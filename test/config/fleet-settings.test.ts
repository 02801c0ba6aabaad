import { chmodSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadFleetSettings, required } from '../../src/config/fleet-settings.ts';
import { caughtFault } from '../support/caught-fault.ts';
import { createSandbox, type Sandbox } from '../support/sandbox.ts';

const test = suite<{ sandbox: Sandbox }>('fleet settings');
test.before.each((context) => {
  context.sandbox = createSandbox('fleet-settings');
});
test.after.each(({ sandbox }) => sandbox.close());

const faultOf = (load: () => unknown) => caughtFault((async () => load())());

const text = `
cluster = "kurrentdb://reader:kdb-secret@k:2113"
database = "postgres://db/fleet"
[index]
keep_removed = "180d"
listen = "127.0.0.1:7476"
`;

function written({ path }: Sandbox, content: string, mode: number): string {
  const file = `${path}/fleet.toml`;
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

test('order: a flag wins over the environment, and that over the file', ({ sandbox }) => {
  const file = written(sandbox, text, 0o600);
  const environment = {
    SNAPLEDGER_FLEET_DATABASE: 'postgres://other/fleet',
    SNAPLEDGER_FLEET_CLUSTER: 'kurrentdb://e',
  };
  const flags = { cluster: 'kurrentdb://f', index: { keep_removed: '1d' } };
  assert.equal(loadFleetSettings({ file, environment: {} }), {
    cluster: 'kurrentdb://reader:kdb-secret@k:2113',
    database: 'postgres://db/fleet',
    index: { keepRemoved: 180 * 86_400_000, listen: { host: '127.0.0.1', port: 7476 } },
    http: { listen: null, tokenFile: null },
    logLevel: 'info',
  });
  const settings = loadFleetSettings({ file, environment, flags });
  assert.equal([settings.cluster, settings.database], ['kurrentdb://f', 'postgres://other/fleet']);
  assert.equal(settings.index, { keepRemoved: 86_400_000, listen: { host: '127.0.0.1', port: 7476 } });
});

test('password: a file that has one must have mode 0600, any other file need not', async ({ sandbox }) => {
  const file = written(sandbox, text, 0o640);
  const fault = await faultOf(() => loadFleetSettings({ file, environment: {} }));
  assert.is(fault.code, 'misuse');
  assert.match(fault.message, `${file}: it has a password`);
  assert.is(fault.hint, `chmod 600 ${file}`);
  loadFleetSettings({ file: written(sandbox, text.replace('reader:kdb-secret@', 'reader@'), 0o644), environment: {} });
});

test('password: an argument that has one is refused, and never shown', async () => {
  for (const [key, option] of [
    ['database', '--into'],
    ['cluster', '--from'],
  ] as const) {
    const flags = { [key]: 'postgres://writer:pg-secret@db/fleet' };
    const fault = await faultOf(() => loadFleetSettings({ flags, names: { [key]: option }, environment: {} }));
    assert.is(fault.code, 'misuse');
    assert.match(fault.message, `${option}: it has a password`);
    assert.not.match(`${fault.message} ${fault.hint}`, 'pg-secret');
  }
});

test('misuse: an unknown key, an invalid value and a missing address say what to do', async ({ sandbox }) => {
  const file = written(sandbox, 'databse = "x"', 0o644);
  const unknown = await faultOf(() => loadFleetSettings({ file, environment: {} }));
  assert.match(unknown.message, `${file}: databse: unknown key, did you mean database?`);
  const invalid = await faultOf(() =>
    loadFleetSettings({
      flags: { index: { listen: '0.0.0.0:1' } },
      names: { 'index.listen': '--listen' },
      environment: {},
    }),
  );
  assert.match(invalid.message, /^--listen: expected a loopback address/);
  const missing = await faultOf(() => required(loadFleetSettings({ environment: {} }), 'database', '--into'));
  assert.match(missing.hint, /set --into, SNAPLEDGER_FLEET_DATABASE, or database in/);
});

test.run();
