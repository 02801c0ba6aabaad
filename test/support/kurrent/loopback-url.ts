/**
 * A connection string for nodes on loopback, without TLS. The client waits its discovery interval before the first call on a
 * connection, and its default is 500 ms.
 */
export const loopbackUrl = (...ports: readonly number[]): string =>
  `kurrentdb://${ports.map((port) => `127.0.0.1:${port}`).join(',')}?tls=false&${shortDiscovery}`;

export const shortDiscovery = 'discoveryInterval=20';
