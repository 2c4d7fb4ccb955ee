/**
 * What the engine's workers report → the figures that metrics, readiness and people ask for. Counts come from
 * committed partitions only, so they survive a crash and never show work that was undone.
 */

import type { Settings } from '../config/settings.ts'
import { unbalanced } from '../core/balance.ts'
import { openWindows, type Partition } from '../core/partition.ts'
import { CLOSED_BY, type ClosedBy, SEVERITIES, type Severity, TRANSITIONS } from '../core/records.ts'
import { DEAD_LETTER_REASONS, type DeadLetterReason } from '../core/topics.ts'
import type { Appender } from '../eventlog/appender.ts'
import type { Gate } from '../ingest/gate.ts'
import type { Intake } from '../ingest/intake.ts'
import type { AlertCount, MetricSource, ReadingCount, Received } from '../observe/sources.ts'

const OUTCOMES = ['windowed', 'late', 'duplicate', 'future'] as const

/** Partitions by number, as their owners last committed them. */
export type OwnedPartitions = ReadonlyMap<number, Partition>

/** @param now epoch ms, asked at each scrape */
export function engineSource(partitions: OwnedPartitions, now: () => number): MetricSource {
  const all = () => [...partitions.values()]
  return {
    readings: () => all().flatMap(readingCounts),
    logReadings: () =>
      sum<Received>(['decoded', 'rejected', 'unassigned'], (result) =>
        all().reduce((total, { received }) => total + received[result], 0),
      ),
    unbalanced: () => all().reduce((total, partition) => total + unbalanced(partition), 0),
    leftOver: () => all().reduce((total, partition) => total + leftOver(partition), 0),
    badValues: () => tallied(all(), 'value/bad-quality'),
    windowsDiscarded: () => tallied(all(), 'window/discarded'),
    deadLetters: () =>
      sum<DeadLetterReason>(DEAD_LETTER_REASONS, (reason) => tallied(all(), `dead-letter/${reason}`)),
    replayed: () => tallied(all(), 'replayed'),
    windowsOpen: () => all().reduce((open, partition) => open + openWindows(partition), 0),
    windowsClosed: () => sum<ClosedBy>(CLOSED_BY, (reason) => closedBy(all(), reason)),
    watermarkLagSeconds: () => watermarkLags(all(), now()),
    alerts: () => alertCounts(all()),
    alertsActive: () => activeAlerts(all()),
  }
}

/** What ingest holds and has counted. */
export function queueSource(
  { intake, gate }: { readonly intake: Intake; readonly gate: Gate },
  appender: Pick<Appender, 'pending'>,
  { limits }: Settings,
): MetricSource {
  return {
    received: intake.received,
    deadLetters: intake.deadLetters,
    queues: () => [
      ...gate.queues(),
      { queue: 'append', depth: appender.pending().records, limit: limits.inFlightReadings },
    ],
  }
}

function readingCounts({ pipelines, readings }: Partition): ReadingCount[] {
  return pipelines.flatMap(({ name }, i) =>
    OUTCOMES.map((result) => ({ pipeline: name, result, count: readings[i]![result] })),
  )
}

/** Readings of counted windows that are in no score: of assets that are known, and of those that were forgotten. */
function leftOver({ assets, tallies }: Partition): number {
  const known = [...assets.values()].flat().reduce((total, { run }) => total + run.leftOver, 0)
  return known + (tallies.get('left-over') ?? 0)
}

function tallied(partitions: readonly Partition[], what: string): number {
  return partitions.reduce((total, { tallies }) => total + (tallies.get(what) ?? 0), 0)
}

function closedBy(partitions: readonly Partition[], reason: ClosedBy): number {
  return partitions.flatMap(({ closed }) => closed).reduce((total, counts) => total + counts[reason], 0)
}

function alertCounts(partitions: readonly Partition[]): AlertCount[] {
  return SEVERITIES.flatMap((severity) =>
    TRANSITIONS.map((transition) => ({
      severity,
      transition,
      count: tallied(partitions, `alert/${severity}/${transition}`),
    })),
  )
}

function* watermarkLags(partitions: readonly Partition[], now: number): Generator<number> {
  for (const { assets } of partitions) {
    for (const states of assets.values()) {
      for (const { watermark } of states) yield (now - watermark) / 1000
    }
  }
}

function activeAlerts(partitions: readonly Partition[]): Partial<Record<Severity, number>> {
  const active: Partial<Record<Severity, number>> = Object.fromEntries(
    SEVERITIES.map((severity) => [severity, 0]),
  )
  for (const { assets } of partitions) {
    for (const { alerts } of [...assets.values()].flat()) {
      for (const { open } of alerts) {
        if (open) active[open.severity] = (active[open.severity] ?? 0) + 1
      }
    }
  }
  return active
}

function sum<Key extends string>(
  keys: readonly Key[],
  count: (key: Key) => number,
): Partial<Record<Key, number>> {
  return Object.fromEntries(keys.map((key) => [key, count(key)])) as Partial<Record<Key, number>>
}
