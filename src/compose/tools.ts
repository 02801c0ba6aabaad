import { createFailpoints, failpointsVariable } from '../adapters/system/failpoints.ts';
import { createSystem } from '../adapters/system/system.ts';
import { version } from '../config/version.ts';
import { createMetrics, type Metrics } from '../observe/create-metrics.ts';
import { type Failpoint, noFailpoints } from '../ports/failpoints.ts';
import type { Logger } from '../ports/logger.ts';
import type { System } from '../ports/system.ts';

/** What a store is opened with. */
export interface Tools {
  readonly system: System;
  readonly metrics: Metrics;
  /** counts what it logs */
  readonly logger: Logger;
  readonly failpoint: Failpoint;
}

/** Tools of this process. In tests the environment can make any step fail. */
export function createTools(plain: Logger): Tools {
  const metrics = createMetrics(version());
  const logger = metrics.counting(plain);
  const { [failpointsVariable]: text } = process.env;
  const failpoint = createFailpoints(text);
  if (failpoint !== noFailpoints) logger.warn({ failpoints: text }, 'failpoints are on: steps will fail on purpose');
  return { system: createSystem(), metrics, logger, failpoint };
}
