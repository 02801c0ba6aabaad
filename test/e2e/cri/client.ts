import { resolve } from 'node:path';
import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { loadSync, type ServiceDefinition } from '@grpc/proto-loader';

export interface FilesystemUsage {
  readonly fsId: { readonly mountpoint: string };
  readonly usedBytes: { readonly value: number } | null;
  readonly inodesUsed: { readonly value: number } | null;
}

export interface CriImage {
  readonly id: string;
  readonly repoTags: readonly string[];
  readonly size: number;
  readonly pinned: boolean;
}

type Nothing = Readonly<Record<string, never>>;

/** What each call answers. */
interface Answers {
  Status: { readonly status: { readonly conditions: readonly { readonly type: string; readonly status: boolean }[] } };
  RunPodSandbox: { readonly podSandboxId: string };
  StopPodSandbox: Nothing;
  RemovePodSandbox: Nothing;
  CreateContainer: { readonly containerId: string };
  StartContainer: Nothing;
  StopContainer: Nothing;
  RemoveContainer: Nothing;
  ContainerStatus: { readonly status: { readonly state: string; readonly exitCode: number } };
  ContainerStats: { readonly stats: { readonly writableLayer: FilesystemUsage | null } };
  ExecSync: { readonly stdout: Buffer; readonly stderr: Buffer; readonly exitCode: number };
  ListImages: { readonly images: readonly CriImage[] };
  PullImage: { readonly imageRef: string };
  RemoveImage: Nothing;
  ImageFsInfo: { readonly imageFilesystems: readonly FilesystemUsage[] };
}

/** The calls of kubelet to a container runtime. */
export interface Cri {
  /** Rejects with the runtime's error. */
  call<Name extends keyof Answers>(name: Name, request?: Readonly<Record<string, unknown>>): Promise<Answers[Name]>;
  close(): void;
}

const definition = loadSync(resolve('test/e2e/cri/cri.proto'), { longs: Number, enums: String, defaults: true });
const methods = ['RuntimeService', 'ImageService'].flatMap((name) =>
  Object.entries(definition[`runtime.v1.${name}`] as ServiceDefinition),
);

/** Connects to the CRI of a containerd on its unix socket. */
export function connectCri(address: string): Cri {
  const client = new Client(`unix:${address}`, credentials.createInsecure());
  return {
    call: (name, request = {}) => {
      const method = methods.find(([found]) => found === name)?.[1];
      if (method === undefined) throw new Error(`cri.proto has no ${name}`);
      const { path, requestSerialize, responseDeserialize } = method;
      return new Promise((resolve, reject) => {
        const options = { deadline: Date.now() + 60_000 };
        client.makeUnaryRequest(
          path,
          requestSerialize,
          responseDeserialize,
          request,
          new Metadata(),
          options,
          (error, answer) => (error === null ? resolve(answer as never) : reject(error)),
        );
      });
    },
    close: () => client.close(),
  };
}
