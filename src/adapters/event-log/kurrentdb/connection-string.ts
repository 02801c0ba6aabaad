import { existsSync } from 'node:fs';
import { Fault } from '../../../ports/fault.ts';

/** A validated connection string, and its form without password for messages. */
export interface Target {
  readonly url: string;
  readonly shown: string;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly tls: boolean;
  /** whether certificates are verified */
  readonly verified: boolean;
  /** file of the authority that signs the cluster's certificates; the system's authorities if undefined */
  readonly authority?: string;
}

const form = /^([a-z]+)(\+discover)?:\/\/(?:([^@/?]*)@)?([^/?]*)(\/[^?]*)?(?:\?(.*))?$/i;
const protocols = new Set(['kurrentdb', 'kurrent', 'kdb', 'esdb']);
const example = 'kurrentdb://node1:2113,node2:2113,node3:2113?tls=true&tlsCAFile=/etc/snapledger/ca.crt';

const flag = /^(true|false)$/;
const whole = /^-?\d+$/;
const file = /./;
/** The options of the client, in the case that it compares, and the patterns of their values. */
const options: Readonly<Record<string, RegExp>> = {
  tls: flag,
  tlsverifycert: flag,
  tlscafile: file,
  usercertfile: file,
  userkeyfile: file,
  connectionname: file,
  defaultdeadline: whole,
  discoveryinterval: whole,
  gossiptimeout: whole,
  maxdiscoverattempts: whole,
  keepaliveinterval: whole,
  keepalivetimeout: whole,
  nodepreference: /^leader$/i,
};

/**
 * Validates a connection string: the client would silently ignore half of these mistakes.
 * Throws a Fault (`misuse`) that never shows the password.
 */
export function readConnectionString(text: string): Target {
  const url = text.trim();
  if (/^unix:|\/\/unix:/i.test(url)) throw wrong('the client does not support unix sockets', 'name a host and a port');
  const [, protocol = '', discover = '', credentials, hosts = '', path = '', query = ''] = form.exec(url) ?? [];
  if (!protocols.has(protocol.toLowerCase()))
    throw wrong('it does not begin with kurrentdb:// or kurrentdb+discover://');
  if (hidesCredentials(`${hosts}${path}`, query))
    throw wrong(
      'there is an @ behind the name and the password',
      'write @, : / and ? in a password as %40, %3A, %2F and %3F',
    );
  if (path.replaceAll('/', '') !== '')
    throw wrong(
      `it names a path, ${path}`,
      "leave it out: the stream is snapledger-<store id>, and names with a $ are the server's own",
    );
  const dialled = readHosts(hosts);
  const given = readOptions(query);
  if (credentials !== undefined) checkCredentials(credentials, given);
  checkFiles(given);
  const authority = given.get('tlscafile');
  return {
    url,
    shown: `${protocol}${discover}://${hosts}`,
    hosts: dialled,
    tls: given.get('tls') !== 'false',
    verified: given.get('tlsverifycert') !== 'false',
    ...(authority !== undefined && { authority }),
  };
}

/** Whether parts of a password may be taken for something else, which messages would show. */
const hidesCredentials = (address: string, query: string) =>
  address.includes('@') ||
  query.split('&').some((pair) => pair.includes('@') && !Object.hasOwn(options, keyOf(pair.replace(/=.*$/s, ''))));

const keyOf = (name: string) => name.toLowerCase().replace(/[_-]/g, '');

function readHosts(hosts: string): Target['hosts'] {
  return hosts.split(',').map((host) => {
    const [, name = '', port = '2113'] = /^([^:\s$]+)(?::(\d+))?$/.exec(host) ?? [];
    if (name === '')
      throw wrong(
        `${host === '' ? 'a host is missing' : `${host} is not a host`}`,
        `write host:port, as in ${example}`,
      );
    if (Number(port) < 1 || Number(port) > 65535) throw wrong(`${host}: there is no such port`);
    return { host: name, port: Number(port) };
  });
}

function readOptions(query: string): ReadonlyMap<string, string> {
  const given = new Map<string, string>();
  for (const pair of query.split('&').filter((each) => each !== '')) {
    const [, name = pair, value = ''] = /^([^=]*)=(.*)$/.exec(pair) ?? [];
    const key = keyOf(name);
    const expected = Object.hasOwn(options, key) ? options[key] : undefined;
    if (expected === undefined)
      throw wrong(`${name}: there is no such option, or it would let mistakes pass unnoticed`);
    if (!expected.test(value))
      throw wrong(`${name}: ${value === '' ? 'a value is missing' : `${value} is not a value for it`}`);
    given.set(key, decodeURIComponent(value));
  }
  return given;
}

function checkCredentials(credentials: string, given: ReadonlyMap<string, string>): void {
  if (!/^[^:]+:.+$/.test(credentials)) throw wrong('user name and password must have the form name:password@');
  if (given.get('tls') === 'false')
    throw wrong(
      'it has a user name, and tls=false: without TLS the client sends no credentials at all',
      'switch TLS on, or leave name and password out if the server runs insecure',
    );
}

function checkFiles(given: ReadonlyMap<string, string>): void {
  for (const key of ['tlscafile', 'usercertfile', 'userkeyfile']) {
    const path = given.get(key);
    if (path !== undefined && !existsSync(path)) throw wrong(`${path}: there is no such file`);
  }
  if (given.has('usercertfile') !== given.has('userkeyfile')) throw wrong('userCertFile and userKeyFile go together');
}

const wrong = (what: string, hint = `example: ${example}`) =>
  new Fault('misuse', `connection string of the cluster: ${what}`, { hint });
