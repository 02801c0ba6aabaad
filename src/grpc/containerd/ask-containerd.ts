import { type Client, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import type { ServiceDefinition } from '@grpc/proto-loader';
import type { AskContainerd, ContainerdImage, ContainerdImages } from '../../ports/containerd-images.ts';
import { Fault } from '../../ports/fault.ts';
import {
  connectTo,
  contentService,
  imagesService,
  methodOf,
  namespacesService,
  nanosecondsOf,
  type Timestamp,
} from './services.ts';

/** Asks the containerd that listens on a unix socket. `timeLimit`: milliseconds that a call may take. */
export const createAskContainerd =
  (address: string, timeLimit = 10_000): AskContainerd =>
  () =>
    imagesOf({ client: connectTo(address), timeLimit });

interface Connection {
  readonly client: Client;
  readonly timeLimit: number;
}

function imagesOf(connection: Connection): ContainerdImages {
  return {
    list: async () => {
      const { namespaces } = await call<{ namespaces: readonly { name: string }[] }>(
        connection,
        namespacesService,
        'List',
      );
      const found: ContainerdImage[] = [];
      for (const { name: namespace } of namespaces) {
        const answer = await call<{ images: readonly Image[] }>(connection, imagesService, 'List', { namespace });
        for (const image of answer.images) found.push(imageOf(namespace, image));
      }
      return found;
    },
    get: async (namespace, name) => {
      const get = call<{ image: Image | null }>(connection, imagesService, 'Get', { namespace, request: { name } });
      const { image } = await get.catch(missing(() => ({ image: null })));
      return image === null ? undefined : imageOf(namespace, image);
    },
    read: (namespace, digest, limit) =>
      read(connection, { namespace, digest, limit })
        .catch(missing(() => undefined))
        .catch(unreadable(digest)),
    close: () => connection.client.close(),
  };
}

interface Image {
  readonly name: string;
  readonly target: { readonly digest: string } | null;
  readonly created_at: Timestamp | null;
  readonly updated_at: Timestamp | null;
}

const imageOf = (namespace: string, { name, target, created_at, updated_at }: Image): ContainerdImage => ({
  ...{ namespace, name, target: target?.digest ?? '' },
  ...{ created: nanosecondsOf(created_at), updated: nanosecondsOf(updated_at) },
});

/** For a rejection because something does not exist, or has a name that containerd does not accept. */
const missing =
  <T>(otherwise: () => T) =>
  (error: ServiceError): T => {
    if (error.code === status.NOT_FOUND || error.code === status.INVALID_ARGUMENT) return otherwise();
    throw error;
  };

/** What containerd says itself concerns this content; without an answer it is unknown whether others can be read. */
const unreadable =
  (digest: string) =>
  (error: ServiceError): never => {
    if (error.code === status.UNAVAILABLE || error.code === status.CANCELLED) throw error;
    throw new Fault('corrupt', `content ${digest}: containerd can't read it: ${error.details || error.message}`, {
      hint: "pull its image again; check containerd's log and its disk",
      cause: error,
    });
  };

function metadataOf(namespace: string | undefined): Metadata {
  const metadata = new Metadata();
  if (namespace !== undefined) metadata.set('containerd-namespace', namespace);
  return metadata;
}

const deadline = ({ timeLimit }: Connection) => ({ deadline: Date.now() + timeLimit });

function call<T>(
  connection: Connection,
  service: ServiceDefinition,
  name: string,
  { namespace, request = {} }: { readonly namespace?: string; readonly request?: object } = {},
): Promise<T> {
  const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
  return new Promise((resolve, reject) => {
    connection.client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize as (bytes: Buffer) => T,
      request,
      metadataOf(namespace),
      deadline(connection),
      (error, answer) => (error === null && answer !== undefined ? resolve(answer) : reject(error)),
    );
  });
}

/** One byte more than the limit is requested, which shows that there is more. */
function read(
  connection: Connection,
  { namespace, digest, limit }: { readonly namespace: string; readonly digest: string; readonly limit: number },
): Promise<Buffer | undefined> {
  const { path, requestSerialize, responseDeserialize } = methodOf(contentService, 'Read');
  const stream = connection.client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize as (bytes: Buffer) => { readonly data: Buffer },
    { digest, size: String(limit + 1) },
    metadataOf(namespace),
    deadline(connection),
  );
  const parts: Buffer[] = [];
  let bytes = 0;
  return new Promise((resolve, reject) => {
    stream.on('data', ({ data }: { readonly data: Buffer }) => {
      bytes += data.length;
      if (bytes <= limit) parts.push(data);
      else {
        resolve(undefined);
        stream.cancel();
      }
    });
    stream.on('error', reject);
    stream.on('end', () => resolve(Buffer.concat(parts)));
  });
}
