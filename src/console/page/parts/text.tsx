import { plain } from '../../../cli/output/text.ts';
import { usePage } from '../context.ts';
import { hashOf } from '../model/address.ts';
import { bytesText, shortKey, spanText, timeText } from '../model/units.ts';

/** A moment in the zone that the reader chose; the other one is its title. */
export function Time({ at }: { readonly at: number }) {
  const { utc } = usePage();
  const valid = Math.abs(at) <= 8.64e15;
  return (
    <time dateTime={valid ? new Date(at).toISOString() : ''} title={`${timeText(at, !utc)} ${utc ? 'local' : 'UTC'}`}>
      {timeText(at, utc)}
    </time>
  );
}

/** How long ago, with the time as title. */
export function Age({ at, now }: { readonly at: number; readonly now: number }) {
  return <time title={`${timeText(at, true)} UTC`}>{spanText(now - at)}</time>;
}

/** Text of others, in its own direction; what could change the order of other text is spelt out. */
export function Foreign({ text, whole = false }: { readonly text: string; readonly whole?: boolean }) {
  return (
    <bdi class="foreign" title={whole ? undefined : plain(text)}>
      {whole ? plain(text) : shortKey(plain(text))}
    </bdi>
  );
}

/** A key that leads to its snapshot. */
export function Key({ name, text = name }: { readonly name: string; readonly text?: string }) {
  return (
    <a href={hashOf('snapshot', { key: name })}>
      <Foreign text={text === '' ? `snapshot ${name}` : text} />
    </a>
  );
}

export function Bytes({ of }: { readonly of: number | null }) {
  return <span class="number">{bytesText(of)}</span>;
}
