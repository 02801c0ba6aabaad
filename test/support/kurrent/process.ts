import { startStandIn } from './stand-in.ts';

/** The stand-in as a program of its own, to be killed: `node process.js PORT FILE`. What it has answered is in the file. */
const [port, file] = process.argv.slice(2);
if (file === undefined) throw new TypeError('usage: process.js PORT FILE');
await startStandIn({ port: Number(port), file });
