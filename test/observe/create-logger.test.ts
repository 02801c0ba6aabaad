import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createLogger } from '../../src/observe/create-logger.ts';
import { Fault } from '../../src/ports/fault.ts';

const test = suite('createLogger');

function linesOf(level: string, speak: (logger: ReturnType<typeof createLogger>) => void) {
  const lines: Record<string, unknown>[] = [];
  speak(createLogger(level, { write: (line) => void lines.push(JSON.parse(line)) }));
  return lines;
}

test('writes one JSON object per line, with time, level and process, and no host name', () => {
  const [line = {}] = linesOf('info', (logger) => logger.info({ id: 7 }, 'reconciled'));
  assert.equal(Object.keys(line).sort(), ['id', 'level', 'msg', 'pid', 'time']);
  assert.equal([line.level, line.id, line.msg], ['info', 7, 'reconciled']);
});

test('writes nothing below its level', () => {
  assert.is(linesOf('warn', (logger) => logger.info({}, 'x')).length, 0);
});

test('writes code, hint and causes of a fault', () => {
  const err = new Fault('io', 'read of x', { hint: 'look', cause: new Error('EIO') });
  const [line = {}] = linesOf('info', (logger) => logger.error({ err }, 'failed'));
  const { cause, ...rest } = line.err as { cause: { message: string } };
  assert.equal(rest, { type: 'Fault', message: 'read of x', code: 'io', hint: 'look' });
  assert.is(cause.message, 'EIO');
});

test.run();
