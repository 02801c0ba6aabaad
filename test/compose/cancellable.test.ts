import * as assert from 'uvu/assert';
import { verify } from '../../src/cli/commands/verify.ts';
import { cancellable } from '../../src/compose/console/cancellable.ts';
import { cliSuite, createPrinter } from '../cli/memory-deps.ts';

const test = cliSuite('cancellable readers of a store');

test('verify: ends with the reason of its signal while it reads the log, and prints nothing', async ({ deps }) => {
  const end = new AbortController();
  let batches = 0;
  const endless: typeof deps = {
    ...deps,
    storeFiles: (root) => {
      const files = deps.storeFiles(root);
      const openLog = async () => ({
        ...(await files.openLog()),
        read: async function* () {
          for (; batches < 100; batches++) {
            if (batches === 3) end.abort(new Error('all have gone'));
            yield [];
          }
        },
      });
      return { ...files, openLog };
    },
  };
  const { lines, print } = createPrinter();
  await verify({ root: deps.root }, cancellable(endless, end.signal), print).then(
    () => assert.unreachable(),
    (error: Error) => assert.is(error.message, 'all have gone'),
  );
  assert.equal([batches, lines], [3, []]);
});

test('verify: is the same with a signal that is not aborted', async ({ deps }) => {
  const [given, without] = [createPrinter(), createPrinter()];
  const { signal } = new AbortController();
  const options = { root: deps.root, json: true };
  assert.is(await verify(options, cancellable(deps, signal), given.print), await verify(options, deps, without.print));
  assert.equal(given.lines, without.lines);
});

test.run();
