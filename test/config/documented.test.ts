import { readFileSync } from 'node:fs';
import * as t from 'io-ts';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Settings } from '../../src/config/settings.ts';

const test = suite('OPERATIONS.md');

const keysOf = (props: t.Props, path = ''): readonly string[] =>
  Object.entries(props).flatMap(([key, codec]) =>
    codec instanceof t.PartialType ? keysOf(codec.props, `${key}.`) : [`${path}${key}`],
  );

test('settings: lists every key of the settings file, and no other', () => {
  const section = readFileSync('OPERATIONS.md', 'utf8').split('\n### Settings\n')[1]?.split('\n### ')[0] ?? '';
  const listed = [...section.matchAll(/^\| `([a-z_.]+)`/gm)].map(([, key]) => key);
  assert.equal(listed.sort(), [...keysOf(Settings.props)].sort());
});

test.run();
