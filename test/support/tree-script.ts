import * as fc from 'fast-check';

/** Text with a byte in each character, as a word of bash. */
export const word = (bytes: string): string =>
  `$'${Array.from(bytes, (byte) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`).join('')}'`;

const hex = (bytes: string) => `0x${Buffer.from(bytes, 'latin1').toString('hex')}`;
const words = (...ids: readonly (readonly [tag: number, rights: number, id: number])[]): string => {
  const list = Buffer.alloc(4 + ids.length * 8);
  list.writeUInt32LE(2);
  for (const [index, [tag, rights, id]] of ids.entries()) {
    list.writeUInt16LE(tag, 4 + index * 8);
    list.writeUInt16LE(rights, 6 + index * 8);
    list.writeUInt32LE(id, 8 + index * 8);
  }
  return list.toString('latin1');
};
const unnamed = 0xffffffff;

/** A POSIX access control list that names one user, as the kernel keeps it. Source: linux/posix_acl_xattr.h. */
export const accessList = (user: number): string =>
  words([1, 7, unnamed], [2, 5, user], [4, 5, unnamed], [16, 7, unnamed], [32, 1, unnamed]);

const oddNames = [
  ...['-n', '--checkpoint', ' leading', 'trailing ', 'with\nline', 'with\ttab', 'back\\slash', '\\012', '"quoted"'],
  ...['.wh.file', '.wh..wh..opq', '@LongLink', 'PaxHeaders.0', 'GNUSparseFile.0', '*', '[a-z]', '$HOME', '@list'],
  ...['caf\xe9', '\xff\xfe', '\x01\x7f', 'a=b', '%00', ':', '~', '#', 'x'.repeat(255), '\xc3'.repeat(255), '...'],
];
const anyName = fc
  .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength: 20 })
  .map((bytes) => String.fromCharCode(...bytes).replaceAll('/', '_'))
  .filter((name) => name !== '.' && name !== '..');
const name = fc.oneof(fc.constantFrom(...oddNames), anyName);
const owner = fc.constantFrom(0, 1, 1000, 65_534, 2 ** 21, 2 ** 31, 2 ** 32 - 2);
const time = fc
  .tuple(fc.constantFrom(-86_400, -1, 0, 1, 1e9, 2 ** 31, 2 ** 32, 15e9), fc.integer({ min: 0, max: 999_999_999 }))
  .map(([seconds, rest]) => `${seconds}.${String(rest).padStart(9, '0')}`);
const value = fc
  .array(fc.integer({ min: 0, max: 255 }), { maxLength: 40 })
  .map((bytes) => String.fromCharCode(...bytes));

/** A line of bash that changes something of `"$it"`, in the directory of the tree. */
const change = fc.oneof(
  fc.integer({ min: 0, max: 0o7777 }).map((mode) => `chmod ${mode.toString(8)} "$it"`),
  fc.tuple(owner, owner).map(([user, group]) => `chown -h ${user}:${group} "$it"`),
  time.map((at) => `touch -h -d @${at} "$it"`),
  fc
    .tuple(fc.constantFrom('user.', 'trusted.'), fc.constantFrom('a', 'a=b', 'ü', 'x y', 'overlaid', '%3D'), value)
    .map(
      ([space, key, bytes]) =>
        `setfattr -h -n ${word(Buffer.from(space + key).toString('latin1'))} -v ${hex(bytes)} "$it"`,
    ),
  owner.map((user) => `setfattr -n system.posix_acl_access -v ${hex(accessList(user))} "$it"`),
  owner.map((user) => `setfattr -n system.posix_acl_default -v ${hex(accessList(user))} "$it"`),
  fc.constant('setfattr -n security.capability -v 0x0100000200200000000000000000000000000000 "$it"'),
);

const contents = fc.oneof(
  value.map((bytes) => `printf %s ${word(bytes.replaceAll('\0', '0'))} > "$it"`),
  fc.constant(': > "$it"'),
  fc.integer({ min: 1, max: 40 }).map((blocks) => `head -c ${blocks * 1000} /dev/urandom > "$it"`),
  fc.integer({ min: 1, max: 2 ** 26 }).map((size) => `echo head > "$it"; truncate -s ${size} "$it"`),
  fc.integer({ min: 1, max: 2 ** 26 }).map((size) => `truncate -s ${size} "$it"; echo tail >> "$it"`),
);

