import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createWalks, type Walk } from '../../../../../src/adapters/volume-driver/shared/trees/walks.ts';
import { waitFor } from '../../../../support/wait-for.ts';

const test = suite('walks');

function* endless(left: string[], name: string, begun: () => void = () => {}): Walk<string> {
  try {
    begun();
    for (;;) yield;
  } finally {
    left.push(name);
  }
}
function* short(name: string): Walk<string> {
  for (let n = 0; n < 1000; n++) yield;
  return name;
}

test('end independently of the duration of earlier ones', async () => {
  const ended: string[] = [];
  const left: string[] = [];
  const walks = createWalks<string>((some) => void ended.push(...some.map(({ id, result }) => `${id} ${result}`)));
  walks.start(1, endless(left, 'first'));
  walks.start(2, endless(left, 'second'));
  walks.start(3, short('a'));
  await waitFor('the short one', () => ended.length === 1);
  walks.start(4, short('b'));
  await waitFor('another one', () => ended.length === 2);
  assert.equal(ended, ['3 a', '4 b']);
  for (const id of [1, 2]) walks.cancel(id);
  assert.equal(left, ['first', 'second']);
});

test('release their resources when aborted, and report nothing more', async () => {
  const ended: string[] = [];
  const left: string[] = [];
  const walks = createWalks<string>((some) => void ended.push(...some.map(({ result }) => result)));
  let begun = false;
  const begin = () => {
    begun = true;
  };
  walks.start(1, endless(left, 'endless', begin));
  await waitFor('the first step', () => begun);
  walks.cancel(1);
  walks.cancel(1);
  assert.equal([left, ended], [['endless'], []]);
  walks.start(2, short('next'));
  await waitFor('the next', () => ended.length === 1);
});

test.run();
