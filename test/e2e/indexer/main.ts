import { daemonSource, subscribe } from '../../../src/index.ts';
import { evolveHoldings, holdingsCheckpoint, readHoldings, relevant } from './holdings.ts';

/**
 * An example of an indexer: it keeps a table of who holds how many bytes in a file, up to date with a daemon. Either of
 * them may be killed at any time.
 */
const [socketPath = '', file = ''] = process.argv.slice(2);
let holdings = readHoldings(file);
subscribe({
  source: daemonSource({ socketPath }),
  types: relevant,
  checkpoint: holdingsCheckpoint(file, () => holdings),
  pauses: { first: 20, max: 200 },
  handle: (envelope) => {
    holdings = evolveHoldings(holdings, envelope);
  },
}).subscribe({
  error: (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
});
