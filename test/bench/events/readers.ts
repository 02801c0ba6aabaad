import { connect } from 'node:net';

/** A process of so many live readers of a daemon from a position on, the last of which take nothing. Says what they got when it is ended. */
const [http = '', from = '1', readers = '100', stalled = '0'] = process.argv.slice(2);
let bytes = 0;
let open = 0;
/** One for all: what readers make of the events is not measured, so nothing is kept. */
const room = Buffer.alloc(256 * 1024);
const count = (length: number) => {
  bytes += length;
  return true;
};
for (let index = 0; index < Number(readers); index++) {
  const socket = connect({ path: http, onread: { buffer: room, callback: count } }, () =>
    socket.write(`GET /events?from=${from}&follow=1 HTTP/1.1\r\nhost: x\r\n\r\n`),
  );
  open += 1;
  socket.on('error', () => {});
  socket.on('close', () => {
    open -= 1;
  });
  if (index >= Number(readers) - Number(stalled)) socket.pause();
}
process.on('SIGTERM', () => {
  console.log(JSON.stringify({ bytes, open }));
  process.exit(0);
});
