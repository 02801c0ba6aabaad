import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { snapshotsService } from '../../src/grpc/protocol.ts';
import { startDaemon } from '../support/daemon.ts';
import type { Sandbox } from '../support/sandbox.ts';
import { serverUnderTest } from '../support/server.ts';
import { heading, say, showSnapledger } from './say.ts';

/** The life cycle of an image and a container in containerd's own calls, on a driver that keeps no files. */
export async function demoInMemory(sandbox: Sandbox): Promise<void> {
  const root = sandbox.folder('store');
  const socket = join(sandbox.path, 'snapledger.sock');
  const command = serverUnderTest('memory').command(root, socket);
  const at = ['--root', root];

  heading('Starting snapledger with its memory driver');
  const daemon = await startDaemon({ command, address: socket, log: join(sandbox.path, 'snapledger.log'), sandbox });
  const client = new Client(`unix:${socket}`, credentials.createInsecure());
  sandbox.atEnd(() => client.close());
  const ask = (method: string, request: object) => call(client, method, request);
  say(`snapledger (process ${daemon.pid}) serves ${root}`);

  heading('Unpacking two layers, starting a container on them');
  await ask('Prepare', { key: 'extract-1' });
  await ask('Commit', { key: 'extract-1', name: 'layer-1' });
  await ask('Prepare', { key: 'extract-2', parent: 'layer-1' });
  await ask('Commit', { key: 'extract-2', name: 'layer-2' });
  await ask('Prepare', { key: 'container', parent: 'layer-2' });
  await showSnapledger(['tree', ...at]);

  heading('Removing a layer that has children is refused');
  await ask('Remove', { key: 'layer-1' }).catch((error: ServiceError) => say(`refused: ${error.details}`));
  heading('Removing the container');
  await ask('Remove', { key: 'container' });
  await showSnapledger(['tree', ...at]);

  heading('kill -9: the log has every answered call, and can be read without the daemon');
  await daemon.kill();
  await showSnapledger(['log', ...at]);
}

function call(client: Client, method: string, request: object): Promise<unknown> {
  const definition = snapshotsService[method];
  if (definition === undefined) throw new TypeError(`no method ${method}`);
  const { path, requestSerialize, responseDeserialize } = definition;
  return new Promise((resolve, reject) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, (error, answer) =>
      error === null ? resolve(answer) : reject(error),
    );
  });
}
