import type { Health } from '../../api/rows.ts';
import { useNewestPosition, usePage } from '../../context.ts';
import { hashOf } from '../../model/address.ts';
import { bytesText, counted, countText, millisecondsOf, spanText } from '../../model/units.ts';
import { Scroll } from '../../parts/scroll.tsx';
import { Foreign, Time } from '../../parts/text.tsx';

export function LogFacts({ log }: Pick<Health, 'log'>) {
  const { session } = usePage();
  const newest = useNewestPosition();
  if (log === null) return <p class="summary">A cluster keeps the log.</p>;
  return (
    <dl class="facts">
      <dt>Positions</dt>
      <dd>
        {countText(Number(session.first))} to {countText(newest)}
      </dd>
      <dt>Segments</dt>
      <dd>
        {counted(Number(log.segments), 'segment')}, {bytesText(Number(log.bytes))}
      </dd>
      <dt>Archived</dt>
      <dd>
        {counted(Number(log.archived), 'segment')}, {bytesText(Number(log.archivedBytes))}
      </dd>
    </dl>
  );
}

export function Checkpoints({ checkpoints }: Pick<Health, 'checkpoints'>) {
  if (checkpoints.length === 0) return <p class="summary">No checkpoint yet: a start replays the whole log.</p>;
  return (
    <Scroll of="checkpoints">
      <table>
        <thead>
          <tr>
            <th class="number">Checkpoint at</th>
            <th>Written</th>
            <th class="number">Size</th>
          </tr>
        </thead>
        <tbody>
          {checkpoints.map(({ position, time, bytes }) => (
            <tr key={position}>
              <td class="number">
                <a href={hashOf('store', { at: position })}>{countText(Number(position))}</a>
              </td>
              <td>
                <Time at={millisecondsOf(time)} />
              </td>
              <td class="number">{bytesText(Number(bytes))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function Pipelines({ pipelines }: Pick<Health, 'pipelines'>) {
  if (pipelines.length === 0) return <p class="summary">Nothing runs: no daemon serves this store.</p>;
  return (
    <Scroll of="pipelines">
      <table>
        <thead>
          <tr>
            <th>Pipeline</th>
            <th class="number">Position</th>
            <th class="number">Events behind</th>
            <th class="number">Failures</th>
          </tr>
        </thead>
        <tbody>
          {pipelines.map(({ name, position, behind, failures }) => (
            <tr key={name}>
              <td>{name}</td>
              <td class="number">{countText(Number(position))}</td>
              <td class="number">{countText(Number(behind))}</td>
              <td class="number">{failures === 0 ? '0' : <strong class="bad">{countText(failures)}</strong>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

/** The forwarder's own report, one line a field. */
export function Forwarder({ forward }: Pick<Health, 'forward'>) {
  const report = Object.entries(
    (forward ?? { state: 'not known without a running daemon' }) as Record<string, unknown>,
  );
  return (
    <>
      {report.map(([name, value]) => (
        <>
          <dt>{name}</dt>
          <dd>
            <Foreign text={typeof value === 'string' ? value : JSON.stringify(value)} whole />
          </dd>
        </>
      ))}
    </>
  );
}

export function DiskFacts({ disk, retention }: Pick<Health, 'disk' | 'retention'>) {
  return (
    <>
      {disk !== null && (
        <>
          <dt>File system</dt>
          <dd>
            {bytesText(Number(disk.free))} of {bytesText(Number(disk.bytes))} free
          </dd>
        </>
      )}
      <dt>Retention</dt>
      <dd>{retention === null ? 'off' : retentionText(retention)}</dd>
    </>
  );
}

const retentionText = ({ keep, maxSnapshots, maxBytes }: NonNullable<Health['retention']>): string =>
  `${spanText(keep)}, at most ${counted(maxSnapshots, 'layer')} and ${bytesText(maxBytes)}`;
