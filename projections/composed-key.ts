/** containerd's keys: `namespace/sequence/the client's own key`. */
const composed = /^([^/]+)\/\d+\/(.+)$/s;

/** The namespace that containerd made a key or name in; empty where the key has not the form of its keys. */
export const namespaceOf = (key: string): string => composed.exec(key)?.[1] ?? '';

/** The client's part of a key or name; empty where the key has not the form of containerd's. */
export const ownKeyOf = (key: string): string => composed.exec(key)?.[2] ?? '';
