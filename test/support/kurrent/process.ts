import { startStandIn } from './stand-in.ts';

/** The stand-in as a process that tests can kill: `node process.js PORT FILE`. Acknowledged appends are in the file. */
const [port, file] = process.argv.slice(2);
if (file === undefined) throw new TypeError('usage: process.js PORT FILE');
await startStandIn({ port: Number(port), file });
