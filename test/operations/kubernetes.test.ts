import { readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAllDocuments } from 'yaml';
import { run } from '../support/run.ts';
import { createSandbox } from '../support/sandbox.ts';

const folder = 'src/operations/kubernetes';
const manifest = parseAllDocuments(readFileSync(`${folder}/snapledger.yaml`, 'utf8')).map((document) => {
  assert.equal(document.errors, []);
  return document.toJS();
});
const modules: Readonly<Record<string, string>> = {
  Namespace: 'core/v1',
  ServiceAccount: 'core/v1',
  ConfigMap: 'core/v1',
  DaemonSet: 'apps/v1',
};

const test = suite('manifest for Kubernetes');
const sandbox = createSandbox('manifest');
test.after(() => sandbox.close());

/** What the compiler says about objects as literals of the types made from Kubernetes' API: it refuses unknown fields too. */
async function typeErrors(objects: readonly { kind: string }[]): Promise<string> {
  const file = join(sandbox.path, `manifest-${Date.now()}.ts`);
  const lines = objects.map(
    (object, n) =>
      `export const object${n}: import('kubernetes-types/${modules[object.kind]}').${object.kind} = ${JSON.stringify(object)};`,
  );
  writeFileSync(file, lines.join('\n'));
  const options = [
    '--ignoreConfig',
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    '',
  ];
  return (await run(resolve('node_modules/.bin/tsc'), [...options, file], { anyStatus: true })).stdout;
}

test.before(() => symlinkSync(resolve('node_modules'), join(sandbox.path, 'node_modules')));

test('objects: are what the types of their API versions demand', async () => {
  assert.equal(
    manifest.map(({ kind }) => kind),
    Object.keys(modules),
  );
  for (const { kind, apiVersion } of manifest) assert.is(apiVersion, modules[kind]?.replace('core/', ''));
  assert.is(await typeErrors(manifest), '');
});

test('objects: a field that does not exist or has another type is found', async () => {
  const changed = async (change: (pod: { hostPid?: boolean; hostPID: unknown }) => void) => {
    const [daemonSet] = structuredClone(manifest.filter(({ kind }) => kind === 'DaemonSet'));
    change(daemonSet.spec.template.spec);
    return typeErrors([daemonSet]);
  };
  const unknown = await changed((pod) => {
    pod.hostPid = true;
  });
  assert.match(unknown, `'"hostPid"' does not exist in type 'PodSpec'`);
  const mistyped = await changed((pod) => {
    pod.hostPID = 'yes';
  });
  assert.match(mistyped, "Type 'string' is not assignable to type 'boolean | undefined'");
});

test('rights: nothing is asked of the API, and only the installer is privileged', () => {
  assert.not.ok(manifest.some(({ kind }) => /Role/.test(kind)));
  const [, account, , daemonSet] = manifest;
  const { spec } = daemonSet.spec.template;
  assert.is(account.automountServiceAccountToken, false);
  assert.is(spec.automountServiceAccountToken, false);
  assert.is(spec.serviceAccountName, account.metadata.name);
  assert.equal(daemonSet.spec.selector.matchLabels, daemonSet.spec.template.metadata.labels);
  assert.is(spec.containers[0].securityContext.privileged, undefined);
  assert.is(spec.containers[0].securityContext.runAsNonRoot, true);
});

test('image: version and files are those of the package', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { initContainers, containers } = manifest[3].spec.template.spec;
  for (const { image } of [...initContainers, ...containers]) assert.is(image, `snapledger-installer:${version}`);
  const [{ volumeMounts, name }] = initContainers;
  assert.is(name, 'install');
  assert.is(volumeMounts[0].mountPath, '/snapledger/config');
  assert.match(
    readFileSync(`${folder}/Dockerfile`, 'utf8'),
    `COPY ${folder}/install-node packages/snapledger-*-linux-*.tar.gz /snapledger/`,
  );
});

test.run();
