import * as assert from 'uvu/assert';
import { createCertificate } from '../../../support/kurrent/certificate.ts';
import { requireCommand, suiteNeeding } from '../../../support/requirements.ts';
import { createSandbox } from '../../../support/sandbox.ts';
import { now, readAll, rejection, startCluster } from './cluster.ts';

const sandbox = createSandbox('tls');
const test = suiteNeeding('a cluster with TLS', requireCommand('openssl'));
test.after(() => sandbox.close());

const start = async () => {
  const { file, certificate, key } = createCertificate(sandbox.path);
  const cluster = await startCluster({ tls: { certificate, key, credentials: 'admin:changeit' } });
  sandbox.atEnd(cluster.sandbox.close);
  return { ...cluster, host: `localhost:${cluster.standIn.port}`, authority: `tls=true&tlsCAFile=${file}` };
};

test('accepts clients that trust the authority and have the password', async () => {
  const { open, events, host, authority } = await start();
  const log = await open({ url: `kurrentdb://admin:changeit@${host}?${authority}` });
  await log.append(events(3), now);
  assert.equal(await readAll(log), events(3));
});

test('reports wrong credentials, and shows neither', async () => {
  const { open, host, authority } = await start();
  const { code, message, hint } = await rejection(open({ url: `kurrentdb://admin:secret@${host}?${authority}` }));
  assert.is(code, 'unsupported');
  assert.match(message, 'refuses the user name or the password');
  assert.not.match(`${message} ${hint}`, /secret|admin/);
});

test('reports that the certificate is not trusted', async () => {
  const { open, host } = await start();
  const { code, message, hint } = await rejection(open({ url: `kurrentdb://admin:changeit@${host}?tls=true` }));
  assert.is(code, 'unsupported');
  assert.match(message, 'TLS settings do not match');
  assert.match(hint, 'tlsCAFile=');
});

for (const [what, urlFor, expected, todo] of [
  [
    'a list of nodes is not trusted',
    (host) => `kurrentdb://admin:changeit@${host},${host}`,
    'certificate',
    'tlsCAFile=',
  ],
  [
    'a node speaks TLS and tls=false is set',
    (host) => `kurrentdb://${host}?tls=false`,
    'speaks TLS',
    'remove tls=false',
  ],
] as const satisfies readonly (readonly [string, (host: string) => string, string, string])[])
  test(`does not wait if ${what}`, async () => {
    const { open, host } = await start();
    const retry = { notice: 100, answer: 30_000, outcome: 600_000 };
    const { code, message, hint } = await rejection(open({ url: urlFor(host), retry }));
    assert.is(code, 'unsupported');
    assert.match(message, expected);
    assert.not.match(message, 'Resolution note');
    assert.match(hint, todo);
  });

test('reports a node without TLS', async () => {
  const cluster = await startCluster();
  sandbox.atEnd(cluster.sandbox.close);
  const { port } = cluster.standIn;
  for (const url of [`kurrentdb://127.0.0.1:${port}`, `kurrentdb://127.0.0.1:${port},127.0.0.1:${port}`]) {
    const { code, hint } = await rejection(cluster.open({ url, retry: { notice: 100 } }));
    assert.is(code, 'unsupported');
    assert.match(hint, 'tls=false if the cluster runs insecure');
  }
});

test.run();
