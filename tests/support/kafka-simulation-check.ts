/** What stands on the simulated brokers at the end of a run: against an undisturbed worker, and against what was sent. */
import type { EventLog, LogRecord } from '../../src/core/ports.ts'
import type { Archive } from './archive.ts'
import type { Cluster } from './brokers/cluster.ts'
import { committedOf, stableOf } from './brokers/partition.ts'
import type { Run } from './kafka-process.ts'
import { type Checked, checkOutcome } from './simulation-check.ts'
import { recordText } from './undisturbed-worker.ts'
import type { World } from './world.ts'

export type KafkaFindings = Checked

/** @param log of a process that is still there: what it reads must be what the brokers hold */
export async function checkKafkaOutcome(run: Run, log: EventLog): Promise<KafkaFindings> {
  const { world, trouble, figures } = run
  const archive = archiveOf(world, trouble.cluster)
  const checked = await checkOutcome(world, archive, figures)
  return {
    ...checked,
    findings: [
      ...checked.findings,
      ...sentFindings(run, archive),
      ...openFindings(trouble.cluster),
      ...(await readFindings(world, trouble.cluster, archive, log)),
    ],
  }
}

/** All that was ever committed, whatever retention and compaction have removed. */
function archiveOf({ topics, partitions }: World, cluster: Cluster): Archive {
  const of = (topic: string) =>
    Array.from({ length: partitions }, (_, partition) => committedOf(cluster.partition(topic, partition)))
  return {
    readings: of(topics.readings),
    scores: of(topics.scores),
    alerts: of(topics.alerts),
    'dead-letters': of(topics['dead-letters']),
    'alert-states': of(topics['alert-states']).map((records) => [
      ...new Map(records.map((record) => [record.key, record])).values(),
    ]),
  }
}

/** Every record that was told to be durable stands where it was said, and nothing else does. */
function sentFindings({ sent }: Run, { readings }: Archive): string[] {
  const count = readings.flat().length
  const missing = sent.filter(({ record, position: { partition, offset } }) => {
    const found = readings[partition]?.find((one) => one.offset === offset)
    return found === undefined || recordText(found) !== recordText(record)
  })
  return [
    ...(count === sent.length ? [] : [`readings: ${sent.length} were appended, ${count} stand there`]),
    ...missing.slice(0, 1).map(({ position }) => `readings: not as appended at ${JSON.stringify(position)}`),
  ]
}

/** A transaction that stays open would hide all that follows. */
function openFindings(cluster: Cluster): string[] {
  return cluster
    .all()
    .filter((at) => stableOf(at) < at.end)
    .map(({ topic, partition }) => `${topic}/${partition}: a transaction is still open`)
}

/** A reader sees what is committed and kept, no more and no less. */
async function readFindings(
  { topics }: World,
  cluster: Cluster,
  archive: Archive,
  log: EventLog,
): Promise<string[]> {
  const findings: string[] = []
  for (const name of ['readings', 'scores', 'alerts'] as const) {
    for (const { topic, partition, start } of cluster.partitionsOf(topics[name])) {
      const wanted = archive[name][partition]!.filter(({ offset }) => offset >= start)
      const seen: LogRecord[] = []
      for await (const chunk of log.read(topic, partition, start)) seen.push(...chunk)
      if (seen.map(recordText).join('\n') === wanted.map(recordText).join('\n')) continue
      findings.push(`${topic}/${partition}: a reader sees ${seen.length} records, ${wanted.length} are there`)
    }
  }
  return findings
}
