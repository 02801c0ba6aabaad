#!/usr/bin/env node
// The thread pool takes its size at its first use, and an ES module's imports would be first: hence this CommonJS start.
process.env.UV_THREADPOOL_SIZE ??= '32';

import('./cli.ts').then(
  ({ main }) => main(process.argv),
  (error: unknown) => {
    process.stderr.write(`snapledger: ${String(error)}\nhint: install it again: a file of the package is missing\n`);
    process.exitCode = 1;
  },
);
