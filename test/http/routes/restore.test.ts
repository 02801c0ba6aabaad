import { either } from 'fp-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { refuse } from '../../../src/domain/commands.ts';
import { answerTo } from '../../../src/http/routes.ts';
import { httpSources } from '../../support/http-sources.ts';

const test = suite('POST /restore');

/** Has one retained layer, `ns/1/a b`, which can be restored once. */
function createSource() {
  const asked: string[] = [];
  const layer = { kind: 'committed', parent: '', parentId: null, labels: {}, created: 1n, updated: 1n } as const;
  return {
    asked,
    restore: async (name: string) => {
      asked.push(name);
      if (name !== 'ns/1/a b') return refuse('not-found', `snapshot ${name}: no such layer`);
      if (asked.length > 1) return refuse('already-exists', `snapshot ${name}: it exists`);
      return either.right([{ ...layer, id: 1, key: name }]);
    },
  };
}

const ask = (source: ReturnType<typeof createSource>, query: string) =>
  answerTo({ method: 'POST', url: `/restore?${query}`, headers: {} }, httpSources(source));

test('restores a layer, or says why it cannot', async () => {
  const source = createSource();
  const { status, body } = await ask(source, 'name=ns/1/a%20b');
  assert.equal([status, body], [200, '[{"id":1,"key":"ns/1/a b"}]\n']);
  assert.is((await ask(source, 'name=ns/1/a%20b')).status, 409);
  const unknown = await ask(source, 'name=x');
  assert.equal([unknown.status, unknown.body], [404, 'snapshot x: no such layer\n']);
  assert.is((await answerTo({ method: 'GET', url: '/restore?name=x', headers: {} }, httpSources(source))).status, 405);
});

test('restores nothing if the parameters are invalid', async () => {
  const source = createSource();
  for (const query of ['', 'name=', 'name=a&name=b', 'nmae=a', 'name=a&x=1'])
    assert.is((await ask(source, query)).status, 400, query);
  assert.equal(source.asked, []);
});

test.run();
