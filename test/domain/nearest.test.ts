import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { nearest } from '../../src/domain/nearest.ts';

const test = suite('nearest');
const known = ['address', 'http_address', 'root', 'removal'];

test('finds the word with the fewest edits', () => {
  assert.is(nearest('adress', known), 'address');
  assert.is(nearest('http-address', known), 'http_address');
  assert.is(nearest('ROOT', known), 'root');
});

test('finds nothing if no word is near', () => {
  assert.is(nearest('zzz', known), undefined);
  assert.is(nearest('root', []), undefined);
});

test.run();
