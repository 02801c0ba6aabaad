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

interface KeyProps {
  readonly name: string;
  readonly text?: string;
  /** false: the Tab key passes it over */
  readonly tab?: boolean;
}

/** A key that leads to its snapshot. */
export function Key({ name, text = name, tab = true }: KeyProps) {
  return (
    <a href={hashOf('snapshot', { key: name })} tabIndex={tab ? 0 : -1}>
      <Foreign text={text === '' ? `snapshot ${name}` : text} />
    </a>
  );
}

export const Bytes = ({ of }: { readonly of: number | null }) => <span class="number">{bytesText(of)}</span>;
