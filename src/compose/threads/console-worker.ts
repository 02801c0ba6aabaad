import { readlinkSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { basename } from 'node:path';
import { parentPort, workerData } from 'node:worker_threads';
import { createConsole } from '../../console/server/console.ts';
import { isSame } from '../../console/server/sessions.ts';
import { serveTcp } from '../../http/serve-http.ts';
import { createLogger } from '../../observe/create-logger.ts';
import { cliDeps } from '../cli-deps.ts';
import { consoleActions } from '../console/actions.ts';
import { fleetOf } from '../console/open-fleet.ts';
import { pageDirectory } from '../console/page-directory.ts';
import { consoleSource } from '../console/start-console.ts';
import type { ConsoleJob } from './console-thread.ts';

/** The thread's program: serves the console of a daemon in what time the daemon leaves. The daemon passes its requests on. */
const { root, config, token, host, readOnly } = workerData as ConsoleJob;
setPriority(Number(basename(readlinkSync('/proc/thread-self'))), constants.priority.PRIORITY_BELOW_NORMAL);
const logger = createLogger('warn');
const source = await consoleSource({ root, config }, cliDeps);
const { loopback } = await serveTcp({
  answer: createConsole({
    ...{
      source,
      fleet: fleetOf().fleet,
      readOnly,
      logger,
      host,
      page: pageDirectory(),
      accept: (given) => isSame(given, token),
      once: false,
    },
    actions: consoleActions({ root, config }, cliDeps, source),
  }),
  loopback: { host: '127.0.0.1', port: 0 },
  logger,
});
parentPort?.postMessage(loopback.port);
source.warm();
