import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { readConnectionString, type Target } from '../../../../src/adapters/event-log/kurrentdb/connection-string.ts';
import { Fault } from '../../../../src/ports/fault.ts';

const test = suite('connection string');
const shownOf = ({ url, shown }: Target) => ({ url, shown });

test('yields addresses and connection options', () => {
  const { hosts, tls, verified, authority } = readConnectionString(
    'kdb://u:p@a:1,b?tlsCAFile=/etc/hosts&tlsVerifyCert=false',
  );
  assert.equal(
    { hosts, tls, verified, authority },
    {
      hosts: [
        { host: 'a', port: 1 },
        { host: 'b', port: 2113 },
      ],
      tls: true,
      verified: false,
      authority: '/etc/hosts',
    },
  );
  assert.not(readConnectionString('kdb://a?tls=false').tls);
});

test('accepts what the client accepts, and is shown without its password', () => {
  for (const [url, shown] of [
    ['kurrentdb://a:2113?tls=false', 'kurrentdb://a:2113'],
    [' esdb://a ', 'esdb://a'],
    [
      'kurrentdb+discover://u:p%40ss@cluster.example:2113/?tls=true&nodePreference=leader',
      'kurrentdb+discover://cluster.example:2113',
    ],
    ['kdb://u:p@a:1,b:2,c:3?keepAliveInterval=10000&tls_verify_cert=false', 'kdb://a:1,b:2,c:3'],
  ] as const)
    assert.equal(shownOf(readConnectionString(url)), { url: url.trim(), shown });
});

for (const [url, expected] of [
  ['', 'does not begin with kurrentdb://'],
  ['http://a:2113', 'does not begin with kurrentdb://'],
  ['unix:/run/db.sock', 'does not support unix sockets'],
  ['kurrentdb://unix:/run/db.sock', 'does not support unix sockets'],
  ['kurrentdb://', 'a host is missing'],
  ['kurrentdb://a,,b', 'a host is missing'],
  ['kurrentdb://a:x', 'a:x is not a host'],
  ['kurrentdb://a:0', 'a:0: there is no such port'],
  ['kurrentdb://a:70000', 'a:70000: there is no such port'],
  ['kurrentdb://a/$all', 'names with a $ are'],
  ['kurrentdb://a/snapledger-x', 'it names a path, /snapledger-x'],
  ['kurrentdb://name:password@a?tls=false', 'without TLS the client sends no credentials at all'],
  ['kurrentdb://name@a', 'must have the form name:password@'],
  ['kurrentdb://a?tlsx=true', 'tlsx: there is no such option'],
  [
    'kurrentdb://a?throwOnAppendFailure=false',
    'throwOnAppendFailure: there is no such option, or it would let mistakes pass',
  ],
  ['kurrentdb://a?nodePreference=follower', 'nodePreference: follower is not a value for it'],
  ['kurrentdb://a?tls=yes', 'tls: yes is not a value for it'],
  ['kurrentdb://a?tls', 'tls: a value is missing'],
  ['kurrentdb://a?tlsCAFile=/nowhere/ca.crt', '/nowhere/ca.crt: there is no such file'],
  ['kurrentdb://a?userCertFile=/etc/passwd', 'userCertFile and userKeyFile go together'],
] as const)
  test(`refuses ${url === '' ? 'nothing' : url}`, () => {
    try {
      readConnectionString(url);
    } catch (error) {
      assert.instance(error, Fault);
      const { code, message, hint } = error as Fault;
      assert.is(code, 'misuse');
      assert.ok(`${message} ${hint}`.includes(expected), `${message} ${hint}`);
      assert.ok(hint.length > 0);
      assert.not.match(`${message} ${hint}`, /:password@a/);
      return;
    }
    assert.unreachable('took it');
  });

test('a password with characters of a URL: is refused without a part of it', () => {
  for (const url of [
    ...['kurrentdb://name:sec@ret@host:2113', 'kurrentdb://name:sec/ret@host:2113', 'kurrentdb://name:sec?ret@host'],
    ...['kurrentdb://name:sec?ret=1@host:2113?tls=true', 'kurrentdb://name:ok@host?tls=true&sec@ret'],
  ])
    try {
      readConnectionString(url);
      assert.unreachable(url);
    } catch (error) {
      const { message, hint } = error as Fault;
      assert.match(`${message} ${hint}`, '%40');
      assert.not.match(`${message} ${hint}`, /sec|ret/);
    }
  assert.ok(readConnectionString('kurrentdb://a?connectionName=me@here'));
});

test.run();
