import { Counter, type Registry } from 'prom-client';
import type { Logger } from '../ports/logger.ts';

/**
 * A logger that counts what it passes on: every warning and error by its message, which is a constant text, and failed
 * undos on their own, since an alert belongs on them.
 */
export function countFailures(logger: Logger, registry: Registry): Logger {
  const registers = [registry];
  const messages = new Counter({
    name: 'snapledger_log_messages_total',
    help: 'Warnings and errors told to the operator, by level and message',
    labelNames: ['level', 'message'],
    registers,
  });
  const undos = new Counter({
    name: 'snapledger_undo_failures_total',
    help: 'Undos that failed and are tried again',
    registers,
  });
  return {
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => {
      messages.inc({ level: 'warn', message });
      logger.warn(fields, message);
    },
    error: (fields, message) => {
      messages.inc({ level: 'error', message });
      if (message === 'undo failed') undos.inc();
      logger.error(fields, message);
    },
  };
}
