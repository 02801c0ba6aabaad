import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate of `localhost`, and in `file` the authority that signed it. */
export function createCertificate(folder: string): { file: string; certificate: Buffer; key: Buffer } {
  const path = (name: string) => join(folder, name);
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const fresh = ['-newkey', 'rsa:2048', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...fresh,
    '-days',
    '2',
    '-subj',
    '/CN=authority',
    '-keyout',
    path('ca.key'),
    '-out',
    path('ca.crt'),
  );
  openssl('req', ...fresh, '-subj', '/CN=localhost', '-keyout', path('node.key'), '-out', path('node.csr'));
  writeFileSync(path('names'), 'subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE\n');
  const signing = ['-CA', path('ca.crt'), '-CAkey', path('ca.key'), '-CAcreateserial', '-extfile', path('names')];
  openssl('x509', '-req', '-in', path('node.csr'), ...signing, '-days', '2', '-out', path('node.crt'));
  return { file: path('ca.crt'), certificate: readFileSync(path('node.crt')), key: readFileSync(path('node.key')) };
}