/** What makes `"$it"`, which is not there; `"$old"` is something that is or was. */
const making = fc.oneof(
  { weight: 3, arbitrary: contents },
  { weight: 3, arbitrary: fc.constant('mkdir "$it"') },
  fc
    .oneof(anyName, fc.constantFrom('/nowhere/at/all', 'x'.repeat(2000)))
    .map((target) => `ln -s -- ${word(target)} "$it"`),
  { weight: 2, arbitrary: fc.constant('ln -- "$old" "$it"') },
  fc.constant('mkfifo "$it"'),
  fc
    .tuple(fc.constantFrom('c', 'b'), fc.constantFrom('1 3', '7 250', '4095 1048575', '0 5'))
    .map(([type, number]) => `mknod "$it" ${type} ${number}`),
);

/** Steps refer to earlier ones by a number that is taken modulo their count. */
const step = fc.record({
  within: fc.nat(1000),
  name,
  old: fc.nat(1000),
  does: fc.oneof(
    { weight: 6, arbitrary: making.map((line) => ({ line, makes: true, replaces: false })) },
    { weight: 2, arbitrary: making.map((line) => ({ line, makes: true, replaces: true })) },
    { weight: 1, arbitrary: fc.constant({ line: 'rm -rf "$it"', makes: false, replaces: false }) },
    { weight: 1, arbitrary: fc.constant({ line: 'mv -T "$old" "$it"', makes: true, replaces: false }) },
  ),
  changes: fc.array(change, { maxLength: 3 }),
});

const stepLine = ({
  within,
  name,
  old,
  does: { line, makes, replaces },
  changes,
}: typeof step extends fc.Arbitrary<infer S> ? S : never) =>
  [
    `old="\${all[${old} % \${#all[@]}]}"`,
    // A directory may be a symbolic link by now: nothing is followed.
    ...(makes && !replaces ? [`it="\${all[${within} % \${#all[@]}]}/"${word(name)}`] : ['it="$old"']),
    ...(replaces ? ['[ "$it" = . ] && it=./replacing; rm -rf "$it"', `old="\${all[-1]}"`] : []),
    // Writing into a fifo that is there already would wait for a reader.
    makes ? `if [ ! -e "$it" ] && [ ! -L "$it" ]; then ${line}; fi` : line,
    ...changes,
    ...(makes ? ['[ -L "$it" ] || [ -e "$it" ] && all+=("$it")'] : []),
  ].join('; ');

/** Scripts for bash that make a tree in their directory, and then change it, each in an order of its own; what can't be done is left out. */
export const treeScripts = (layers: number, steps: number): fc.Arbitrary<readonly string[]> =>
  fc
    .array(fc.array(step, { minLength: steps >> 1, maxLength: steps }), { minLength: layers, maxLength: layers })
    .map((all) =>
      all.map((part) =>
        ['all=(.); while IFS= read -r -d "" it; do all+=("$it"); done < <(find . -mindepth 1 -print0 | sort -z)']
          .concat(part.map(stepLine))
          .join('\n'),
      ),
    );

/** Everything about the tree in a directory that must stay the same, as lines; a byte in each character. Knows nothing of the code under test. */
export const listing = `
  find . ! -type s -printf '%p\\0%y %m %U:%G %T@\\0%l\\0' | tr '\\n\\0' '\\001\\n' | paste - - - | LC_ALL=C sort
  find . -type f -printf '%p\\0%s\\n\\0' | tr '\\n\\0' '\\001\\n' | paste - - | LC_ALL=C sort
  find . -type f -size -1G -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
  find . \\( -type c -o -type b \\) -print0 | LC_ALL=C sort -z | xargs -0 -r stat -c '%t:%T %N'
  find . -type f -links +1 -printf '%i\\t%p\\0' -o ! -type d -links +1 -printf '%i\\t%p\\0' | LC_ALL=C sort -z -t '\t' -k 2 | tr '\\n\\0' '\\001\\n' |
    awk -F '\\t' '{ inode = $1; sub(/^[^\\t]*\\t/, ""); all[inode] = all[inode] "|" $0; names[inode]++ } END { for (i in all) if (names[i] > 1) print all[i] }' | LC_ALL=C sort
  find . ! -type s -print0 | LC_ALL=C sort -z | xargs -0 getfattr -P -h -m - -d -e hex
`;
