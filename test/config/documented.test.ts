import { readFileSync } from 'node:fs';
import * as either from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { parse } from 'smol-toml';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { complete } from '../../src/config/config.ts';
import { FleetKeys } from '../../src/config/fleet-settings.ts';
import { decodeSettings, Settings } from '../../src/config/settings.ts';

const test = suite('documented settings');

const keysOf = (props: t.Props, path = ''): readonly string[] =>
  Object.entries(props).flatMap(([key, codec]) =>
    codec instanceof t.PartialType ? keysOf(codec.props, `${key}.`) : [`${path}${key}`],
  );

test('OPERATIONS.md: lists every key of the settings file, and no other', () => {
  const section = readFileSync('OPERATIONS.md', 'utf8').split('\n### Settings\n')[1]?.split('\n### ')[0] ?? '';
  const listed = [...section.matchAll(/^\| `([a-z_.]+)`/gm)].map(([, key]) => key);
  assert.equal(listed.sort(), [...keysOf(Settings.props)].sort());
});

test('OPERATIONS.md: lists every key of the settings file of the fleet, and no other', () => {
  const table = readFileSync('OPERATIONS.md', 'utf8').split('| key of `fleet.toml`')[1]?.split('\n\n')[0] ?? '';
  const listed = [...table.matchAll(/^\| ((?:`[a-z_.]+`(?:, )?)+)/gm)].flatMap(([, keys = '']) =>
    [...keys.matchAll(/`([a-z_.]+)`/g)].map(([, key]) => key),
  );
  assert.equal(listed.sort(), [...keysOf(FleetKeys.props)].sort());
});

test("packages' settings file: shows defaults", () => {
  const text = readFileSync('src/package/config.toml', 'utf8');
  assert.equal(Object.keys(parse(text)), [], 'nothing but comments');
  const shown = parse(text.replaceAll(/^# (?=\[|\w+ = )/gm, ''));
  assert.ok(Object.keys(shown).length > 3);
  const decoded = decodeSettings(shown);
  assert.ok(either.isRight(decoded));
  assert.equal(complete(decoded.right), complete());
});

test.run();
